//! What guessing costs, and whom it does not hurt.

use gantry_testkit::both_engines;

use crate::app::{App, PASSWORD};

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
        for _ in 0..4 {
            assert_eq!(fail(&app, "owner@example.com").await, 401);
        }
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 201, "a success forgets");
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

    /// Many guesses at once are not more guesses than one after the other.
    async fn parallel_guesses_do_not_escape_the_lock(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        let guesses = (0..30).map(|_| fail(&app, "owner@example.com"));
        let statuses = futures_util::future::join_all(guesses).await;
        let compared = statuses.iter().filter(|status| **status == 401).count();
        assert!(compared <= 10, "{compared} guesses were compared");
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 429);
    }
}
