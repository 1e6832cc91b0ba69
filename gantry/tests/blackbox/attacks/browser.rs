//! Requests that another site makes with somebody's cookie, and cookies that somebody was given.

use gantry_testkit::{Client, Engine, Owner};
use reqwest::Method;
use serde_json::json;

use super::World;

const COOKIE: &str = "__Host-gantry_session";

/// A browser with the owner's cookie that sends nothing by itself but the cookie.
fn bare(client: &Client, cookie: &str) -> Client {
    let client = client.anonymous();
    client.set_cookie(COOKIE, cookie);
    client
}

#[tokio::test]
async fn a_page_of_another_site_can_write_nothing() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let browser = owner.browser().await;
    let (cookie, csrf) = (browser.cookie(COOKIE).unwrap(), browser.fetch_csrf().await);
    let path = owner.path("/spaces/branches");
    let branch = json!({"code": "EVIL", "name": "Evil"});

    let own = world.server.url();
    let (host, port) = own.trim_start_matches("http://").split_once(':').unwrap();
    let origins = [
        "https://evil.example.com".to_owned(),
        "null".to_owned(),
        String::new(),
        format!("https://{host}:{port}"),
        format!("http://{host}"),
        format!("http://{host}:1"),
        "http://localhost:1".to_owned(),
        format!("{own}.evil.example.com"),
        format!("{own}@evil.example.com"),
        format!("http://evil.example.com/{own}"),
        format!("{own} https://evil.example.com"),
    ];
    for origin in &origins {
        let call = raw_write(&owner.client, &path, &cookie)
            .header("x-csrf-token", &csrf)
            .header("origin", origin);
        call.json(&branch)
            .await
            .problem(403, "origin_refused")
            .done();
    }
    for site in ["cross-site", "same-site", "", "same-origin, none"] {
        let call = raw_write(&owner.client, &path, &cookie).header("x-csrf-token", &csrf);
        let answer = call.header("sec-fetch-site", site).json(&branch).await;
        answer.problem(403, "origin_refused").done();
    }
    // What needs no preflight in a form: a body that only looks like JSON.
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let call = raw_write(&owner.client, &path, &cookie)
            .header("x-csrf-token", &csrf)
            .header("origin", &own);
        call.body(kind, branch.to_string())
            .await
            .problem(415, "unsupported_media_type")
            .done();
    }
    // Signing somebody in as somebody else, from a page elsewhere.
    let credentials = json!({"email": owner.email, "password": owner.password, "mode": "cookie"});
    let answer = owner
        .client
        .anonymous()
        .post("/api/v1/auth/sessions")
        .header("origin", &origins[0]);
    let answer = answer
        .json(&credentials)
        .await
        .problem(403, "origin_refused");
    assert!(answer.header_all("set-cookie").is_empty());
    // Reading is up to the browser: no answer gives another origin leave.
    for path in ["/api/v1/me", "/api/v1/csrf-token"] {
        let answer = bare(&owner.client, &cookie)
            .get(path)
            .header("origin", &origins[0])
            .await
            .expect(200);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{answer}"
        );
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            Some("same-origin"),
            "{answer}"
        );
    }
    let preflight = owner
        .client
        .anonymous()
        .call(Method::OPTIONS, &path)
        .header("origin", &origins[0]);
    let preflight = preflight
        .header("access-control-request-method", "POST")
        .await
        .expect(204);
    assert_eq!(preflight.header("access-control-allow-origin"), None);
    assert_eq!(preflight.header("access-control-allow-methods"), None);
    assert_no_branches(&owner).await;
}

/// A write with the cookie and nothing else that a browser of ours would add.
fn raw_write(client: &Client, path: &str, cookie: &str) -> gantry_testkit::Call {
    client
        .anonymous()
        .post(path)
        .header("cookie", &format!("{COOKIE}={cookie}"))
}

async fn assert_no_branches(owner: &Owner) {
    let branches = owner
        .client
        .get(&owner.path("/spaces/branches"))
        .await
        .expect(200)
        .value();
    assert_eq!(branches["items"], json!([]));
}

#[tokio::test]
async fn a_write_needs_the_csrf_token_of_its_own_session() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let browser = owner.browser().await;
    let csrf = browser.fetch_csrf().await;
    let foreign = owner.browser().await.fetch_csrf().await;
    let stranger = world
        .owner("south")
        .await
        .browser()
        .await
        .fetch_csrf()
        .await;
    let path = owner.path("/spaces/branches");
    let branch = json!({"code": "EVIL", "name": "Evil"});

    let mut flipped = csrf.clone().into_bytes();
    flipped[40] = if flipped[40] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    let wrong = [
        "",
        "x",
        foreign.as_str(),
        stranger.as_str(),
        &csrf[1..],
        &flipped,
        &csrf.to_uppercase(),
    ];
    for token in wrong.into_iter().map(Some).chain([None]) {
        browser.set_csrf(token);
        browser
            .post(&path)
            .json(&branch)
            .await
            .problem(403, "csrf_failed")
            .done();
        browser
            .delete("/api/v1/me/sessions")
            .await
            .problem(403, "csrf_failed")
            .done();
        browser
            .delete("/api/v1/auth/session")
            .await
            .problem(403, "csrf_failed")
            .done();
    }
    // A token in the query or the cookie is not a token in the header.
    let cookie = browser.cookie(COOKIE).unwrap();
    let both = format!("{COOKIE}={cookie}; csrf_token={csrf}; X-CSRF-Token={csrf}");
    let call = owner
        .client
        .anonymous()
        .post(&path)
        .header("cookie", &both)
        .header("origin", owner.client.base());
    call.json(&branch).await.problem(403, "csrf_failed").done();
    assert_no_branches(&owner).await;

    // Neither does it survive its session.
    browser.set_csrf(Some(&csrf));
    browser
        .post(&path)
        .json(&json!({"code": "MINE", "name": "Mine"}))
        .await
        .expect(201)
        .done();
    browser
        .delete("/api/v1/auth/session")
        .await
        .expect(204)
        .done();
    browser.set_cookie(COOKIE, &cookie);
    browser
        .post(&path)
        .json(&branch)
        .await
        .problem(401, "unauthenticated")
        .done();
    let again = owner.browser().await;
    again.set_csrf(Some(&csrf));
    again
        .post(&path)
        .json(&branch)
        .await
        .problem(403, "csrf_failed")
        .done();
}

#[tokio::test]
async fn a_cookie_from_before_the_log_in_is_not_adopted() {
    let world = World::open(Engine::Sqlite).await;
    let (victim, attacker) = (world.owner("north").await, world.owner("south").await);
    let planted = attacker.browser().await.cookie(COOKIE).unwrap();
    let made_up = format!("{}.{}", planted.split_once('.').unwrap().0, "A".repeat(43));
    for value in [planted.as_str(), &made_up, "x"] {
        let browser = victim.client.browser();
        browser.set_cookie(COOKIE, value);
        let body = json!({"email": victim.email, "password": victim.password, "mode": "cookie"});
        let answer = browser
            .post("/api/v1/auth/sessions")
            .json(&body)
            .await
            .expect(201);
        let fresh = browser.cookie(COOKIE).unwrap();
        assert_ne!(fresh, value);
        assert_ne!(
            fresh.split_once('.').unwrap().0,
            planted.split_once('.').unwrap().0
        );
        let set = answer.header_all("set-cookie").join("\n");
        for attribute in [
            "__Host-gantry_session=",
            "Path=/",
            "Secure",
            "HttpOnly",
            "SameSite=Lax",
        ] {
            assert!(set.contains(attribute), "{attribute} of {set}");
        }
        assert!(!set.to_lowercase().contains("domain="), "{set}");
        assert!(
            answer.text_at("/session") != *value && !answer.text().contains(&fresh),
            "{answer}"
        );
        let me = browser.get("/api/v1/me").await.expect(200).value();
        assert!(me.to_string().contains(&victim.email));
    }
    // A log-in ends the session that its browser had, so the planted one is of no use to anybody.
    bare(&victim.client, &planted)
        .get("/api/v1/me")
        .await
        .problem(401, "unauthenticated")
        .done();
}

#[tokio::test]
async fn a_bad_authorization_header_does_not_fall_back_to_the_cookie() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let browser = owner.browser().await;
    for value in [
        "Bearer",
        "Bearer ",
        "Basic eDp5",
        "Bearer x",
        "bearer",
        "Negotiate x",
    ] {
        let answer = browser
            .get("/api/v1/me")
            .header("authorization", value)
            .await;
        answer.problem(401, "unauthenticated").done();
    }
}
