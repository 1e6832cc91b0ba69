//! Invitations, grants, and the rules that keep a workspace its owners'.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use gantry_audit::{Entry, Target};
use gantry_kernel::Actor;
use gantry_testkit::{Engine, both_engines};
use serde_json::{Value, json};

use crate::app::{Answer, App, Ask, PASSWORD};

const BASE: &str = "/api/v1/tenants/north-hall/identity";

async fn app(engine: Engine) -> (App, String, String) {
    let app = App::new(engine).await;
    let (_, owner) = app.owner("owner@example.com", "North Hall").await;
    let (access, _) = app.tokens("owner@example.com").await;
    (app, access, owner)
}

async fn set(app: &App, access: &str, member: &str, version: i64, grants: Value) -> Answer {
    app.send(
        Ask::put(&format!("{BASE}/members/{member}/grants"))
            .bearer(access)
            .header("if-match", &format!("\"v{version}\""))
            .json(json!({ "grants": grants })),
    )
    .await
}

async fn remove(app: &App, access: &str, member: &str) -> Answer {
    app.send(Ask::delete(&format!("{BASE}/members/{member}")).bearer(access))
        .await
}

async fn invite(app: &App, access: &str, body: Value) -> Answer {
    app.send(
        Ask::post(&format!("{BASE}/invitations"))
            .bearer(access)
            .json(body),
    )
    .await
}

async fn owners(app: &App) -> i64 {
    app.control
        .read(async |tx| {
            tx.one(
                gantry_db::sql!("select count(*) from grants where role = 'owner'"),
                &[],
            )
            .await
        })
        .await
        .unwrap()
}

both_engines! {
    /// A new person joins by a link and sees what the role allows, nothing else.
    async fn an_invited_person_joins(engine: Engine) {
        let (app, access, _) = app(engine).await;
        app.pass(1);
        let person = app.invite(&access, "north-hall", "new@example.com", json!({ "role": "member" })).await;
        let (theirs, _) = app.tokens("new@example.com").await;
        let members = |access: &str| Ask::get(&format!("{BASE}/members")).bearer(access);
        assert_eq!(app.send(members(&theirs)).await.status, 403);
        let list = app.send(members(&access)).await;
        assert_eq!(list.json["items"].as_array().unwrap().len(), 2);
        assert_eq!(list.json["items"][1]["identity"], person.as_str());
        let audit = app.send(Ask::get(&format!("{BASE}/audit")).bearer(&access)).await;
        let actions: Vec<_> =
            audit.json["items"].as_array().unwrap().iter().map(|row| row["action"].clone()).collect();
        assert!(actions.contains(&json!("identity.invitation.accepted")), "{actions:?}");
        let twice = invite(&app, &access, json!({ "email": "NEW@example.com", "role": "member" })).await;
        assert_eq!((twice.status, twice.code().as_str()), (409, "already_member"));
    }

    /// An account that exists is joined only with its password or its session.
    async fn an_existing_account_must_prove_itself(engine: Engine) {
        let (app, access, _) = app(engine).await;
        app.owner("second@example.com", "South Hall").await;
        assert_eq!(invite(&app, &access, json!({ "email": "second@example.com", "role": "admin" })).await.status, 201);
        let again = invite(&app, &access, json!({ "email": "second@example.com", "role": "member" })).await;
        assert_eq!((again.status, again.code().as_str()), (409, "already_invited"));
        let token = app.token("second@example.com").await;
        let inspect = Ask::post("/api/v1/auth/invitations/inspect").json(json!({ "token": token }));
        let seen = app.send(inspect).await;
        assert_eq!((seen.json["has_account"].clone(), seen.json["role"].clone()), (json!(true), json!("Administrator")));
        let accept = |password: &str| {
            Ask::post("/api/v1/auth/invitations/accept")
                .json(json!({ "token": token, "password": password, "name": "Stranger" }))
        };
        assert_eq!(app.send(accept("a stranger's own words")).await.status, 401);
        let as_me = |access: &str| {
            Ask::post("/api/v1/me/invitations/accept").bearer(access).json(json!({ "token": token }))
        };
        assert_eq!(app.send(as_me(&access)).await.status, 410, "somebody else's session");
        let (theirs, _) = app.tokens("second@example.com").await;
        assert_eq!(app.send(as_me(&theirs)).await.status, 200);
        assert_eq!(app.send(accept(PASSWORD)).await.status, 410, "once");
        let me = app.send(Ask::get("/api/v1/me").bearer(&theirs)).await;
        assert_eq!(me.json["memberships"].as_array().unwrap().len(), 2);
    }

    /// A session that somebody left open, or that was stolen, makes nobody an administrator or owner.
    async fn power_over_others_takes_a_recent_proof(engine: Engine) {
        let (app, access, _) = app(engine).await;
        let member = app.invite(&access, "north-hall", "new@example.com", json!({ "role": "member" })).await;
        app.pass(601);
        for role in ["admin", "owner", "people.host"] {
            let offered = invite(&app, &access, json!({ "email": "a@example.com", "role": role })).await;
            assert_eq!((offered.status, offered.code().as_str()), (403, "step_up_required"), "{role}");
            let set = set(&app, &access, &member, 1, json!([{ "role": "member" }, { "role": role }])).await;
            assert_eq!((set.status, set.code().as_str()), (403, "step_up_required"), "{role}");
        }
        assert_eq!(owners(&app).await, 1);
        // What lets nobody decide about others asks for nothing.
        let plain = invite(&app, &access, json!({ "email": "b@example.com", "role": "spaces.manager" })).await;
        assert_eq!(plain.status, 201, "{:?}", plain.json);
        assert_eq!(set(&app, &access, &member, 1, json!([{ "role": "spaces.manager" }])).await.status, 200);
        let proof = Ask::post("/api/v1/me/step-up").bearer(&access).json(json!({ "password": PASSWORD }));
        assert_eq!(app.send(proof).await.status, 200);
        let made = set(&app, &access, &member, 2, json!([{ "role": "admin" }])).await;
        assert_eq!(made.status, 200, "{:?}", made.json);
        assert_eq!(invite(&app, &access, json!({ "email": "a@example.com", "role": "owner" })).await.status, 201);
        // Anew, because an access token ends before a second ten minutes are over.
        let (access, _) = app.tokens("owner@example.com").await;
        app.pass(601);
        let kept = set(&app, &access, &member, 3, json!([{ "role": "admin" }, { "role": "spaces.manager" }])).await;
        assert_eq!(kept.status, 200, "what they had already is not given: {:?}", kept.json);
        assert_eq!(set(&app, &access, &member, 4, json!([])).await.status, 200);
    }

    /// Of 20 acceptances of one link one makes a member.
    async fn an_invitation_is_accepted_once_under_race(engine: Engine) {
        let (app, access, _) = app(engine).await;
        invite(&app, &access, json!({ "email": "new@example.com", "role": "member" })).await;
        let token = app.token("new@example.com").await;
        let accept = || {
            app.send(Ask::post("/api/v1/auth/invitations/accept").json(json!({
                "token": token, "name": "Invited Person", "password": PASSWORD,
            })))
        };
        let answers = join_all((0..20).map(|_| accept())).await;
        let joined = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(joined, 1, "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
    }

    /// Revoked, expired, superseded, or sent by somebody who no longer may: the link is dead.
    async fn a_closed_invitation_opens_nothing(engine: Engine) {
        let (app, access, _) = app(engine).await;
        let inspect = |token: String| {
            app.send(Ask::post("/api/v1/auth/invitations/inspect").json(json!({ "token": token })))
        };
        let made = invite(&app, &access, json!({ "email": "a@example.com", "role": "member" })).await;
        let token = app.token("a@example.com").await;
        let one = format!("{BASE}/invitations/{}", made.text("id"));
        let resend = || Ask::post(&format!("{one}/resend")).bearer(&access);
        assert_eq!(app.send(resend()).await.status, 429, "not at once");
        app.pass(61);
        assert_eq!(app.send(resend()).await.status, 202);
        assert_eq!(inspect(token).await.status, 410, "superseded");
        let token = app.token("a@example.com").await;
        assert_eq!(inspect(token.clone()).await.status, 200);
        assert_eq!(app.send(Ask::delete(&one).bearer(&access)).await.status, 204);
        assert_eq!(inspect(token).await.status, 410, "revoked");
        assert_eq!(app.send(Ask::delete(&one).bearer(&access)).await.status, 409);

        app.invite(&access, "north-hall", "host@example.com", json!({ "role": "admin" })).await;
        let (host, _) = app.tokens("host@example.com").await;
        invite(&app, &host, json!({ "email": "b@example.com", "role": "member" })).await;
        let token = app.token("b@example.com").await;
        let list = app.send(Ask::get(&format!("{BASE}/members")).bearer(&access)).await;
        let id = list.json["items"][1]["identity"].as_str().unwrap().to_owned();
        assert_eq!(remove(&app, &access, &id).await.status, 204);
        assert_eq!(inspect(token).await.status, 410, "its author may not any more");
        invite(&app, &access, json!({ "email": "c@example.com", "role": "member" })).await;
        let token = app.token("c@example.com").await;
        app.pass(7 * 86_400);
        assert_eq!(inspect(token).await.status, 410, "expired");
    }

    /// Nobody gives, takes or changes more than they hold.
    async fn access_cannot_be_escalated(engine: Engine) {
        let app = App::new(engine).await;
        let (tenant, owner) = app.owner("owner@example.com", "North Hall").await;
        let (access, _) = app.tokens("owner@example.com").await;
        let (a, b) = (app.unit(tenant), app.unit(tenant));
        let admin = app.invite(&access, "north-hall", "admin@example.com", json!({ "role": "admin" })).await;
        let host = app.invite(&access, "north-hall", "host@example.com", json!({ "role": "people.host" })).await;
        let grants = json!([
            { "role": "people.host" },
            { "role": "spaces.manager", "scope": "units", "units": [a] },
        ]);
        assert_eq!(set(&app, &access, &host, 1, grants).await.status, 200);
        let (admins, _) = app.tokens("admin@example.com").await;
        let (hosts, _) = app.tokens("host@example.com").await;
        for (who, token, body) in [
            ("admin", &admins, json!({ "role": "owner" })),
            ("host", &hosts, json!({ "role": "owner" })),
            ("host", &hosts, json!({ "role": "admin" })),
            ("host", &hosts, json!({ "role": "spaces.manager" })),
            ("host", &hosts, json!({ "role": "spaces.manager", "scope": "units", "units": [b] })),
            ("host", &hosts, json!({ "role": "spaces.manager", "scope": "units", "units": [a, b] })),
        ] {
            let mut body = body;
            body["email"] = json!("puppet@example.com");
            let refused = invite(&app, token, body.clone()).await;
            assert_eq!((refused.status, refused.code().as_str()), (403, "grant_exceeds"), "{who}: {body}");
        }
        let within = json!({ "email": "puppet@example.com", "role": "spaces.manager", "scope": "units", "units": [a] });
        assert_eq!(invite(&app, &hosts, within).await.status, 201);
        for (who, token, target, grants) in [
            ("admin over themself", &admins, &admin, json!([{ "role": "owner" }])),
            ("host over themself", &hosts, &host, json!([{ "role": "admin" }])),
            ("admin over the owner", &admins, &owner, json!([])),
            ("host over the admin", &hosts, &admin, json!([])),
        ] {
            let refused = set(&app, token, target, 1, grants).await;
            assert_eq!(refused.status, 403, "{who}: {:?}", refused.json);
        }
        assert_eq!(remove(&app, &admins, &owner).await.status, 403);
        assert_eq!(remove(&app, &hosts, &admin).await.status, 403);
        assert_eq!(set(&app, &access, &admin, 7, json!([])).await.status, 412);
        assert_eq!(owners(&app).await, 1);
    }

    /// The last owner stays, however they try to go.
    async fn the_last_owner_stays(engine: Engine) {
        let (app, access, owner) = app(engine).await;
        let leave = Ask::delete("/api/v1/me/memberships/north-hall").bearer(&access);
        for answer in [
            set(&app, &access, &owner, 1, json!([{ "role": "admin" }])).await,
            remove(&app, &access, &owner).await,
            app.send(leave).await,
        ] {
            assert_eq!((answer.status, answer.code().as_str()), (409, "last_owner"), "{:?}", answer.json);
        }
        assert_eq!(owners(&app).await, 1);
    }

    /// Two owners remove each other at the same moment: one of them stays.
    async fn owners_who_remove_each_other_leave_one(engine: Engine) {
        let (app, access, first) = app(engine).await;
        for round in 0..5 {
            let email = format!("second{round}@example.com");
            let second = app.invite(&access, "north-hall", &email, json!({ "role": "owner" })).await;
            let (seconds, _) = app.tokens(&email).await;
            let leave = |token: &str| Ask::delete("/api/v1/me/memberships/north-hall").bearer(token);
            let (one, two) =
                futures_util::future::join(app.send(leave(&access)), app.send(leave(&seconds))).await;
            assert_eq!(owners(&app).await, 1, "round {round}: {} {}", one.status, two.status);
            assert_eq!(one.status + two.status, 204 + 409, "round {round}");
            if one.status == 204 {
                // The first owner comes back for the next round.
                let body = json!({ "email": "owner@example.com", "role": "owner" });
                assert_eq!(invite(&app, &seconds, body).await.status, 201);
                let token = app.token("owner@example.com").await;
                let accept = Ask::post("/api/v1/me/invitations/accept").bearer(&access).json(json!({ "token": token }));
                assert_eq!(app.send(accept).await.status, 200);
                assert_eq!(remove(&app, &access, &second).await.status, 204);
            }
            assert_eq!(owners(&app).await, 1, "{first}");
        }
    }

    /// A role that is taken away is gone at the next request.
    async fn a_lost_role_is_gone_at_once(engine: Engine) {
        let (app, access, _) = app(engine).await;
        let admin = app.invite(&access, "north-hall", "admin@example.com", json!({ "role": "admin" })).await;
        let (theirs, _) = app.tokens("admin@example.com").await;
        let members = || Ask::get(&format!("{BASE}/members")).bearer(&theirs);
        assert_eq!(app.send(members()).await.status, 200);
        assert_eq!(set(&app, &access, &admin, 1, json!([{ "role": "member" }])).await.status, 200);
        assert_eq!(app.send(members()).await.status, 403);
        assert_eq!(remove(&app, &access, &admin).await.status, 204);
        assert_eq!(app.send(members()).await.status, 404, "no member: no workspace");
    }

    /// A member of one workspace is nobody in another, by slug and by id.
    async fn another_workspace_is_not_there(engine: Engine) {
        let (app, access, owner) = app(engine).await;
        let (south, _) = app.owner("other@example.com", "South Hall").await;
        for tenant in ["south-hall".to_owned(), south.to_string(), "nowhere".to_owned()] {
            for path in ["members", "roles", "invitations", "audit"] {
                let path = format!("/api/v1/tenants/{tenant}/identity/{path}");
                assert_eq!(app.send(Ask::get(&path).bearer(&access)).await.status, 404, "{path}");
            }
        }
        let (others, _) = app.tokens("other@example.com").await;
        let path = format!("/api/v1/tenants/south-hall/identity/members/{owner}");
        assert_eq!(app.send(Ask::get(&path).bearer(&others)).await.status, 404, "not a member there");
        assert_eq!(app.send(Ask::delete(&path).bearer(&others)).await.status, 404);
    }

    /// The plan's number of members holds.
    async fn the_limit_on_members_holds(engine: Engine) {
        let (app, access, _) = app(engine).await;
        app.member_limit.0.store(1, Ordering::Relaxed);
        invite(&app, &access, json!({ "email": "new@example.com", "role": "member" })).await;
        let token = app.token("new@example.com").await;
        let accept = || {
            app.send(Ask::post("/api/v1/auth/invitations/accept").json(json!({
                "token": token, "name": "Invited Person", "password": PASSWORD,
            })))
        };
        assert_eq!(accept().await.status, 409);
        app.member_limit.0.store(2, Ordering::Relaxed);
        assert_eq!(accept().await.status, 200, "the refusal used nothing up");
    }

    /// Nobody's mailbox is filled by invitations, not by asking again either.
    async fn a_mailbox_gets_few_invitations(engine: Engine) {
        let (app, access, _) = app(engine).await;
        let body = json!({ "email": "victim@example.com", "role": "member" });
        for _ in 0..3 {
            let made = invite(&app, &access, body.clone()).await;
            let one = format!("{BASE}/invitations/{}", made.text("id"));
            assert_eq!(app.send(Ask::delete(&one).bearer(&access)).await.status, 204);
        }
        let made = invite(&app, &access, body.clone()).await;
        let one = format!("{BASE}/invitations/{}", made.text("id"));
        let resend = || app.send(Ask::post(&format!("{one}/resend")).bearer(&access));
        app.pass(60);
        assert_eq!(resend().await.status, 202);
        app.pass(60);
        let refused = resend().await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limited"));
        assert_eq!(app.send(Ask::delete(&one).bearer(&access)).await.status, 204);
        assert_eq!(invite(&app, &access, body.clone()).await.status, 429);
        assert_eq!(app.mails("victim@example.com", "identity.invitation").await.len(), 5);
        app.pass(3_600);
        let (access, _) = app.tokens("owner@example.com").await;
        assert_eq!(invite(&app, &access, body).await.status, 201);
    }

    /// A workspace is no relay: a person and a workspace have so many mailed in an hour.
    async fn invitations_are_limited_by_person_and_by_workspace(engine: Engine) {
        let app = App::with(engine, |config| {
            config.invitations_per_person = "3/1h".parse().unwrap();
            config.invitations_per_tenant = "5/1h".parse().unwrap();
        })
        .await;
        app.owner("owner@example.com", "North Hall").await;
        let (owner, _) = app.tokens("owner@example.com").await;
        app.invite(&owner, "north-hall", "admin@example.com", json!({ "role": "admin" })).await;
        let (admin, _) = app.tokens("admin@example.com").await;
        let mut number = 0;
        let mut ask = async |access: &str| {
            number += 1;
            let body = json!({ "email": format!("guest{number}@example.com"), "role": "member" });
            invite(&app, access, body).await.status
        };
        let by_owner = [ask(&owner).await, ask(&owner).await, ask(&owner).await];
        assert_eq!(by_owner, [201, 201, 429], "the third and fourth of a person");
        let by_admin = [ask(&admin).await, ask(&admin).await, ask(&admin).await];
        assert_eq!(by_admin, [201, 201, 429], "the sixth of the workspace");
        app.pass(3_600);
        let (admin, _) = app.tokens("admin@example.com").await;
        assert_eq!(ask(&admin).await, 201);
    }

    /// A role that no module declares any more does not keep anybody from being changed or removed.
    async fn a_vanished_role_can_be_taken_away(engine: Engine) {
        let (app, access, _) = app(engine).await;
        for email in ["one@example.com", "two@example.com"] {
            app.pass(1);
            app.invite(&access, "north-hall", email, json!({ "role": "member" })).await;
        }
        app.control
            .write(async |tx| {
                let set = gantry_db::sql!("update grants set role = 'spaces.vanished' where role = 'member'");
                tx.execute(set, &[]).await
            })
            .await
            .unwrap();
        let list = app.send(Ask::get(&format!("{BASE}/members")).bearer(&access)).await;
        let id = |at: usize| list.json["items"][at]["identity"].as_str().unwrap().to_owned();
        assert_eq!(list.json["items"][1]["grants"][0]["role"], "spaces.vanished");
        let changed = set(&app, &access, &id(1), 1, json!([{ "role": "member" }])).await;
        assert_eq!(changed.status, 200, "{:?}", changed.json);
        assert_eq!(remove(&app, &access, &id(2)).await.status, 204);
    }

    /// Who sends an invitation again vouches for it from then on.
    async fn an_invitation_outlives_its_author_when_it_is_sent_again(engine: Engine) {
        let (app, access, owner) = app(engine).await;
        let admin = app.invite(&access, "north-hall", "admin@example.com", json!({ "role": "admin" })).await;
        let (admins, _) = app.tokens("admin@example.com").await;
        let made = invite(&app, &admins, json!({ "email": "new@example.com", "role": "member" })).await;
        assert_eq!(remove(&app, &access, &admin).await.status, 204);
        app.pass(60);
        let one = format!("{BASE}/invitations/{}", made.text("id"));
        assert_eq!(app.send(Ask::post(&format!("{one}/resend")).bearer(&access)).await.status, 202);
        let token = app.token("new@example.com").await;
        let inspect = Ask::post("/api/v1/auth/invitations/inspect").json(json!({ "token": token }));
        assert_eq!(app.send(inspect).await.status, 200);
        let list = app.send(Ask::get(&format!("{BASE}/invitations?state=pending")).bearer(&access)).await;
        assert_eq!(list.json["items"][0]["invited_by"], owner.as_str());
    }

    /// Nobody revokes what they could not have given.
    async fn an_administrator_cannot_revoke_an_owners_invitation(engine: Engine) {
        let (app, access, _) = app(engine).await;
        app.invite(&access, "north-hall", "admin@example.com", json!({ "role": "admin" })).await;
        let (admins, _) = app.tokens("admin@example.com").await;
        for (role, expected) in [("owner", 403), ("admin", 204)] {
            let body = json!({ "email": format!("{role}-to-be@example.com"), "role": role });
            let made = invite(&app, &access, body).await;
            let one = format!("{BASE}/invitations/{}", made.text("id"));
            assert_eq!(app.send(Ask::delete(&one).bearer(&admins)).await.status, expected, "{role}");
        }
    }

    /// A repeated request is the same invitation, and one mail.
    async fn an_invitation_honours_its_idempotency_key(engine: Engine) {
        let (app, access, _) = app(engine).await;
        let ask = || {
            Ask::post(&format!("{BASE}/invitations"))
                .bearer(&access)
                .header("idempotency-key", "one-and-the-same")
                .json(json!({ "email": "new@example.com", "role": "member" }))
        };
        let (first, second) = (app.send(ask()).await, app.send(ask()).await);
        assert_eq!((first.status, second.status), (201, 201), "{:?}", second.json);
        assert_eq!(first.json, second.json);
        assert_eq!(app.mails("new@example.com", "identity.invitation").await.len(), 1);
    }

    /// A workspace learns that staff acted, not where they sit.
    async fn the_audit_log_hides_where_staff_work(engine: Engine) {
        let (app, access, owner) = app(engine).await;
        let list = app.send(Ask::get(&format!("{BASE}/members")).bearer(&access)).await;
        assert_eq!(list.status, 200);
        let person: gantry_kernel::IdentityId = owner.parse().unwrap();
        app.control
            .write(async move |tx| {
                let (tenant,): (gantry_kernel::TenantId,) =
                    tx.one(gantry_db::sql!("select id from tenants"), &[]).await?;
                let origin = gantry_kernel::Origin {
                    ip: Some("192.0.2.7".parse().unwrap()),
                    user_agent: Some("a browser".to_owned()),
                    request_id: None,
                };
                for actor in [Actor::Operator(person), Actor::Rescue, Actor::Identity(person)] {
                    let entry = Entry::new(actor, "test.act", Target::new("tenant", tenant));
                    gantry_audit::append(tx, entry.about(tenant).origin(&origin)).await?;
                }
                Ok::<_, gantry_db::DbError>(())
            })
            .await
            .unwrap();
        let audit = app.send(Ask::get(&format!("{BASE}/audit?action=test.act")).bearer(&access)).await;
        let mut seen: Vec<_> = audit.json["items"].as_array().unwrap().iter()
            .map(|row| (row["actor_kind"].clone(), row["ip"].clone(), row["user_agent"].clone()))
            .collect();
        seen.sort_by_key(|row| row.0.to_string());
        assert_eq!(seen, [
            (json!("identity"), json!("192.0.2.7"), json!("a browser")),
            (json!("operator"), Value::Null, Value::Null),
            (json!("rescue"), Value::Null, Value::Null),
        ]);
    }
}
