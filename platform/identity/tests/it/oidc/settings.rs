//! Who decides by which providers people sign in, and what is kept of that.

use std::time::Duration;

use gantry_testkit::both_engines;

use super::*;

/// Adds a provider to a workspace.
pub(super) fn new(slug: &str, idp: &OpenIdProvider) -> Ask {
    Ask::post(&providers(slug)).json(json!({
        "name": "Own SSO", "issuer": idp.issuer(), "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
    }))
}

/// A change that keeps the secret.
pub(super) fn change(enabled: bool) -> Value {
    json!({ "name": "Own SSO", "client_id": CLIENT_ID, "client_auth": "basic", "enabled": enabled })
}

fn providers(slug: &str) -> String {
    format!("/api/v1/tenants/{slug}/identity/providers")
}

both_engines! {
    async fn owners_decide_and_nobody_else(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        app.owner(WHO, "North Hall").await;
        let (owners, _) = app.tokens(WHO).await;
        let slug = app.slug(&owners).await;
        app.invite(&owners, &slug, "admin@example.com", json!({ "role": "admin" })).await;
        let (admins, _) = app.tokens("admin@example.com").await;
        let made = app.send(new(&slug, &world.provider).bearer(&owners)).await;
        assert_eq!(made.status, 201, "{:?}", made.json);
        assert!(!made.json.to_string().contains("s:cret"), "{:?}", made.json);
        let one = format!("{}/{}", providers(&slug), made.text("id"));
        assert!(made.headers["location"].to_str().unwrap().ends_with(&made.text("id")));
        for ask in [
            Ask::get(&providers(&slug)),
            Ask::get(&one),
            new(&slug, &world.provider),
            Ask::put(&one).header("if-match", "\"v1\"").json(change(false)),
            Ask::delete(&one),
        ] {
            assert_eq!(app.send(ask.bearer(&admins)).await.code(), "permission_missing");
        }
        let twice = app.send(new(&slug, &world.provider).bearer(&owners)).await;
        assert_eq!((twice.status, twice.code().as_str()), (409, "issuer_taken"));
        let got = app.send(Ask::get(&one).bearer(&owners)).await;
        assert_eq!((got.status, &got.headers["etag"]), (200, &"\"v1\"".parse().unwrap()));
        let stale = Ask::put(&one).header("if-match", "\"v7\"").json(change(true));
        assert_eq!(app.send(stale.bearer(&owners)).await.status, 412);
        let bare = json!({ "name": "x", "client_id": "x", "client_auth": "none", "enabled": true });
        let bare = Ask::put(&one).header("if-match", "\"v1\"").json(bare);
        assert_eq!(app.send(bare.bearer(&owners)).await.json["client_auth"], "none");
        let missing = Ask::put(&one).header("if-match", "\"v2\"").json(change(true));
        assert_eq!(app.send(missing.bearer(&owners)).await.status, 422, "the secret went with it");
        app.clock.advance(Duration::from_secs(601));
        for ask in [
            new(&slug, &world.provider),
            Ask::put(&one).header("if-match", "\"v2\"").json(change(true)),
            Ask::delete(&one),
        ] {
            assert_eq!(app.send(ask.bearer(&owners)).await.code(), "step_up_required");
        }
    }

    async fn what_makes_no_sense_is_refused(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        app.owner(WHO, "North Hall").await;
        let (owners, _) = app.tokens(WHO).await;
        let slug = app.slug(&owners).await;
        let long = "s".repeat(1_025);
        for (field, value) in [
            ("issuer", json!("http://sso.example.com")),
            ("issuer", json!("https://10.0.0.1")),
            ("issuer", json!("https://169.254.169.254")),
            ("issuer", json!("https://[::1]/")),
            ("issuer", json!("https://2130706433:1/")),
            ("issuer", json!("https://sso.example.com/?x=1")),
            ("issuer", json!("sso.example.com")),
            ("name", json!("")),
            ("client_id", json!("")),
            ("client_secret", json!(null)),
            ("client_secret", json!("")),
            ("client_secret", json!(long)),
            ("client_auth", json!("none")),
            ("client_auth", json!("jwt")),
        ] {
            let mut body = json!({
                "name": "Own SSO", "issuer": "https://sso.example.com", "client_id": "x", "client_secret": "y",
            });
            body[field] = value.clone();
            let refused = app.send(Ask::post(&providers(&slug)).bearer(&owners).json(body)).await;
            // 2130706433 is loopback in another form, which the tests allow.
            let expected = if value == "https://2130706433:1/" { 201 } else { 422 };
            assert_eq!(refused.status, expected, "{field}: {value}: {:?}", refused.json);
        }
        for n in 0..9 {
            let body = json!({
                "name": "Own SSO", "issuer": format!("https://sso{n}.example.com"), "client_id": "x", "client_auth": "none",
            });
            assert_eq!(app.send(Ask::post(&providers(&slug)).bearer(&owners).json(body)).await.status, 201);
        }
        let full = app.send(new(&slug, &world.provider).bearer(&owners)).await;
        assert_eq!((full.status, full.code().as_str()), (409, "too_many_providers"));
    }

    /// The answer for a workspace without providers, and for none.
    async fn a_log_in_page_does_not_tell_which_workspaces_exist(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        let (tenant, _) = app.owner(WHO, "North Hall").await;
        let (owners, _) = app.tokens(WHO).await;
        let slug = app.slug(&owners).await;
        let page = async |workspace: &str| {
            app.send(Ask::get(&format!("/api/v1/auth/providers?workspace={}", workspace.replace(' ', "%20")))).await
        };
        let without = page(&slug).await.visible();
        for none in ["no-such-workspace", "01987c5e-5d5e-7cc0-8d51-000000000000", "North Hall", ""] {
            assert_eq!(page(none).await.visible(), without, "{none}");
        }
        let made = app.send(new(&slug, &world.provider).bearer(&owners)).await;
        for name in [slug.clone(), tenant.to_string()] {
            let with = page(&name).await;
            let own = json!({ "key": made.text("id"), "name": "Own SSO", "workspace_only": true });
            assert_eq!(with.json["items"][1], own, "{:?}", with.json);
        }
        let kept = app.count(gantry_db::sql!(
            "select count(*) from oidc_providers where sealed_secret is not null"
        )).await;
        assert_eq!(kept, 1);
    }
}
