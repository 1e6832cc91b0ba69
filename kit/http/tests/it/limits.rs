//! Limits as the pipeline applies them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use gantry_http::Quota;
use gantry_kernel::Period;
use gantry_testkit::Engine;

use crate::app::{App, Ask};

#[tokio::test]
async fn strangers_are_counted_and_told() {
    let app = App::new().await;
    let first = app.send(Ask::get("/api/v1/ip")).await;
    assert_eq!(first.header("ratelimit-policy"), "\"anonymous\";q=100;w=60");
    assert_eq!(first.header("ratelimit"), "\"anonymous\";r=99;t=1");
    for _ in 1..100 {
        assert_eq!(app.send(Ask::get("/api/v1/ip")).await.status, 200);
    }
    let refused = app.send(Ask::get("/api/v1/ip")).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (429, "rate_limited")
    );
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("ratelimit"), "\"anonymous\";r=0;t=60");
    // Health checks and signed-in people are not strangers.
    assert_eq!(app.send(Ask::get("/healthz")).await.status, 200);
    assert_eq!(
        app.send(Ask::get("/api/v1/me").bearer("owner"))
            .await
            .status,
        200
    );
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.send(Ask::get("/api/v1/ip")).await.status, 200);
}

#[tokio::test]
async fn guessed_tokens_are_looked_at_only_so_often() {
    let app = App::with(Engine::Sqlite, |config| {
        config.limits.bad_credentials = Quota::new(3, Period::minutes(1));
    })
    .await;
    let guess = async |who: &str| app.send(Ask::get("/api/v1/me").bearer(who)).await;
    for n in 0..3 {
        assert_eq!(guess("owner").await.status, 200);
        assert_eq!(guess(&format!("bad{n}")).await.status, 401);
    }
    let known = app.asked.load(Ordering::Relaxed);
    let refused = guess("bad").await;
    assert_eq!(
        refused.json()["detail"],
        "the limit bad_credentials (3/1m) is used up"
    );
    assert_eq!(refused.header("retry-after"), "20");
    assert_eq!(guess("owner").await.status, 429);
    assert_eq!(app.asked.load(Ordering::Relaxed), known);
    // Requests without credentials are another matter.
    assert_eq!(app.send(Ask::get("/api/v1/me")).await.status, 401);
    assert_eq!(app.send(Ask::get("/api/v1/ip")).await.status, 200);
    app.clock.advance(Duration::from_secs(20));
    assert_eq!(guess("owner").await.status, 200);
}

#[tokio::test]
async fn people_are_counted_one_by_one_and_their_tenant_in_sum() {
    let app = App::with(Engine::Sqlite, |config| {
        config.limits.interactive = Quota::new(3, Period::minutes(1));
        config.limits.tenant = Quota::new(5, Period::minutes(1));
    })
    .await;
    let ask = |who: &str| Ask::get("/api/v1/tenants/alpha/notes").bearer(who);
    for _ in 0..3 {
        assert_eq!(app.send(ask("owner")).await.status, 200);
    }
    assert_eq!(app.send(ask("owner")).await.status, 429);
    let answer = app.send(ask("viewer")).await;
    assert_eq!(
        answer.header("ratelimit"),
        "\"interactive\";r=2;t=20, \"tenant\";r=1;t=48"
    );
    assert_eq!(app.send(ask("viewer")).await.status, 200);
    let full = app.send(ask("units")).await;
    assert_eq!(full.json()["detail"], "the limit tenant (5/1m) is used up");
    assert_eq!(
        app.send(Ask::get("/api/v1/me").bearer("units"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn heavy_and_sign_up_routes_have_their_own_quota() {
    let app = App::new().await;
    for _ in 0..10 {
        assert_eq!(
            app.send(Ask::post("/api/v1/me/exports").bearer("owner"))
                .await
                .status,
            204
        );
    }
    assert_eq!(
        app.send(Ask::post("/api/v1/me/exports").bearer("owner"))
            .await
            .status,
        429
    );
    assert_eq!(
        app.send(Ask::post("/api/v1/me/exports").bearer("viewer"))
            .await
            .status,
        204
    );
    for _ in 0..5 {
        assert_eq!(app.send(Ask::post("/api/v1/sign-ups")).await.status, 204);
    }
    let refused = app.send(Ask::post("/api/v1/sign-ups")).await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, "720")
    );
}

#[tokio::test]
async fn limits_can_be_turned_off() {
    let app = App::with(Engine::Sqlite, |config| config.limits.off = true).await;
    for _ in 0..150 {
        let answer = app.send(Ask::get("/api/v1/ip")).await;
        assert_eq!((answer.status, answer.header("ratelimit")), (200, ""));
    }
}
