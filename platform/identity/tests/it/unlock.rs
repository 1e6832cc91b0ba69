//! Lifting a lock: by the link in the mail, by an operator, from a shell.

use futures_util::future::join_all;
use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::{Answer, App, Ask, PASSWORD, token_of};

const OWNER: &str = "owner@example.com";

async fn lock(app: &App) {
    for _ in 0..5 {
        assert_eq!(app.log_in(OWNER, "not the password").await.status, 401);
    }
    assert_eq!(app.log_in(OWNER, PASSWORD).await.status, 429);
}

async fn mailed(app: &App) -> String {
    let mails = app.mails(OWNER, "identity.account_locked").await;
    token_of(mails[0].as_ref().unwrap())
}

async fn unlock(app: &App, token: &str) -> Answer {
    app.send(Ask::post("/api/v1/auth/unlocks").json(json!({ "token": token })))
        .await
}

both_engines! {
    async fn the_link_in_the_mail_lifts_the_lock_once(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OWNER, "North Hall").await;
        lock(&app).await;
        let token = mailed(&app).await;
        // Reading the link does nothing: mail scanners follow links.
        assert_eq!(app.send(Ask::get("/api/v1/auth/unlocks")).await.status, 405);
        let answers = join_all((0..6).map(|_| unlock(&app, &token))).await;
        let done: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 204).collect();
        assert_eq!(done.len(), 1);
        assert!(answers.iter().all(|answer| answer.status == 204 || answer.code() == "link_gone"));
        assert_eq!(app.audited("identity.account.unlocked").await, 1);
        let device = done[0].device().unwrap();
        assert_eq!(app.log_in(OWNER, PASSWORD).await.status, 201);
        // The attack goes on; the browser that followed the link stays out of it.
        lock(&app).await;
        assert_eq!(app.send(Ask::log_in(OWNER, PASSWORD).device(&device)).await.status, 201);
    }

    async fn only_a_fresh_link_of_this_kind_counts(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OWNER, "North Hall").await;
        lock(&app).await;
        let late = mailed(&app).await;
        app.send(Ask::post("/api/v1/auth/password-resets").json(json!({ "email": OWNER }))).await;
        let reset = app.token(OWNER).await;
        for token in ["", "x", &reset, &late[1..]] {
            let answer = unlock(&app, token).await;
            assert_eq!((answer.status, answer.code().as_str()), (410, "link_gone"));
            assert_eq!(answer.device(), None);
        }
        let as_reset = json!({ "token": late, "password": "seven tin kettles sing" });
        let answer = app.send(Ask::post("/api/v1/auth/password-resets/confirm").json(as_reset)).await;
        assert_eq!(answer.status, 410, "it sets no password");
        assert_eq!(app.log_in(OWNER, PASSWORD).await.status, 429);
        app.pass(24 * 3_600);
        assert_eq!(unlock(&app, &late).await.status, 410);
        assert_eq!(app.audited("identity.account.unlocked").await, 0);
    }

    async fn a_reset_lifts_every_lock_and_makes_the_browser_known(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OWNER, "North Hall").await;
        let device = app.log_in(OWNER, PASSWORD).await.text("device_token");
        for _ in 0..5 {
            app.send(Ask::log_in(OWNER, "not the password").device(&device)).await;
        }
        lock(&app).await;
        app.send(Ask::post("/api/v1/auth/password-resets").json(json!({ "email": OWNER }))).await;
        let new = "seven tin kettles sing";
        let body = json!({ "token": app.token(OWNER).await, "password": new });
        let done = app.send(Ask::post("/api/v1/auth/password-resets/confirm").json(body)).await;
        assert_eq!(done.status, 204);
        let browser = done.device().unwrap();
        for known in [&device, &browser, ""] {
            assert_eq!(app.send(Ask::log_in(OWNER, new).device(known)).await.status, 201);
        }
    }

    async fn staff_lift_locks_and_are_named(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OWNER, "North Hall").await;
        let (owner, _) = app.tokens(OWNER).await;
        let (_, access) = app.operator("staff@example.com").await;
        lock(&app).await;
        let path = "/api/v1/admin/identity/unlocks";
        let ask = |email: &str| Ask::post(path).json(json!({ "email": email }));
        assert_eq!(app.send(ask(OWNER).bearer(&owner)).await.status, 403);
        assert_eq!(app.send(ask(OWNER)).await.status, 401);
        assert_eq!(app.send(ask("nobody@example.com").bearer(&access)).await.status, 404);
        let done = app.send(ask(" OWNER@example.com").bearer(&access)).await;
        assert_eq!((done.status, done.json["locks"].as_i64()), (200, Some(1)), "{:?}", done.json);
        assert_eq!(app.log_in(OWNER, PASSWORD).await.status, 201);

        lock(&app).await;
        assert_eq!(app.identity.rescue_unlock(&OWNER.parse().unwrap()).await.unwrap(), 1);
        assert_eq!(app.identity.rescue_unlock(&OWNER.parse().unwrap()).await.unwrap(), 0);
        assert!(app.identity.rescue_unlock(&"nobody@example.com".parse().unwrap()).await.is_err());
        assert_eq!(app.log_in(OWNER, PASSWORD).await.status, 201);
        assert_eq!(app.audited("identity.account.unlocked").await, 3);
    }
}
