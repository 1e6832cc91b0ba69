//! Browser sessions, CSRF, and signing out.

use gantry_http::{Authority, Credentials};
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

    /// A new log-in ends the session that the browser had, at once; knowing its id is not enough for that.
    async fn a_log_in_ends_the_session_before_it(engine: Engine) {
        let app = app(engine).await;
        let first = cookie(&app, None).await;
        let made_up = format!("{}.{}", first.split('.').next().unwrap(), "A".repeat(43));
        cookie(&app, Some(&made_up)).await;
        assert_eq!(me(&app, &first).await, 200);
        let second = cookie(&app, Some(&first)).await;
        assert_eq!((me(&app, &first).await, me(&app, &second).await), (401, 200));
        let failed = Ask::log_in("owner@example.com", "not the password").cookie(&second);
        assert_eq!(app.send(failed).await.status, 401);
        assert_eq!(me(&app, &second).await, 200, "a failure ends nothing");
        let who = app.guard("owner@example.com").await;
        // The first factor has ended the others.
        let third = who.sign_in(&app).await;
        assert_eq!(third.status, 201);
        let body = json!({ "email": "owner@example.com", "password": PASSWORD, "mode": "cookie" });
        let begin = async |brought: Option<&str>| {
            let half = Ask::post("/api/v1/auth/sessions").json(body.clone());
            let challenge = app.send(half).await.text("challenge");
            let mut proof = who.code(&app, 1);
            proof["challenge"] = json!(challenge);
            let mut ask = Ask::post("/api/v1/auth/sessions/second-factor").json(proof);
            if let Some(brought) = brought {
                ask = ask.cookie(brought);
            }
            let begun = app.send(ask).await;
            assert_eq!(begun.status, 201, "{:?}", begun.json);
            app.pass(60);
            begun.cookie().unwrap()
        };
        let before = begin(None).await;
        let after = begin(Some(&before)).await;
        assert_eq!((me(&app, &before).await, me(&app, &after).await), (401, 200));
    }

    /// A person has at most 100 sessions: one more ends the one that was idle for longest.
    async fn sessions_of_a_person_are_bounded(engine: Engine) {
        let app = app(engine).await;
        let (oldest, _) = app.tokens("owner@example.com").await;
        app.pass(1);
        let (idle, _) = app.tokens("owner@example.com").await;
        app.pass(301);
        assert_eq!(app.me(&oldest).await, 200);
        for _ in 2..100 {
            app.pass(1);
            app.tokens("owner@example.com").await;
        }
        assert_eq!((app.me(&oldest).await, app.me(&idle).await), (200, 200));
        app.control
            .write(async |tx| {
                let as_before = gantry_db::sql!("update sessions set last_seen_at = created_at where id in
                    (select id from sessions order by created_at limit 2 offset 1)");
                tx.execute(as_before, &[]).await
            })
            .await
            .unwrap();
        let (newest, _) = app.tokens("owner@example.com").await;
        assert_eq!((app.me(&oldest).await, app.me(&idle).await, app.me(&newest).await), (200, 401, 200));
        let list = app.send(Ask::get("/api/v1/me/sessions").bearer(&newest)).await;
        assert_eq!(list.json["items"].as_array().unwrap().len(), 100);
    }

    /// The person recognises a session by what the client says it is, and no more of that is kept than can be shown.
    async fn a_session_says_which_client_it_is(engine: Engine) {
        let app = app(engine).await;
        let body = json!({ "email": "owner@example.com", "password": PASSWORD, "mode": "token" });
        let ask = Ask::post("/api/v1/auth/sessions").json(body).header("user-agent", "Desk\t1.0");
        let access = app.send(ask).await.text("access_token");
        let list = app.send(Ask::get("/api/v1/me/sessions").bearer(&access)).await;
        assert_eq!(list.json["items"][0]["user_agent"], "Desk1.0", "{:?}", list.json);
    }

    /// A use is noted when the last one that was is five minutes old. That an open stream asks who reads it is none, and
    /// does not keep the next use from being noted.
    async fn a_use_is_noted_every_five_minutes(engine: Engine) {
        let app = app(engine).await;
        let (access, _) = app.tokens("owner@example.com").await;
        let seen = async || app.count(gantry_db::sql!("select max(last_seen_at) from sessions")).await;
        let begun = seen().await;
        for (passes, noted) in [(299, 0), (1, 300), (299, 300)] {
            app.pass(passes);
            assert_eq!(app.me(&access).await, 200);
            assert_eq!(seen().await - begun, noted * 1_000_000);
        }
        app.pass(1);
        app.identity.recheck(Credentials::Bearer(&access), None, None).await.unwrap();
        assert_eq!(seen().await - begun, 300_000_000);
        assert_eq!(app.me(&access).await, 200);
        assert_eq!(seen().await - begun, 600_000_000);
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
