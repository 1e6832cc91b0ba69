//! Confirming in an open session that it is oneself.

use gantry_testkit::both_engines;
use serde_json::json;

use super::{WHO, claims};
use crate::app::{Answer, App, Ask, PASSWORD};

const STEP_UP: &str = "/api/v1/me/step-up";
const MINUTES: u64 = 60;

async fn enrol(app: &App, access: &str) -> Answer {
    app.send(Ask::post("/api/v1/me/totp").bearer(access)).await
}

both_engines! {
    /// A stolen session is not enough to put one's own factor on the account.
    async fn an_old_session_must_confirm_first(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(WHO, "North Hall").await;
        let (access, _) = app.tokens(WHO).await;
        app.pass(10 * MINUTES - 1);
        assert_eq!(enrol(&app, &access).await.status, 201);
        app.pass(1);
        let sensitive = [
            Ask::post("/api/v1/me/totp"),
            Ask::post("/api/v1/me/totp/confirm").json(json!({ "code": "000000" })),
            Ask::delete("/api/v1/me/totp"),
            Ask::post("/api/v1/me/recovery-codes"),
        ];
        for ask in sensitive {
            let answer = app.send(ask.bearer(&access)).await;
            assert_eq!((answer.status, answer.code().as_str()), (403, "step_up_required"));
        }
        let wrong = app.post(STEP_UP, &access, json!({ "password": "not the password" })).await;
        assert_eq!((wrong.status, &wrong.json["errors"][0]["code"]), (422, &json!("wrong_password")));
        assert_eq!(enrol(&app, &access).await.status, 403);
        let right = app.post(STEP_UP, &access, json!({ "password": PASSWORD })).await;
        assert_eq!(right.status, 200, "{:?}", right.json);
        assert!(right.json["fresh_until"].is_string());
        assert_eq!(enrol(&app, &access).await.status, 201);
        assert_eq!(app.audited("identity.session.confirmed").await, 1);
    }

    /// Wrong passwords lock like those of a log-in.
    async fn a_stolen_session_cannot_guess_the_password(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(WHO, "North Hall").await;
        let (access, _) = app.tokens(WHO).await;
        for _ in 0..5 {
            assert_eq!(app.post(STEP_UP, &access, json!({ "password": "a wrong guess" })).await.status, 422);
        }
        let locked = app.post(STEP_UP, &access, json!({ "password": PASSWORD })).await;
        assert_eq!((locked.status, locked.code().as_str()), (429, "account_locked"));
        assert_eq!(app.me(&access).await, 200, "the session stays");
    }

    /// With a second factor the password does not do, right or wrong.
    async fn who_has_a_factor_must_use_it(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let access = who.sign_in(&app).await.text("access_token");
        app.pass(10 * MINUTES);
        let replace = || app.send(Ask::post("/api/v1/me/recovery-codes").bearer(&access));
        assert_eq!(replace().await.code(), "step_up_required");
        for password in [PASSWORD, "not the password"] {
            let refused = app.post(STEP_UP, &access, json!({ "password": password })).await;
            assert_eq!((refused.status, &refused.json["errors"][0]["code"]), (422, &json!("second_factor_needed")));
        }
        assert_eq!(replace().await.code(), "step_up_required");
        let wrong = app.post(STEP_UP, &access, who.wrong(&app)).await;
        assert_eq!((wrong.status, &wrong.json["errors"][0]["pointer"]), (422, &json!("/code")));
        assert_eq!(app.post(STEP_UP, &access, who.code(&app, 0)).await.status, 200);
        assert_eq!(replace().await.status, 201);
        let again = app.post(STEP_UP, &access, who.code(&app, 0)).await;
        assert_eq!(again.status, 422, "a step is used once here, too");
        let none = app.post(STEP_UP, &access, json!({})).await;
        assert_eq!(none.code(), "one_proof");
    }

    /// The lock is one for log-in and step-up.
    async fn a_stolen_session_cannot_guess_the_code(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        for _ in 0..5 {
            assert_eq!(app.post(STEP_UP, &who.access, who.wrong(&app)).await.status, 422);
        }
        let locked = app.post(STEP_UP, &who.access, who.code(&app, 0)).await;
        assert_eq!((locked.status, locked.code().as_str()), (429, "second_factor_locked"));
        let challenge = app.challenge(WHO).await;
        assert_eq!(app.complete(who.code(&app, 0), &challenge).await.status, 429);
        let paper = json!({ "recovery_code": who.codes[0] });
        assert_eq!(app.post(STEP_UP, &who.access, paper).await.status, 200);
    }

    /// What was proven later is in the next token.
    async fn the_next_token_says_what_was_proven(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        let begun = who.sign_in(&app).await;
        app.pass(30);
        let access = begun.text("access_token");
        assert_eq!(app.post(STEP_UP, &access, who.code(&app, 0)).await.status, 200);
        let body = json!({ "refresh_token": begun.text("refresh_token") });
        let next = app.send(Ask::post("/api/v1/auth/tokens/refresh").json(body)).await;
        assert_eq!(claims(&next.text("access_token"))["amr"], json!(["pwd", "otp", "mfa"]));
    }

    /// A stolen session and a known password do not change the password of an account with a second factor.
    async fn a_password_is_changed_by_who_confirmed_lately(engine: Engine) {
        let app = App::new(engine).await;
        let who = app.guarded_owner().await;
        app.pass(10 * MINUTES);
        let change = || {
            let body = json!({ "current_password": PASSWORD, "new_password": "quite another phrase" });
            app.send(Ask::put("/api/v1/me/password").bearer(&who.access).json(body))
        };
        assert_eq!(change().await.code(), "step_up_required");
        assert_eq!(app.post(STEP_UP, &who.access, who.code(&app, 0)).await.status, 200);
        assert_eq!(change().await.status, 204);
    }

    /// A page of another site cannot confirm with the person's cookie, nor set factors up.
    async fn another_site_cannot_touch_factors(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(WHO, "North Hall").await;
        let body = json!({ "email": WHO, "password": PASSWORD, "mode": "cookie" });
        let cookie = app.send(Ask::post("/api/v1/auth/sessions").json(body)).await.cookie().unwrap();
        let writes = [
            Ask::post(STEP_UP).json(json!({ "password": PASSWORD })),
            Ask::post("/api/v1/me/totp"),
            Ask::post("/api/v1/me/totp/confirm").json(json!({ "code": "000000" })),
            Ask::delete("/api/v1/me/totp"),
            Ask::post("/api/v1/me/recovery-codes"),
        ];
        for ask in writes {
            assert_eq!(app.send(ask.cookie(&cookie)).await.code(), "csrf_failed");
        }
    }
}
