//! `Idempotency-Key` on both engines.

use std::time::Duration;

use futures_util::future::join_all;
use gantry_db::DbError;
use gantry_http::sweep_idempotency;
use gantry_testkit::{Engine, both_engines};

use crate::app::{Answer, App, Ask, count};

fn note(key: &str, body: &str) -> Ask {
    Ask::post("/api/v1/tenants/alpha/notes")
        .bearer("owner")
        .header("idempotency-key", key)
        .json(&format!("{{\"body\": \"{body}\"}}"))
}

async fn app(engine: Engine) -> App {
    App::with(engine, |config| config.limits.off = true).await
}

async fn notes(app: &App) -> i64 {
    app.db.read(async |tx| count(tx).await).await.unwrap()
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

both_engines! {
    async fn a_repeat_gets_the_first_answer_and_has_no_effect(engine: Engine) {
        let app = app(engine).await;
        let first = app.send(note("k1", "a")).await;
        let second = app.send(note("k1", "a")).await;
        assert_eq!((first.status, second.status), (201, 201));
        assert_eq!(first.bytes, second.bytes);
        assert_eq!(first.header("location"), second.header("location"));
        assert!(!replayed(&first) && replayed(&second));
        assert_eq!(notes(&app).await, 1);
    }

    async fn another_request_under_the_key_is_refused(engine: Engine) {
        let app = app(engine).await;
        app.send(note("k1", "a")).await;
        let other = app.send(note("k1", "b")).await;
        assert_eq!((other.status, other.code().as_str()), (422, "idempotency_key_reused"));
        // Another person's key is another key.
        let units = Ask::post("/api/v1/tenants/alpha/notes")
            .bearer("units")
            .header("idempotency-key", "k1")
            .json(r#"{"body": "b"}"#);
        assert_eq!(app.send(units).await.status, 201);
        assert_eq!(notes(&app).await, 2);
    }

    async fn a_route_that_does_not_promise_it_cannot_write_once(engine: Engine) {
        let app = app(engine).await;
        for key in [None, Some("k1")] {
            let ask = Ask::post("/api/v1/tenants/alpha/unannounced")
                .bearer("owner")
                .json(r#"{"body": "a"}"#);
            let ask = match key {
                Some(key) => ask.header("idempotency-key", key),
                None => ask,
            };
            assert_eq!(app.send(ask).await.status, 500);
        }
        assert_eq!(notes(&app).await, 0);
    }

    async fn fifty_at_once_have_one_effect(engine: Engine) {
        let app = app(engine).await;
        let answers = join_all((0..50).map(|_| app.send(note("race", "a")))).await;
        let first = answers.iter().filter(|answer| !replayed(answer)).count();
        for answer in &answers {
            assert_eq!(answer.status, 201, "{:?}", answer.bytes);
        }
        assert_eq!(first, 1);
        assert_eq!(notes(&app).await, 1);
    }

    async fn a_failed_effect_leaves_nothing_behind(engine: Engine) {
        let app = app(engine).await;
        for _ in 0..2 {
            let refused = app.send(note("k1", "refused")).await;
            assert_eq!((refused.status, refused.code().as_str()), (409, "teapot"));
        }
        assert_eq!(notes(&app).await, 0);
        assert_eq!(app.send(note("k1", "b")).await.status, 201);
    }

    async fn keys_are_forgotten_after_a_day(engine: Engine) {
        let app = app(engine).await;
        app.send(note("k1", "a")).await;
        app.send(note("k2", "a")).await;
        app.clock.advance(Duration::from_secs(24 * 3_600 + 1));
        let again = app.send(note("k1", "b")).await;
        assert!(again.status == 201 && !replayed(&again));
        assert!(replayed(&app.send(note("k1", "b")).await));
        let swept = app
            .db
            .write(async |tx| Ok::<_, DbError>(sweep_idempotency(tx).await?))
            .await
            .unwrap();
        assert_eq!(swept, 1);
        assert_eq!(notes(&app).await, 3);
    }

    async fn control_effects_have_their_own_table(engine: Engine) {
        let app = app(engine).await;
        let ask = || {
            Ask::post("/api/v1/notes").header("idempotency-key", "k1").json(r#"{"body": "a"}"#)
        };
        let answers = join_all((0..10).map(|_| app.send(ask()))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1);
        let rows = app.control.read(async |tx| count(tx).await).await.unwrap();
        assert_eq!(rows, 1);
    }
}

#[tokio::test]
async fn keys_have_a_syntax() {
    let app = app(Engine::Sqlite).await;
    for bad in ["", "a b", "ü", &"x".repeat(256)] {
        let answer = app.send(note(bad, "a")).await;
        assert_eq!(answer.code(), "idempotency_key_invalid", "{bad}");
    }
    assert_eq!(app.send(note(&"x".repeat(255), "a")).await.status, 201);
}
