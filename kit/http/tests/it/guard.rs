//! Credentials, tenants, permissions, scopes, suspension.

use crate::app::{App, Ask};

const NOTE: &str = r#"{"body": "x"}"#;

#[tokio::test]
async fn without_good_credentials_it_is_401_with_a_challenge() {
    let app = App::new().await;
    for ask in [
        Ask::get("/api/v1/me"),
        Ask::get("/api/v1/me").bearer("bad"),
        Ask::get("/api/v1/me").cookie("bad"),
        Ask::get("/api/v1/me").header("authorization", "Basic b3duZXI6eA=="),
        Ask::get("/api/v1/me").header("authorization", "Bearer "),
        // A useless header must not fall back to the cookie.
        Ask::get("/api/v1/me")
            .header("authorization", "nonsense")
            .cookie("owner"),
    ] {
        let answer = app.send(ask).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "unauthenticated")
        );
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"gantry\"");
    }
}

#[tokio::test]
async fn the_bearer_wins_over_the_cookie() {
    let app = App::new().await;
    let owner = app
        .send(Ask::get("/api/v1/me").bearer("owner"))
        .await
        .json();
    let both = app
        .send(Ask::get("/api/v1/me").bearer("owner").cookie("viewer"))
        .await
        .json();
    let viewer = app
        .send(Ask::get("/api/v1/me").cookie("viewer"))
        .await
        .json();
    assert_eq!(owner, both);
    assert_ne!(owner, viewer);
}

#[tokio::test]
async fn strangers_get_404_and_members_without_permission_403() {
    let app = App::new().await;
    let notes = |tenant: &str| format!("/api/v1/tenants/{tenant}/notes");
    let id = app.tenant.to_string();
    let cases = [
        ("owner", "alpha", 200),
        ("owner", id.as_str(), 200),
        ("viewer", "alpha", 200),
        ("stranger", "alpha", 404),
        ("owner", "elsewhere", 404),
        ("owner", "closed", 404),
        ("owner", "new", 503),
        ("nobody", "alpha", 403),
    ];
    for (who, tenant, status) in cases {
        let answer = app.send(Ask::get(&notes(tenant)).bearer(who)).await;
        assert_eq!(answer.status, status, "{who} {tenant}");
    }
    let write = app
        .send(Ask::post(&notes("alpha")).bearer("viewer").json(NOTE))
        .await;
    assert_eq!(write.code(), "permission_missing");
    let same = app
        .send(Ask::get(&notes("elsewhere")).bearer("owner"))
        .await
        .json();
    let other = app
        .send(Ask::get(&notes("alpha")).bearer("stranger"))
        .await
        .json();
    assert_eq!(
        (&same["detail"], &same["code"]),
        (&other["detail"], &other["code"])
    );
}

#[tokio::test]
async fn the_scope_must_be_one_the_route_can_work_with() {
    let app = App::new().await;
    let scope = async |who: &str| {
        app.send(Ask::get("/api/v1/tenants/alpha/scope").bearer(who))
            .await
    };
    assert_eq!(scope("owner").await.json(), "all");
    assert_eq!(scope("units").await.json(), "units");
    assert_eq!(scope("own").await.code(), "scope_missing");
}

#[tokio::test]
async fn a_suspended_workspace_reads_but_does_not_write() {
    let app = App::new().await;
    let base = "/api/v1/tenants/paused";
    assert_eq!(
        app.send(Ask::get(&format!("{base}/notes")).bearer("owner"))
            .await
            .status,
        200
    );
    let write = app
        .send(
            Ask::post(&format!("{base}/notes"))
                .bearer("owner")
                .json(NOTE),
        )
        .await;
    assert_eq!(
        (write.status, write.code().as_str()),
        (403, "tenant_suspended")
    );
}

#[tokio::test]
async fn platform_routes_need_the_platform_permission() {
    let app = App::new().await;
    assert_eq!(
        app.send(Ask::get("/api/v1/admin/staff").bearer("operator"))
            .await
            .status,
        204
    );
    assert_eq!(
        app.send(Ask::get("/api/v1/admin/staff").bearer("owner"))
            .await
            .status,
        403
    );
    assert_eq!(app.send(Ask::get("/api/v1/admin/staff")).await.status, 401);
}

#[tokio::test]
async fn who_may_not_write_does_not_learn_about_the_body() {
    let app = App::new().await;
    let ask = || Ask::post("/api/v1/tenants/alpha/notes").bytes("not json");
    assert_eq!(app.send(ask()).await.status, 401);
    assert_eq!(app.send(ask().bearer("stranger")).await.status, 404);
    assert_eq!(app.send(ask().bearer("viewer")).await.status, 403);
    assert_eq!(app.send(ask().bearer("owner")).await.status, 415);
}

/// A key is not a person, staff in somebody else's place leave that person's account alone, and a session alone is
/// not enough for what is sensitive.
#[tokio::test]
async fn permissions_are_not_all_that_counts() {
    const KEY: Result<(), &str> = Err("people_only");
    const ACTING: Result<(), &str> = Err("impersonation_refused");
    const ONE: Result<(), &str> = Err("workspace_session");
    const STALE: Result<(), &str> = Err("step_up_required");
    let app = App::new().await;
    let cases = [
        // (method, path, owner, stale, machine, impersonated, vouched for by one tenant)
        ("GET", "/api/v1/me", [Ok(()), Ok(()), KEY, ACTING, ONE]),
        (
            "POST",
            "/api/v1/me/writes",
            [Ok(()), Ok(()), KEY, ACTING, ONE],
        ),
        (
            "DELETE",
            "/api/v1/me/session",
            [Ok(()), Ok(()), KEY, Ok(()), Ok(())],
        ),
        ("POST", "/api/v1/me/keys", [Ok(()), STALE, KEY, ACTING, ONE]),
        ("GET", "/api/v1/tenants/alpha/notes", [Ok(()); 5]),
        (
            "POST",
            "/api/v1/tenants/alpha/vault",
            [Ok(()), STALE, KEY, ACTING, Ok(())],
        ),
    ];
    for (method, path, expected) in cases {
        for (who, expected) in ["owner", "stale", "machine", "impersonated", "vouched"]
            .into_iter()
            .zip(expected)
        {
            let answer = app.send(Ask::new(method, path).bearer(who)).await;
            let found = if answer.status < 300 {
                Ok(())
            } else {
                assert_eq!(answer.status, 403, "{who}: {method} {path}");
                Err(answer.code())
            };
            assert_eq!(
                found,
                expected.map_err(str::to_owned),
                "{who}: {method} {path}"
            );
        }
    }
    for (who, code) in [
        ("machine", "people_only"),
        ("impersonated", "impersonation_refused"),
        ("vouched", "workspace_session"),
        ("password-only", "second_factor_required"),
        ("owner", "permission_missing"),
    ] {
        let answer = app.send(Ask::get("/api/v1/admin/staff").bearer(who)).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, code),
            "platform staff: {who}"
        );
    }
}

#[tokio::test]
async fn who_lacks_the_permission_is_not_asked_to_confirm_who_they_are() {
    let app = App::new().await;
    let answer = app
        .send(Ask::post("/api/v1/tenants/alpha/vault").bearer("viewer"))
        .await;
    assert_eq!(answer.code(), "permission_missing");
}
