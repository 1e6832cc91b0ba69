//! Browser sessions, CSRF, and signing out.

use gantry_testkit::{Engine, both_engines};
use serde_json::json;

use crate::app::{App, Ask, PASSWORD};

async fn cookie(app: &App, planted: Option<&str>) -> String {
    let mut ask = Ask::post("/api/v1/auth/sessions").json(json!({
        "email": "owner@example.com", "password": PASSWORD, "mode": "cookie",
    }));
    if let Some(planted) = planted {
        ask = ask.cookie(planted);
    }
    let answer = app.send(ask).await;
    assert_eq!(answer.status, 201, "{:?}", answer.json);
    assert!(
        answer.json.get("access_token").is_none() && answer.json.get("refresh_token").is_none()
    );
    let line = answer.headers["set-cookie"].to_str().unwrap();
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
        assert!(line.contains(attribute), "{line}");
    }
    assert!(!line.contains("Domain"), "{line}");
    answer.cookie().unwrap()
}

async fn app(engine: Engine) -> App {
    let app = App::new(engine).await;
    app.owner("owner@example.com", "North Hall").await;
    app
}

async fn me(app: &App, cookie: &str) -> u16 {
    app.send(Ask::get("/api/v1/me").cookie(cookie)).await.status
}

both_engines! {
    /// What a client brings along before it signs in is never adopted.
    async fn a_session_cannot_be_fixed(engine: Engine) {
        let app = app(engine).await;
        let planted = cookie(&app, None).await;
        let other = cookie(&app, Some(&planted)).await;
        assert_ne!(planted, other);
        assert_ne!(planted.split('.').next(), other.split('.').next());
        let id = planted.split('.').next().unwrap();
        let secret = other.split('.').nth(1).unwrap();
        assert_eq!(me(&app, &format!("{id}.{secret}")).await, 401, "another session's secret");
        assert_eq!(me(&app, "chosen-by-a-stranger").await, 401);
        let session = other.split('.').next().unwrap();
        let bearer = app.send(Ask::get("/api/v1/me").bearer(session)).await;
        assert_eq!(bearer.status, 401, "a session id is no token");
    }

    /// A browser session must confirm writes with its own token.
    async fn writes_of_a_browser_need_its_csrf_token(engine: Engine) {
        let app = app(engine).await;
        let (mine, other) = (cookie(&app, None).await, cookie(&app, None).await);
        let token = |cookie: String| {
            let app = &app;
            async move {
                app.send(Ask::get("/api/v1/csrf-token").cookie(&cookie)).await.text("csrf_token")
            }
        };
        let (my_token, other_token) = (token(mine.clone()).await, token(other.clone()).await);
        let own = "http://127.0.0.1:8080";
        let log_out = || Ask::delete("/api/v1/auth/session").cookie(&mine);
        assert_eq!(app.send(log_out().header("origin", own)).await.status, 403, "no token");
        let foreign = log_out().header("origin", own).header("x-csrf-token", &other_token);
        assert_eq!(app.send(foreign).await.status, 403, "another session's token");
        let evil = log_out().header("origin", "https://evil.example.org").header("x-csrf-token", &my_token);
        assert_eq!(app.send(evil).await.status, 403, "another origin");
        assert_eq!(me(&app, &mine).await, 200);
        let good = app.send(log_out().header("origin", own).header("x-csrf-token", &my_token)).await;
        assert_eq!((good.status, good.cookie().as_deref()), (204, Some("")));
        assert_eq!(me(&app, &mine).await, 401);
        assert_eq!(me(&app, &other).await, 200, "one session only");
    }

    /// The list, ending one, ending all; nobody else's.
    async fn sessions_are_listed_and_ended(engine: Engine) {
        let app = app(engine).await;
        app.owner("other@example.com", "South Hall").await;
        let (access, refresh) = app.tokens("owner@example.com").await;
        let browser = cookie(&app, None).await;
        let (stranger, _) = app.tokens("other@example.com").await;
        let list = app.send(Ask::get("/api/v1/me/sessions").bearer(&access)).await;
        let items = list.json["items"].as_array().unwrap();
        assert_eq!(items.len(), 2);
        assert_eq!(items.iter().filter(|item| item["current"] == true).count(), 1);
        let browser_id = browser.split('.').next().unwrap().to_owned();
        let path = format!("/api/v1/me/sessions/{browser_id}");
        assert_eq!(app.send(Ask::delete(&path).bearer(&stranger)).await.status, 404);
        assert_eq!(app.send(Ask::delete(&path).bearer(&access)).await.status, 204);
        assert_eq!(app.send(Ask::delete(&path).bearer(&access)).await.status, 404);
        assert_eq!(me(&app, &browser).await, 401);
        assert_eq!(app.send(Ask::delete("/api/v1/me/sessions").bearer(&access)).await.status, 204);
        assert_eq!(app.me(&access).await, 401);
        let ask = Ask::post("/api/v1/auth/tokens/refresh").json(json!({ "refresh_token": refresh }));
        assert_eq!(app.send(ask).await.status, 401);
        assert_eq!(app.me(&stranger).await, 200);
    }

    /// What another process changes is seen within half a second.
    async fn a_change_elsewhere_is_seen_within_half_a_second(engine: Engine) {
        let app = app(engine).await;
        let (access, _) = app.tokens("owner@example.com").await;
        assert_eq!(app.me(&access).await, 200);
        app.control
            .write(async |tx| {
                tx.execute(gantry_db::sql!("update identities set state = 'disabled'"), &[]).await
            })
            .await
            .unwrap();
        app.clock.advance(std::time::Duration::from_millis(499));
        assert_eq!(app.me(&access).await, 200, "the answer is kept for a moment");
        app.clock.advance(std::time::Duration::from_millis(1));
        assert_eq!(app.me(&access).await, 401);
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 401);
    }

    /// An idle browser session ends after a week, also when somebody who knows its id keeps trying; a used one
    /// after a month.
    async fn browser_sessions_end(engine: Engine) {
        let app = app(engine).await;
        let idle = cookie(&app, None).await;
        let used = cookie(&app, None).await;
        let guess = format!("{}.{}", idle.split('.').next().unwrap(), "A".repeat(43));
        for day in 1..=29 {
            app.pass(86_400);
            assert_eq!(me(&app, &guess).await, 401);
            assert_eq!(me(&app, &used).await, 200, "day {day}");
        }
        assert_eq!(me(&app, &idle).await, 401);
        app.pass(86_400);
        assert_eq!(me(&app, &used).await, 401);
    }

    /// Changing the password asks for the old one, and signs other devices out.
    async fn a_changed_password_ends_other_sessions(engine: Engine) {
        let app = app(engine).await;
        let (mine, _) = app.tokens("owner@example.com").await;
        let (other, _) = app.tokens("owner@example.com").await;
        let change = |current: &str, new: &str| {
            Ask::put("/api/v1/me/password")
                .bearer(&mine)
                .json(json!({ "current_password": current, "new_password": new }))
        };
        let wrong = app.send(change("not this one either", "quite another phrase")).await;
        assert_eq!((wrong.status, wrong.json["errors"][0]["code"].as_str()), (422, Some("wrong_password")));
        assert_eq!(app.send(change(PASSWORD, "quite another phrase")).await.status, 204);
        assert_eq!(app.me(&mine).await, 200);
        assert_eq!(app.me(&other).await, 401);
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 401);
    }
}
