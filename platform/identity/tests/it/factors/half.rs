//! Half a log-in is nothing: what it takes to complete it, and that there is no way around.

use gantry_db::{args, sql};
use gantry_testkit::both_engines;
use serde_json::{Value, json};

use super::{HALF, WHO};
use crate::app::{App, Ask, PASSWORD};

both_engines! {
    /// Who does not know the password learns nothing about factors.
    async fn nothing_is_told_before_the_password(engine: Engine) {
        let app = App::new(engine).await;
        app.guarded_owner().await;
        app.owner("plain@example.com", "South Hall").await;
        let guarded = app.log_in(WHO, "not the password").await.visible();
        let plain = app.log_in("plain@example.com", "not the password").await.visible();
        let unknown = app.log_in("nobody@example.com", "not the password").await.visible();
        assert_eq!((&guarded, &guarded), (&plain, &unknown));
        assert_eq!(guarded.0, 401);
    }

    async fn five_wrong_answers_end_a_challenge(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let challenge = app.challenge(WHO).await;
        let guess = json!({ "recovery_code": "0000-0000-0000-0000" });
        for _ in 0..5 {
            let wrong = app.complete(guess.clone(), &challenge).await;
            assert_eq!((wrong.status, wrong.code().as_str()), (401, "second_factor_wrong"));
        }
        let right = json!({ "recovery_code": who.codes[0] });
        assert_eq!(app.complete(right.clone(), &challenge).await.code(), "challenge_gone");
        let fresh = app.challenge(WHO).await;
        assert_eq!(app.complete(right, &fresh).await.status, 201);
    }

    /// New challenges give no new guesses: 1, 5, 15, 60 minutes, and the owner gets in by a recovery code.
    async fn guesses_count_over_all_challenges(engine: Engine) {
        let app = App::with(engine, |config| {
            config.log_in_per_account = "1000/15m".parse().unwrap();
            config.failed_log_in_per_address = "1000/15m".parse().unwrap();
        })
        .await;
        let who = app.guarded_owner().await;
        for (round, minutes) in [1_u64, 5, 15, 60, 60].into_iter().enumerate() {
            for _ in 0..5 {
                let challenge = app.challenge(WHO).await;
                assert_eq!(app.complete(who.wrong(&app), &challenge).await.status, 401);
            }
            let challenge = app.challenge(WHO).await;
            let locked = app.complete(who.code(&app, 0), &challenge).await;
            assert_eq!((locked.status, locked.code().as_str()), (429, "second_factor_locked"), "even the right one");
            let after: u64 = locked.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert_eq!(after, minutes * 60, "round {round}");
            app.pass(minutes * 60 + 1);
        }
        assert_eq!(app.audited("identity.second_factor.locked").await, 5);
        assert_eq!(app.audited("identity.second_factor.failed").await, 5, "one for a series");
        assert!(matches!(app.mails(WHO, "identity.second_factor_locked").await[..], [Some(_)]));
        let challenge = app.challenge(WHO).await;
        assert_eq!(app.complete(who.code(&app, 0), &challenge).await.status, 201, "after the last lock");
    }

    async fn a_recovery_code_opens_a_locked_account(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let challenge = app.challenge(WHO).await;
        for _ in 0..5 {
            assert_eq!(app.complete(who.wrong(&app), &challenge).await.status, 401);
        }
        let challenge = app.challenge(WHO).await;
        assert_eq!(app.complete(who.code(&app, 0), &challenge).await.status, 429);
        let right = json!({ "recovery_code": who.codes[3] });
        assert_eq!(app.complete(right, &challenge).await.status, 201);
    }

    /// Guesses at once are not more guesses than one after the other.
    async fn parallel_guesses_do_not_escape_the_lock(engine: Engine) {
        let app = App::with(engine, |config| config.log_in_per_account = "1000/15m".parse().unwrap()).await;
        let who = app.guarded_owner().await;
        let mut challenges = Vec::new();
        for _ in 0..6 {
            challenges.push(app.challenge(WHO).await);
        }
        let guesses = challenges.iter().flat_map(|one| (0..4).map(move |_| one));
        let answers = guesses.map(|one| app.complete(who.wrong(&app), one));
        let answers = futures_util::future::join_all(answers).await;
        let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
        assert_eq!(looked_at, 5, "{answers:?}");
    }

    /// Five minutes, one account, one use, and nothing that is not a challenge.
    async fn a_challenge_is_good_for_what_it_was_made_for(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        app.owner("other@example.com", "South Hall").await;
        let other = app.guard("other@example.com").await;
        let mine = app.challenge(WHO).await;
        let wrong = app.complete(other.code(&app, 0), &mine).await;
        assert_eq!(wrong.code(), "second_factor_wrong", "another person's code");
        let of_other = json!({ "recovery_code": other.codes[0] });
        assert_eq!(app.complete(of_other, &mine).await.code(), "second_factor_wrong");
        assert_eq!(app.complete(who.code(&app, 0), &mine).await.status, 201);
        assert_eq!(app.complete(who.code(&app, 1), &mine).await.code(), "challenge_gone", "used");
        app.pass(60);
        let old = app.challenge(WHO).await;
        app.pass(300);
        assert_eq!(app.complete(who.code(&app, 0), &old).await.code(), "challenge_gone", "old");
        for not_one in ["", "x", &"a".repeat(10_000), &who.access] {
            assert_eq!(app.complete(who.code(&app, 0), not_one).await.code(), "challenge_gone");
        }
        let bearer = app.send(Ask::get("/api/v1/me").bearer(&old)).await;
        assert_eq!(bearer.status, 401, "a challenge is no token");
        app.work().await;
        app.pass(2 * 3_600);
        app.work().await;
        assert_eq!(app.count(sql!("select count(*) from challenges")).await, 0, "swept");
    }

    /// What was proven must still be true when the log-in is completed.
    async fn a_challenge_ends_with_what_it_rests_on(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let first = who.sign_in(&app).await.text("access_token");
        app.pass(30);
        let open = app.challenge(WHO).await;
        let change = json!({ "current_password": PASSWORD, "new_password": "quite another phrase" });
        let changed = app.send(Ask::put("/api/v1/me/password").bearer(&first).json(change)).await;
        assert_eq!(changed.status, 204, "{:?}", changed.json);
        assert_eq!(app.complete(who.code(&app, 0), &open).await.code(), "challenge_gone", "password changed");

        let open = app.log_in(WHO, "quite another phrase").await.text("challenge");
        assert_eq!(app.send(Ask::delete("/api/v1/me/sessions").bearer(&first)).await.status, 204);
        assert_eq!(app.complete(who.code(&app, 0), &open).await.code(), "challenge_gone", "log-out everywhere");

        let open = app.log_in(WHO, "quite another phrase").await.text("challenge");
        let ask = Ask::post("/api/v1/auth/password-resets").json(json!({ "email": WHO }));
        assert_eq!(app.send(ask).await.status, 202);
        let body = json!({ "token": app.token(WHO).await, "password": PASSWORD });
        let reset = app.send(Ask::post("/api/v1/auth/password-resets/confirm").json(body)).await;
        assert_eq!(reset.status, 204, "{:?}", reset.json);
        assert_eq!(app.complete(who.code(&app, 0), &open).await.code(), "challenge_gone", "reset");

        let open = app.challenge(WHO).await;
        app.control
            .write(async |tx| {
                let disable = sql!("update identities set state = 'disabled' where email = $1");
                tx.execute(disable, &args![WHO]).await
            })
            .await
            .unwrap();
        assert_eq!(app.complete(who.code(&app, 0), &open).await.code(), "challenge_gone", "disabled");
        assert_eq!(app.log_in(WHO, PASSWORD).await.status, 401);
    }

    /// A reset proves the mailbox, not the second factor; nor does anything else but the two steps sign in.
    async fn there_is_no_other_entrance(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let ask = Ask::post("/api/v1/auth/password-resets").json(json!({ "email": WHO }));
        assert_eq!(app.send(ask).await.status, 202);
        let body = json!({ "token": app.token(WHO).await, "password": "quite another phrase" });
        let reset = app.send(Ask::post("/api/v1/auth/password-resets/confirm").json(body)).await;
        assert_eq!((reset.status, reset.cookie(), reset.json), (204, None, Value::Null));
        assert_eq!(app.log_in(WHO, "quite another phrase").await.status, 202);
        assert_eq!(app.me(&who.access).await, 401);

        let (tenant, _) = app.owner("host@example.com", "South Hall").await;
        let (host, _) = app.tokens("host@example.com").await;
        let invite = json!({ "email": WHO, "role": "member", "scope": "all", "units": [] });
        let path = format!("/api/v1/tenants/{tenant}/identity/invitations");
        assert_eq!(app.post(&path, &host, invite).await.status, 201);
        let token = app.token(WHO).await;
        let accept = json!({ "token": token, "password": "quite another phrase" });
        let refused = app.send(Ask::post("/api/v1/auth/invitations/accept").json(accept)).await;
        assert_eq!((refused.status, refused.code().as_str()), (403, "sign_in_first"));
        let challenge = app.log_in(WHO, "quite another phrase").await.text("challenge");
        let access = app.complete(who.code(&app, 0), &challenge).await.text("access_token");
        let accepted = app.post("/api/v1/me/invitations/accept", &access, json!({ "token": token })).await;
        assert_eq!(accepted.status, 200, "{:?}", accepted.json);
    }

    /// The cookie asked for in the first step comes with the second, new, whatever the client sent along.
    async fn a_browser_gets_its_cookie_after_both_steps(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let body = json!({ "email": WHO, "password": PASSWORD, "mode": "cookie" });
        let half = app.send(Ask::post("/api/v1/auth/sessions").json(body)).await;
        assert_eq!((half.status, half.cookie()), (202, None));
        let challenge = half.text("challenge");
        let planted = format!("{}.{}", who_session(&app).await, "a".repeat(43));
        let mut body = who.code(&app, 0);
        body["challenge"] = json!(challenge);
        let foreign = Ask::post(HALF).json(body.clone()).header("origin", "https://evil.example.org");
        assert_eq!(app.send(foreign).await.code(), "origin_refused");
        let begun = app.send(Ask::post(HALF).json(body).cookie(&planted)).await;
        assert_eq!(begun.status, 201, "{:?}", begun.json);
        let cookie = begun.cookie().unwrap();
        assert_ne!(cookie, planted);
        assert!(begun.json.get("access_token").is_none());
        assert_eq!(app.send(Ask::get("/api/v1/me").cookie(&cookie)).await.status, 200);
        assert_eq!(app.send(Ask::get("/api/v1/me").cookie(&planted)).await.status, 401);
    }

    /// Nothing but a proof can be sent along.
    async fn one_proof_and_nothing_else(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let challenge = app.challenge(WHO).await;
        let none = app.complete(json!({}), &challenge).await;
        assert_eq!((none.status, none.code().as_str()), (422, "one_proof"));
        let mut both = who.code(&app, 0);
        both["recovery_code"] = json!(who.codes[0]);
        assert_eq!(app.complete(both, &challenge).await.code(), "one_proof");
        for (name, value) in [
            ("identity", json!("018f4a1e-0000-7000-8000-000000000000")),
            ("methods", json!(["mfa"])),
            ("multi_factor", json!(true)),
            ("mode", json!("cookie")),
            ("password", json!(PASSWORD)),
        ] {
            let mut body = who.code(&app, 0);
            body[name] = value;
            assert_eq!(app.complete(body, &challenge).await.status, 422, "{name}");
        }
        assert_eq!(app.complete(who.code(&app, 0), &challenge).await.status, 201);
    }
}

async fn who_session(app: &App) -> String {
    app.control
        .read(async |tx| {
            tx.one::<(String,)>(sql!("select id from sessions limit 1"), &[])
                .await
        })
        .await
        .unwrap()
        .0
}
