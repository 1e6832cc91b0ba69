//! What is left of a workspace's people when the workspace is no more.

use std::sync::Arc;

use gantry_contracts::Members;
use gantry_db::{DbError, Sql, args, sql};
use gantry_kernel::TenantId;
use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::{App, Ask};

/// Every row of control that identity keeps because of a workspace.
fn kept() -> [(&'static str, Sql); 9] {
    [
        (
            "memberships",
            sql!("select count(*) from memberships where tenant_id = $1"),
        ),
        (
            "grants",
            sql!("select count(*) from grants where tenant_id = $1"),
        ),
        (
            "invitations",
            sql!("select count(*) from invitations where tenant_id = $1"),
        ),
        (
            "roles",
            sql!("select count(*) from custom_roles where tenant_id = $1"),
        ),
        (
            "services",
            sql!("select count(*) from service_accounts where tenant_id = $1"),
        ),
        (
            "keys",
            sql!(
                "select count(*) from api_keys k join service_accounts s on s.id = k.service_id
             where s.tenant_id = $1"
            ),
        ),
        (
            "security",
            sql!("select count(*) from tenant_security where tenant_id = $1"),
        ),
        (
            "sessions",
            sql!("select count(*) from sessions where operator_tenant_id = $1"),
        ),
        (
            "links of invitations",
            sql!(
                "select count(*) from email_tokens t join invitations i on i.id = t.subject
             where i.tenant_id = $1"
            ),
        ),
    ]
}

async fn held(app: &App, tenant: TenantId) -> Vec<(&'static str, i64)> {
    let mut all = Vec::new();
    for (name, count) in kept() {
        let read = app
            .control
            .read(async move |tx| tx.one::<i64>(count, &args![tenant]).await);
        all.push((name, read.await.unwrap()));
    }
    all
}

/// A workspace with one of everything.
async fn full(app: &App, slug: &str, name: &str) -> (TenantId, String) {
    let email = format!("{slug}@example.com");
    let (tenant, _) = app.owner(&email, name).await;
    let owner = app.guard(&email).await.access;
    let base = format!("/api/v1/tenants/{slug}/identity");
    let member = app
        .invite(
            &owner,
            slug,
            &format!("member-{slug}@example.com"),
            json!({"role": "member"}),
        )
        .await;
    let ask = |path: &str, body| {
        app.send(
            Ask::post(&format!("{base}/{path}"))
                .bearer(&owner)
                .json(body),
        )
    };
    let waiting = format!("waiting-{slug}@example.com");
    assert_eq!(
        ask("invitations", json!({"email": waiting, "role": "member"}))
            .await
            .status,
        201
    );
    app.token(&waiting).await;
    let role = json!({"title": "Reader", "permissions": ["identity.member.read"]});
    assert_eq!(ask("roles", role).await.status, 201);
    let service = ask("service-accounts", json!({"name": "robot", "grants": []}))
        .await
        .text("id");
    assert_eq!(
        ask(
            &format!("service-accounts/{service}/keys"),
            json!({"name": "key"})
        )
        .await
        .status,
        201
    );
    let security = Ask::put(&format!("{base}/security")).bearer(&owner);
    let demanded = app
        .send(security.json(json!({"require_second_factor": true})))
        .await;
    assert_eq!(demanded.status, 200, "{:?}", demanded.json);
    let (_, staff) = app.operator(&format!("ops-{slug}@example.com")).await;
    let acting = json!({"person": member, "workspace": slug, "reason": "they asked for help"});
    let begun = app
        .send(
            Ask::post("/api/v1/admin/impersonations")
                .bearer(&staff)
                .json(acting),
        )
        .await;
    assert_eq!(begun.status, 201, "{:?}", begun.json);
    (tenant, owner)
}

both_engines! {
    async fn a_removed_workspace_leaves_people_and_the_audit_log(engine: Engine) {
        let app = App::new(engine).await;
        let (gone, owner) = full(&app, "north-hall", "North Hall").await;
        let (stays, _) = full(&app, "south-hall", "South Hall").await;
        let before = held(&app, stays).await;
        for (name, count) in held(&app, gone).await {
            assert!(count > 0, "there is no row of {name} to be removed");
        }
        let audited = app.audited("identity.invitation.accepted").await;

        let identity = Arc::clone(&app.identity);
        app.control
            .write(async move |tx| identity.forget(tx, gone).await.map_err(|_| DbError::NoRow))
            .await
            .unwrap();
        for (name, count) in held(&app, gone).await {
            assert_eq!(count, 0, "{name}");
        }
        assert_eq!(held(&app, stays).await, before);
        assert_eq!(app.audited("identity.invitation.accepted").await, audited);
        app.pass(1);
        let me = app.send(Ask::get("/api/v1/me").bearer(&owner)).await;
        assert_eq!((me.status, &me.json["memberships"]), (200, &json!([])), "{:?}", me.json);
        let people = app.count(sql!("select count(*) from identities where verified_at is not null")).await;
        assert_eq!(people, 6);
    }
}
