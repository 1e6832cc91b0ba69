//! Devices that signed in before: nobody elsewhere locks them out, and they open nothing by themselves.

use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::{App, Ask, PASSWORD};

const OWNER: &str = "owner@example.com";

async fn browser(app: &App, email: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD, "mode": "cookie" });
    let answer = app
        .send(Ask::post("/api/v1/auth/sessions").json(body))
        .await;
    assert_eq!(answer.status, 201, "{:?}", answer.json);
    assert!(answer.cookie().is_some());
    answer.device().unwrap()
}

/// A stranger's attack: more than the lock and more than the limit per account take.
async fn attack(app: &App) {
    for _ in 0..12 {
        app.log_in(OWNER, "not the password").await;
    }
    assert_eq!(app.log_in(OWNER, PASSWORD).await.status, 429);
}

both_engines! {
    async fn strangers_do_not_lock_a_known_device(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OWNER, "North Hall").await;
        let device = browser(&app, OWNER).await;
        attack(&app).await;
        for _ in 0..12 {
            let again = app.send(Ask::log_in(OWNER, PASSWORD).device(&device)).await;
            assert_eq!(again.status, 201, "{:?}", again.json);
            assert_ne!(again.text("device_token"), device, "every success gives another one");
        }
        let stranger = app.log_in(OWNER, PASSWORD).await;
        assert_eq!(stranger.status, 429, "the owner's success does not begin the attack anew");
        // It opens nothing: the password is asked for as always.
        assert_eq!(app.send(Ask::log_in(OWNER, "not the password").device(&device)).await.status, 401);
        assert_eq!(app.send(Ask::get("/api/v1/me").device(&device)).await.status, 401);
    }

    async fn a_device_that_guesses_is_locked_alone(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OWNER, "North Hall").await;
        let (stolen, other) = (browser(&app, OWNER).await, browser(&app, OWNER).await);
        for _ in 0..5 {
            assert_eq!(app.send(Ask::log_in(OWNER, "not the password").device(&stolen)).await.status, 401);
        }
        let locked = app.send(Ask::log_in(OWNER, PASSWORD).device(&stolen)).await;
        assert_eq!((locked.status, locked.code().as_str()), (429, "account_locked"));
        assert_eq!(app.send(Ask::log_in(OWNER, PASSWORD).device(&other)).await.status, 201);
        assert_eq!(app.log_in(OWNER, PASSWORD).await.status, 201);
    }

    async fn what_is_not_a_token_of_this_account_is_a_stranger(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OWNER, "North Hall").await;
        app.owner("thief@example.com", "South Hall").await;
        let (mine, theirs) = (browser(&app, OWNER).await, browser(&app, "thief@example.com").await);
        attack(&app).await;
        let mut forged = mine.clone().into_bytes();
        forged[3] = if forged[3] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        let (cut, twice) = (&mine[1..], format!("{mine}{mine}"));
        for token in [theirs.as_str(), &forged, cut, &twice, "", "x", "..", "%00"] {
            let refused = app.send(Ask::log_in(OWNER, PASSWORD).device(token)).await;
            assert_eq!(refused.status, 429, "{token}");
        }
        assert_eq!(app.send(Ask::log_in(OWNER, PASSWORD).device(&mine)).await.status, 201);
        app.pass(180 * 86_400);
        attack(&app).await;
        assert_eq!(app.send(Ask::log_in(OWNER, PASSWORD).device(&mine)).await.status, 429, "expired");
    }

    async fn a_client_without_cookies_sends_its_token(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OWNER, "North Hall").await;
        let first = app.log_in(OWNER, PASSWORD).await;
        let (device, refresh) = (first.text("device_token"), first.text("refresh_token"));
        attack(&app).await;
        let body = json!({ "email": OWNER, "password": PASSWORD, "device_token": device });
        assert_eq!(app.send(Ask::post("/api/v1/auth/sessions").json(body)).await.status, 201);
        let refreshed = app
            .send(Ask::post("/api/v1/auth/tokens/refresh").json(json!({ "refresh_token": refresh })))
            .await;
        assert_eq!(refreshed.status, 200);
        assert!(refreshed.json.get("device_token").is_none());
    }

    /// People share browsers: whoever signs in second does not make the first one a stranger.
    async fn one_browser_is_known_at_several_accounts(engine: Engine) {
        let app = App::new(engine).await;
        let people: Vec<String> = (0..5).map(|number| format!("person-{number}@example.com")).collect();
        let mut jar = String::new();
        for (number, person) in people.iter().enumerate() {
            app.owner(person, &format!("Hall {number}")).await;
            let body = json!({ "email": person, "password": PASSWORD, "mode": "cookie" });
            let answer = app.send(Ask::post("/api/v1/auth/sessions").json(body).device(&jar)).await;
            jar = answer.device().unwrap();
        }
        assert_eq!(jar.split('.').count(), 4, "the oldest is forgotten");
        for person in &people {
            for _ in 0..5 {
                assert_eq!(app.log_in(person, "not the password").await.status, 401);
            }
            let known = app.send(Ask::log_in(person, PASSWORD).device(&jar)).await.status;
            assert_eq!(known, if *person == people[0] { 429 } else { 201 }, "{person}");
        }
    }

    async fn a_stranger_does_not_keep_a_signed_in_person_from_changing_the_password(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OWNER, "North Hall").await;
        let ((access, _), (stolen, _)) = (app.tokens(OWNER).await, app.tokens(OWNER).await);
        attack(&app).await;
        let change = |access: &str, current: &str| {
            let body = json!({ "current_password": current, "new_password": "seven tin kettles sing" });
            app.send(Ask::put("/api/v1/me/password").bearer(access).json(body))
        };
        // Who stole a session has as many guesses as anybody.
        for _ in 0..5 {
            assert_eq!(change(&stolen, "not the password").await.status, 422);
        }
        assert_eq!(change(&stolen, PASSWORD).await.status, 429);
        assert_eq!(change(&access, PASSWORD).await.status, 204);
        assert_eq!(app.me(&stolen).await, 401);
    }
}
