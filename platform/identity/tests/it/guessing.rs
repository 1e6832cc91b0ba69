//! What guessing costs, and whom it does not hurt.

use gantry_http::Quota;
use gantry_kernel::Period;
use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::{App, Ask, PASSWORD};

async fn fail(app: &App, email: &str) -> u16 {
    app.log_in(email, "not the password").await.status
}

both_engines! {
    /// Five failures lock, whatever the spelling; sessions stay open.
    async fn every_spelling_is_the_same_account(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        let (access, _) = app.tokens("owner@example.com").await;
        for spelling in
            ["owner@example.com", "OWNER@example.com", " owner@Example.COM", "owner@example.com ", "ｏwner@example.com"]
        {
            assert_eq!(fail(&app, spelling).await, 401, "as {spelling}");
        }
        let locked = app.log_in("owner@example.com", PASSWORD).await;
        assert_eq!(locked.status, 429, "even the right password");
        assert_eq!(locked.code(), "account_locked");
        assert_eq!(app.me(&access).await, 200, "an open session stays open");
        app.pass(59);
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 429);
        app.pass(1);
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 201);
        assert_eq!(app.audited("identity.log_in.failed").await, 1, "one row for a series");
        assert_eq!(app.audited("identity.account.locked").await, 1);
        assert!(matches!(app.mails("owner@example.com", "identity.account_locked").await[..], [Some(_)]));
    }

    /// The whole ladder, with pauses long enough for the per-account limit.
    async fn the_ladder_is_1_5_15_60_minutes(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        for minutes in [1_u64, 5, 15, 60, 60] {
            for _ in 0..5 {
                assert_eq!(fail(&app, "owner@example.com").await, 401);
            }
            let locked = app.log_in("owner@example.com", PASSWORD).await;
            let after: u64 = locked.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert_eq!((locked.status, after), (429, minutes * 60));
            app.pass(minutes.max(15) * 60 + 1);
        }
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 201);
        for _ in 0..2 {
            app.pass(900);
            for _ in 0..4 {
                assert_eq!(fail(&app, "owner@example.com").await, 401);
            }
            assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 201, "a success forgets");
        }
    }

    /// A day after the last of them failures are forgotten, to the second.
    async fn failures_are_forgotten(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        for (passes, after_it) in [(86_399, 429), (86_400, 201)] {
            for _ in 0..4 {
                assert_eq!(fail(&app, "owner@example.com").await, 401);
            }
            app.pass(passes);
            assert_eq!(fail(&app, "owner@example.com").await, 401);
            assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, after_it, "after {passes} s");
            app.pass(86_400);
        }
    }

    /// A name that does not exist locks like one that does.
    async fn an_unknown_account_locks_alike(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("known@example.com", "North Hall").await;
        for email in ["known@example.com", "nobody@example.com"] {
            for _ in 0..5 {
                assert_eq!(fail(&app, email).await, 401);
            }
        }
        let known = app.log_in("known@example.com", "x").await.visible();
        let unknown = app.log_in("nobody@example.com", "x").await.visible();
        assert_eq!(known, unknown);
        assert_eq!(known.0, 429);
        assert_eq!(app.mails("nobody@example.com", "identity.account_locked").await, [None]);
    }

    /// Many guesses at once are not more guesses than one after the other: those that were being compared when the
    /// lock began hear of the lock, and the right one among them too.
    async fn parallel_guesses_do_not_escape_the_lock(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        let before = app.identity.hashes();
        let guesses = (0..30).map(|_| fail(&app, "owner@example.com"));
        let statuses = futures_util::future::join_all(guesses).await;
        let answered = statuses.iter().filter(|status| **status == 401).count();
        assert_eq!(answered, 5, "{statuses:?}");
        assert!(statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
        let compared = app.identity.hashes() - before;
        assert!(compared <= 10, "{compared} guesses were compared");
        assert_eq!(app.audited("identity.account.locked").await, 1, "one burst is one lock");
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 429);
        assert_eq!(app.identity.hashes() - before, compared, "who is locked is not hashed");
    }

    /// Right and wrong answer alike while the account is locked.
    async fn the_right_password_is_not_told_by_a_lock(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        for _ in 0..5 {
            fail(&app, "owner@example.com").await;
        }
        let before = app.identity.hashes();
        let right = app.log_in("owner@example.com", PASSWORD).await.visible();
        let wrong = app.log_in("owner@example.com", "not the password").await.visible();
        let long = app.log_in("owner@example.com", &"x".repeat(129)).await.visible();
        assert_eq!((&right, &right), (&wrong, &long));
        assert_eq!(app.identity.hashes(), before);
    }

    /// The longest password there may be signs in; a longer one can be nobody's and is not hashed.
    async fn what_is_too_long_to_be_a_password_is_not_hashed(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        let (access, _) = app.tokens("owner@example.com").await;
        let longest = "nine brass lamps burn ".repeat(6)[..128].to_owned();
        let change = json!({ "current_password": PASSWORD, "new_password": longest });
        let changed = app.send(Ask::put("/api/v1/me/password").bearer(&access).json(change)).await;
        assert!(changed.status < 300, "{:?}", changed.json);
        assert_eq!(app.log_in("owner@example.com", &longest).await.status, 201);
        let before = app.identity.hashes();
        for length in [129, 300] {
            assert_eq!(app.log_in("owner@example.com", &"x".repeat(length)).await.status, 401);
        }
        assert_eq!(app.identity.hashes(), before);
    }

    /// Many names tried from one address slow that address down, by the ladder; nobody else, no known device there, and
    /// nobody who is signed in there.
    async fn an_address_that_guesses_waits(engine: Engine) {
        let app = App::with(engine, |config| {
            config.failed_log_in_per_address = Quota::new(4, Period::minutes(15));
        })
        .await;
        app.owner("owner@example.com", "North Hall").await;
        let here = "2001:db8:1:2::7";
        let known = app.send(Ask::log_in("owner@example.com", PASSWORD).from(here)).await;
        let (device, access) = (known.text("device_token"), known.text("access_token"));
        for number in 0..4 {
            let guess = Ask::log_in(&format!("person-{number}@example.com"), "not the password").from(here);
            assert_eq!(app.send(guess).await.status, 401);
        }
        let before = app.identity.hashes();
        for neighbour in [here, "2001:db8:1:2:ffff::9"] {
            let refused = app.send(Ask::log_in("person-9@example.com", "x").from(neighbour)).await;
            assert_eq!((refused.status, refused.code().as_str(), refused.retry_after()), (429, "rate_limited", 60));
        }
        let refused = app.send(Ask::log_in("owner@example.com", PASSWORD).from(here)).await;
        assert_eq!(refused.status, 429, "a stranger there, whatever the password");
        // What a client says of its address is not believed.
        let spoofed = Ask::log_in("owner@example.com", PASSWORD).from(here).header("x-forwarded-for", "192.0.2.1");
        assert_eq!(app.send(spoofed).await.status, 429);
        assert_eq!(app.identity.hashes(), before, "who waits is not hashed");

        for elsewhere in ["2001:db8:1:3::7", "192.0.2.1"] {
            assert_eq!(app.send(Ask::log_in("owner@example.com", PASSWORD).from(elsewhere)).await.status, 201);
        }
        let mine = Ask::log_in("owner@example.com", PASSWORD).from(here).device(&device);
        assert_eq!(app.send(mine).await.status, 201);
        assert_eq!(app.send(Ask::get("/api/v1/me").bearer(&access).from(here)).await.status, 200);
        for _ in 0..4 {
            let typo = Ask::log_in("owner@example.com", "a typing mistake").from(here).device(&device);
            assert_eq!(app.send(typo).await.status, 401, "a known device is counted by itself");
        }
        app.pass(60);
        // The success in between and the typing mistakes changed nothing: one more failure, and a longer wait.
        assert_eq!(app.send(Ask::log_in("owner@example.com", PASSWORD).from(here)).await.status, 201);
        assert_eq!(app.send(Ask::log_in("person-8@example.com", "x").from(here)).await.status, 401);
        let refused = app.send(Ask::log_in("person-9@example.com", "x").from(here)).await;
        assert_eq!((refused.status, refused.retry_after()), (429, 300));
    }
}
