//! What a workspace asks of its members: a second factor, for everybody at once and in every process.

use gantry_testkit::{Engine, both_engines};
use serde_json::{Value, json};

use crate::app::{Answer, App, Ask, PASSWORD};

const BASE: &str = "/api/v1/tenants/north-hall/identity";

async fn demand(app: &App, access: &str, required: bool) -> Answer {
    let body = json!({ "require_second_factor": required });
    let ask = Ask::put(&format!("{BASE}/security")).bearer(access);
    app.send(ask.json(body)).await
}

async fn members(app: &App, access: &str) -> (u16, String) {
    let answer = app
        .send(Ask::get(&format!("{BASE}/members")).bearer(access))
        .await;
    let code = if answer.status == 200 {
        String::new()
    } else {
        answer.code()
    };
    (answer.status, code)
}

fn shut_out() -> (u16, String) {
    (403, "second_factor_required".to_owned())
}

fn let_in() -> (u16, String) {
    (200, String::new())
}

async fn app(engine: Engine) -> App {
    let app = App::new(engine).await;
    app.owner("owner@example.com", "North Hall").await;
    app
}

both_engines! {
    async fn a_workspace_can_demand_a_second_factor(engine: Engine) {
        let app = app(engine).await;
        let (access, _) = app.tokens("owner@example.com").await;
        app.invite(&access, "north-hall", "admin@example.com", json!({ "role": "admin" })).await;
        let me = app.send(Ask::get("/api/v1/me").bearer(&access)).await.json;
        assert_eq!(me["memberships"][0]["second_factor_required"], json!(false), "{me}");
        let early = demand(&app, &access, true).await;
        assert_eq!((early.status, early.code()), shut_out(), "nobody shuts themselves out");
        let owner = app.guard("owner@example.com").await;
        let (admin, _) = app.tokens("admin@example.com").await;
        assert_eq!(demand(&app, &admin, true).await.code(), "permission_missing", "owners decide");
        assert_eq!(members(&app, &admin).await, let_in());
        let other = app.beside(&[1]);
        assert_eq!(members(&other, &admin).await, let_in());

        let done = demand(&app, &owner.access, true).await;
        assert_eq!((done.status, &done.json["require_second_factor"]), (200, &json!(true)), "{:?}", done.json);
        assert_eq!(members(&app, &admin).await, shut_out());
        for (access, confirmed) in [(&admin, false), (&owner.access, true)] {
            let me = app.send(Ask::get("/api/v1/me").bearer(access)).await.json;
            let workspace = &me["memberships"][0];
            assert_eq!(workspace["second_factor_required"], json!(true), "said before anybody is refused: {me}");
            assert_eq!((&me["multi_factor"], &me["second_factor"]), (&json!(confirmed), &json!(confirmed)));
        }
        app.clock.advance(std::time::Duration::from_millis(500));
        assert_eq!(members(&other, &admin).await, shut_out(), "in the other process within half a second");
        assert_eq!(members(&app, &owner.access).await, let_in());
        // The way in is to add one: what is the person's own is open, and the session at hand is good from then on.
        assert_eq!(app.me(&admin).await, 200);
        let guarded = app.guard("admin@example.com").await;
        assert_eq!(members(&app, &guarded.access).await, let_in());
        app.pass(60);
        let again = guarded.sign_in(&app).await.text("access_token");
        assert_eq!(members(&app, &again).await, let_in());

        let remove = Ask::delete("/api/v1/me/totp").bearer(&guarded.access);
        assert_eq!(app.send(remove).await.status, 204);
        assert_eq!(members(&app, &guarded.access).await, shut_out(), "what was shown is no factor any more");

        app.pass(600);
        let stale = demand(&app, &owner.access, false).await;
        assert_eq!(stale.code(), "step_up_required");
        let proof = Ask::post("/api/v1/me/step-up").bearer(&owner.access).json(owner.code(&app, 0));
        assert_eq!(app.send(proof).await.status, 200);
        assert_eq!(demand(&app, &owner.access, false).await.status, 200);
        let audit = app.send(Ask::get(&format!("{BASE}/audit")).bearer(&owner.access)).await;
        let rows: Vec<(&Value, &Value)> = audit.json["items"].as_array().unwrap().iter()
            .filter(|row| row["action"] == "identity.security.changed")
            .map(|row| (&row["before"]["require_second_factor"], &row["after"]["require_second_factor"]))
            .collect();
        assert_eq!(rows, [(&json!(true), &json!(false)), (&json!(false), &json!(true))]);
    }

    /// Programs have keys instead, and staff acting as a member have proven a factor of their own.
    async fn the_demand_is_made_of_people_in_their_own_sessions(engine: Engine) {
        let app = app(engine).await;
        let owner = app.guard("owner@example.com").await;
        let (access, _) = app.tokens_of(&owner).await;
        app.invite(&access, "north-hall", "member@example.com", json!({ "role": "admin" })).await;
        let (member, _) = app.tokens("member@example.com").await;
        let me = app.send(Ask::get("/api/v1/me").bearer(&member)).await.text("identity");
        assert_eq!(demand(&app, &access, true).await.status, 200);
        assert_eq!(members(&app, &member).await, shut_out());
        let (_, staff) = app.operator("staff@example.com").await;
        let body = json!({ "person": me, "workspace": "north-hall", "reason": "ticket 4711: empty list" });
        let acting = app.send(Ask::post("/api/v1/admin/impersonations").bearer(&staff).json(body)).await;
        assert_eq!(members(&app, &acting.text("access_token")).await, let_in());
        let account = json!({ "name": "door", "grants": [{ "role": "spaces.manager" }] });
        let made = Ask::post(&format!("{BASE}/service-accounts")).bearer(&access).json(account);
        let service = app.send(made).await.text("id");
        let made = Ask::post(&format!("{BASE}/service-accounts/{service}/keys")).bearer(&access).json(json!({ "name": "door" }));
        let key = app.send(made).await.text("secret");
        assert_eq!(members(&app, &key).await.1, "permission_missing", "not for want of a factor");
        assert_eq!(app.log_in("member@example.com", PASSWORD).await.status, 201, "signing in is not refused");
    }
}
