//! Staff who act as a member of a workspace.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use gantry_testkit::both_engines;
use serde_json::{Value, json};

use crate::app::{Answer, App, Ask};

const OWNER: &str = "owner@example.com";

struct World {
    app: App,
    operator: String,
    staff: String,
    person: String,
    slug: String,
}

impl World {
    async fn new(engine: gantry_testkit::Engine) -> Self {
        let app = App::new(engine).await;
        let (operator, staff) = app.operator("staff@example.com").await;
        let (_, person) = app.owner(OWNER, "North Hall").await;
        let (access, _) = app.tokens(OWNER).await;
        let me = app.send(Ask::get("/api/v1/me").bearer(&access)).await;
        let slug = me.json["memberships"][0]["slug"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            app,
            operator,
            staff,
            person,
            slug,
        }
    }

    async fn act(&self, as_whom: &str, where_: &str, reason: &str) -> Answer {
        let body = json!({ "person": as_whom, "workspace": where_, "reason": reason });
        let ask = Ask::post("/api/v1/admin/impersonations")
            .bearer(&self.staff)
            .json(body);
        self.app.send(ask).await
    }

    async fn acting(&self) -> (String, String) {
        let begun = self
            .act(&self.person, &self.slug, "ticket 4711: empty list")
            .await;
        assert_eq!(begun.status, 201, "{:?}", begun.json);
        (begun.text("access_token"), begun.text("refresh_token"))
    }

    fn members(&self) -> String {
        format!("/api/v1/tenants/{}/identity/members", self.slug)
    }
}

fn claims(token: &str) -> Value {
    let claims = B64.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

both_engines! {
    /// The workspace opens, every page can say who is there, and the trace names both.
    async fn staff_see_what_a_member_sees(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        let (acting, _) = world.acting().await;
        let me = app.send(Ask::get("/api/v1/me").bearer(&acting)).await.json;
        assert_eq!(me["identity"], json!(world.person));
        assert_eq!(me["impersonation"]["operator"], json!(world.operator));
        assert_eq!(me["impersonation"]["reason"], "ticket 4711: empty list");
        let path = format!("/api/v1/tenants/{}/identity/invitations", world.slug);
        let invite = |role: &str| Ask::post(&path).bearer(&acting).json(json!({ "email": "new@example.com", "role": role }));
        assert_eq!(app.send(invite("admin")).await.code(), "step_up_required", "staff give no power");
        assert_eq!(app.send(invite("member")).await.status, 201);
        let (owners, _) = app.tokens(OWNER).await;
        let log = format!("/api/v1/tenants/{}/identity/audit", world.slug);
        let rows = app.send(Ask::get(&log).bearer(&owners)).await.json;
        let row = |action: &str| -> Value {
            let rows = rows["items"].as_array().unwrap();
            rows.iter().find(|row| row["action"] == action).unwrap_or_else(|| panic!("no {action}")).clone()
        };
        let invited = row("identity.invitation.created");
        assert_eq!(invited["actor_kind"], "impersonator");
        assert_eq!((&invited["actor_id"], &invited["on_behalf_of"]), (&json!(world.operator), &json!(world.person)));
        assert_eq!(row("identity.impersonation.started")["after"]["reason"], "ticket 4711: empty list");
        let mail = app.mails(OWNER, "identity.impersonated").await;
        assert_eq!(mail[0].as_ref().unwrap()["reason"], "ticket 4711: empty list");
        let sessions = app.send(Ask::get("/api/v1/me/sessions").bearer(&owners)).await.json;
        let shown: Vec<&Value> = sessions["items"].as_array().unwrap().iter().map(|one| &one["impersonated"]).collect();
        assert!(shown.contains(&&json!(true)), "the person sees it and can end it: {shown:?}");
    }

    /// The person's account, other workspaces and the platform stay out of reach.
    async fn it_opens_one_workspace_and_nothing_else(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        let (acting, _) = world.acting().await;
        app.owner("other@example.com", "South Hall").await;
        let (others, _) = app.tokens("other@example.com").await;
        let me = app.send(Ask::get("/api/v1/me").bearer(&others)).await;
        let elsewhere = me.json["memberships"][0]["slug"].as_str().unwrap().to_owned();
        app.invite(&others, &elsewhere, "second@example.com", json!({ "role": "owner" })).await;
        // The person belongs to a second workspace, too.
        let invitations = format!("/api/v1/tenants/{elsewhere}/identity/invitations");
        let body = json!({ "email": OWNER, "role": "admin" });
        app.send(Ask::post(&invitations).bearer(&others).json(body)).await;
        let token = app.token(OWNER).await;
        let (owners, _) = app.tokens(OWNER).await;
        let accept = Ask::post("/api/v1/me/invitations/accept").bearer(&owners).json(json!({ "token": token }));
        assert_eq!(app.send(accept).await.status, 200);
        let members = |slug: &str| format!("/api/v1/tenants/{slug}/identity/members");
        assert_eq!(app.send(Ask::get(&members(&elsewhere)).bearer(&owners)).await.status, 200);
        assert_eq!(app.send(Ask::get(&members(&elsewhere)).bearer(&acting)).await.status, 404);
        assert_eq!(app.send(Ask::get(&world.members()).bearer(&acting)).await.status, 200);
        let me = app.send(Ask::get("/api/v1/me").bearer(&acting)).await.json;
        assert_eq!(me["memberships"].as_array().unwrap().len(), 1);
        let refused = [
            Ask::get("/api/v1/me/sessions"),
            Ask::delete("/api/v1/me/sessions"),
            Ask::get("/api/v1/me/export"),
            Ask::post("/api/v1/me/closure"),
            Ask::post("/api/v1/me/email-changes").json(json!({ "email": "thief@example.com" })),
            Ask::put("/api/v1/me/password").json(json!({ "current_password": "x", "new_password": "y" })),
            Ask::delete(&format!("/api/v1/me/memberships/{}", world.slug)),
        ];
        for ask in refused {
            let answer = app.send(ask.bearer(&acting)).await;
            assert_eq!((answer.status, answer.code().as_str()), (403, "impersonation_refused"));
        }
    }

    /// The token says who is behind it (RFC 8693, section 4.1), and is good only while the session says the same.
    async fn its_tokens_name_the_operator(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        let (acting, refresh) = world.acting().await;
        assert_eq!(claims(&acting)["act"], json!({ "sub": world.operator }));
        assert_eq!(claims(&acting)["sub"], json!(world.person));
        let ask = Ask::post("/api/v1/auth/tokens/refresh").json(json!({ "refresh_token": refresh }));
        let next = app.send(ask).await.text("access_token");
        assert_eq!(claims(&next)["act"], json!({ "sub": world.operator }));
        let (owners, _) = app.tokens(OWNER).await;
        assert!(claims(&owners).get("act").is_none());
        app.control
            .write(async |tx| {
                let other = gantry_db::sql!("update sessions set operator_id = identity_id where operator_id is not null");
                tx.execute(other, &[]).await
            })
            .await
            .unwrap();
        app.pass(1);
        assert_eq!((app.me(&next).await, app.me(&owners).await), (401, 200));
    }

    /// Half an hour, also with the refresh token; and it ends with the operator's own access.
    async fn it_ends(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        let (acting, refresh) = world.acting().await;
        let out = app.send(Ask::delete("/api/v1/auth/session").bearer(&acting)).await;
        assert_eq!((out.status, app.me(&acting).await), (204, 401));
        let ask = |token: &str| Ask::post("/api/v1/auth/tokens/refresh").json(json!({ "refresh_token": token }));
        assert_eq!(app.send(ask(&refresh)).await.status, 401);
        let (acting, refresh) = world.acting().await;
        app.pass(14 * 60);
        let next = app.send(ask(&refresh)).await;
        assert_eq!((next.status, app.me(&acting).await), (200, 200));
        app.pass(16 * 60);
        assert_eq!(app.me(&next.text("access_token")).await, 401);
        assert_eq!(app.send(ask(&next.text("refresh_token"))).await.status, 401);
        let world = World { staff: app.operator("more-staff@example.com").await.1, ..world };
        let (acting, _) = world.acting().await;
        let everywhere = Ask::delete("/api/v1/me/sessions").bearer(&world.staff);
        assert_eq!(world.app.send(everywhere).await.status, 204);
        assert_eq!(world.app.me(&acting).await, 401, "with all sessions of the operator");
        let (_, leaver) = world.app.operator("leaver@example.com").await;
        let world = World { staff: leaver, ..world };
        let (acting, _) = world.acting().await;
        let closed = Ask::post("/api/v1/me/closure").bearer(&world.staff);
        assert_eq!(world.app.send(closed).await.status, 204);
        assert_eq!(world.app.me(&acting).await, 401, "with the operator's account");
    }

    /// Not without a reason, not an operator, not a stranger to the workspace, not by a member, not in a chain.
    async fn it_has_limits(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        assert_eq!(world.act(&world.person, &world.slug, "because").await.status, 422);
        assert_eq!(world.act(&world.person, "elsewhere", "a good enough reason").await.status, 404);
        assert_eq!(world.act(&world.operator, &world.slug, "a good enough reason").await.status, 404);
        let (owners, _) = app.tokens(OWNER).await;
        let (_, theirs) = app.operator("colleague@example.com").await;
        let path = format!("/api/v1/tenants/{}/identity/invitations", world.slug);
        let body = json!({ "email": "colleague@example.com", "role": "admin" });
        app.send(Ask::post(&path).bearer(&owners).json(body)).await;
        let token = app.token("colleague@example.com").await;
        let accept = Ask::post("/api/v1/me/invitations/accept").bearer(&theirs).json(json!({ "token": token }));
        let colleague = app.send(accept).await.text("identity");
        let refused = world.act(&colleague, &world.slug, "a good enough reason").await;
        assert_eq!(refused.code(), "staff_not_impersonated");
        let body = json!({ "person": world.person, "workspace": world.slug, "reason": "a good enough reason" });
        let (acting, _) = world.acting().await;
        for (access, code) in [(&owners, "permission_missing"), (&acting, "impersonation_refused")] {
            let ask = Ask::post("/api/v1/admin/impersonations").bearer(access).json(body.clone());
            assert_eq!(app.send(ask).await.code(), code);
        }
        app.pass(601);
        assert_eq!(world.act(&world.person, &world.slug, "a good enough reason").await.code(), "step_up_required");
    }
}
