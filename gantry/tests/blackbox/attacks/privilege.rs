//! Getting more than one was given, inside a tenant.

use gantry_testkit::{Client, Owner, both_engines};
use serde_json::{Value, json};

use super::{PASSWORD, PATIENCE, World, open_branch, student};

async fn identity(client: &Client) -> String {
    client
        .get("/api/v1/me")
        .await
        .expect(200)
        .text_at("/identity")
}

async fn set_grants(
    by: &Client,
    owner: &Owner,
    member: &str,
    grants: &Value,
) -> gantry_testkit::Answer {
    let path = owner.path(&format!("/identity/members/{member}"));
    let etag = owner.client.get(&path).await.expect(200).etag();
    by.put(&format!("{path}/grants"))
        .if_match(&etag)
        .json(&json!({"grants": grants}))
        .await
}

fn all(role: &str) -> Value {
    json!([{"role": role}])
}

both_engines! {
    async fn nobody_gives_or_takes_more_than_they_hold(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let (mine, other) = (open_branch(&owner, "A").await, open_branch(&owner, "B").await);
        let admin = world.colleague(&owner, "admin@example.com", &json!({"role": "admin"})).await;
        let scope = json!({"role": "spaces.manager", "scope": "units", "units": [mine]});
        let manager = world.colleague(&owner, "manager@example.com", &scope).await;
        let member = world.colleague(&owner, "member@example.com", &json!({"role": "member"})).await;
        let (owner_id, admin_id, manager_id) =
            (identity(&owner.client).await, identity(&admin).await, identity(&manager).await);

        // By an invitation: to oneself under another address, with a higher role or a wider reach.
        let invitations = owner.path("/identity/invitations");
        let invite = |by: &Client, role: &str, scope: &Value| {
            let mut body = json!({"email": "second-self@example.com", "role": role});
            body.as_object_mut().unwrap().extend(scope.as_object().unwrap().clone());
            by.post(&invitations).json(&body)
        };
        let narrow = json!({"scope": "units", "units": [mine]});
        invite(&admin, "owner", &json!({})).await.problem(403, "grant_exceeds").done();
        for (role, scope) in [("owner", json!({})), ("admin", json!({})), ("member", json!({})),
                              ("spaces.manager", json!({"scope": "all"})), ("spaces.viewer", narrow.clone())] {
            invite(&manager, role, &scope).await.problem(403, "permission_missing").done();
            invite(&member, role, &scope).await.problem(403, "permission_missing").done();
        }
        for (role, scope) in [("owner", narrow.clone()), ("operator", json!({})), ("spaces.manager", json!({"scope": "units"})),
                              ("spaces.manager", json!({"scope": "own"})), ("OWNER", json!({})), ("owner ", json!({}))] {
            invite(&owner.client, role, &scope).await.problem(422, "invalid_request").done();
        }
        let again = json!({"email": "admin@example.com", "role": "admin"});
        admin.post(&invitations).json(&again).await.problem(409, "already_member").done();

        // By editing grants: one's own, or another's.
        set_grants(&admin, &owner, &admin_id, &all("owner")).await.problem(403, "grant_exceeds").done();
        set_grants(&admin, &owner, &manager_id, &all("owner")).await.problem(403, "grant_exceeds").done();
        set_grants(&admin, &owner, &owner_id, &all("member")).await.problem(403, "grant_exceeds").done();
        set_grants(&manager, &owner, &manager_id, &all("spaces.manager")).await.problem(403, "permission_missing").done();
        set_grants(&member, &owner, &manager_id, &json!([])).await.problem(403, "permission_missing").done();
        let twice = json!([{"role": "admin"}, {"role": "admin"}]);
        set_grants(&admin, &owner, &admin_id, &twice).await.problem(422, "invalid_request").done();

        // By removing who stands above.
        let path = owner.path(&format!("/identity/members/{owner_id}"));
        admin.delete(&path).await.problem(403, "grant_exceeds").done();
        manager.delete(&path).await.problem(403, "permission_missing").done();
        owner.client.delete(&path).await.problem(409, "last_owner").done();
        set_grants(&owner.client, &owner, &owner_id, &all("admin")).await.problem(409, "last_owner").done();
        owner.client.delete(&format!("/api/v1/me/memberships/{}", owner.slug)).await.problem(409, "last_owner").done();

        // By doing something elsewhere in the tenant.
        let body = student(&other, "Ada Example", "+919000000001");
        manager.post(&owner.path("/spaces/students")).json(&body).await.problem(422, "branch_unknown").done();
        let hers = owner.client.post(&owner.path("/spaces/students")).json(&body).await.expect(201).text_at("/id");
        let path = owner.path(&format!("/spaces/students/{hers}"));
        manager.get(&path).await.problem(404, "not_found").done();
        manager.patch(&path).if_match("\"v1\"").json(&json!({"branch_id": mine})).await.problem(404, "not_found").done();
        manager.delete(&path).if_match("\"v1\"").await.problem(404, "not_found").done();
        let csv = manager.get(&owner.path("/spaces/students/export.csv")).await.expect(200).text();
        assert!(!csv.contains("Ada"), "{csv}");
        let file = "name,phone,branch\nEve Example,9000000002,B\n";
        let import = manager.post(&owner.path("/spaces/imports")).body("text/csv", file).await.expect(201).text_at("/id");
        let import = owner.path(&format!("/spaces/imports/{import}"));
        manager.post(&format!("{import}/run")).await.expect(202).done();
        gantry_testkit::eventually("the end of the import", PATIENCE, async || {
            let import = manager.get(&import).await.expect(200).value();
            if import["state"] == "done" { Ok(()) } else { Err(import.to_string()) }
        })
        .await;
        assert_eq!(manager.get(&import).await.expect(200).value()["accepted_rows"], 0);
        let body = json!({"code": "C", "name": "C"});
        manager.post(&owner.path("/spaces/branches")).json(&body).await.problem(403, "scope_missing").done();
        for path in ["/api/v1/admin/tenants", "/api/v1/admin/mails"] {
            owner.client.get(path).await.problem(403, "permission_missing").done();
        }

        // What is taken away is gone at once, for tokens that are out as well.
        set_grants(&owner.client, &owner, &admin_id, &all("member")).await.expect(200).done();
        admin.get(&owner.path("/identity/members")).await.problem(403, "permission_missing").done();
    }

    async fn an_invitation_is_for_its_address_and_its_time(engine: Engine) {
        let world = World::open(engine).await;
        let (owner, thief) = (world.owner("north").await, world.owner("south").await);
        let token = world.invite(&owner, "guest@example.com", &json!({"role": "admin"})).await;
        let take = |token: &str| json!({"token": token});

        // Found by somebody who is signed in as somebody else.
        let me = "/api/v1/me/invitations/accept";
        thief.client.post(me).json(&take(&token)).await.problem(410, "link_gone").done();
        owner.client.post(me).json(&take(&token)).await.problem(410, "link_gone").done();
        thief.client.get(&owner.path("/identity/members")).await.problem(404, "not_found").done();
        // The refusals did not use it up.
        let inspect = "/api/v1/auth/invitations/inspect";
        world.client().post(inspect).json(&take(&token)).await.expect(200).done();

        // For an address that has an account the link alone is not enough.
        let existing = world.invite(&owner, &thief.email, &json!({"role": "member"})).await;
        let accept = "/api/v1/auth/invitations/accept";
        let wrong = json!({"token": existing, "name": "Renamed By Link", "password": PASSWORD});
        world.client().post(accept).json(&wrong).await.problem(401, "invalid_credentials").done();
        let again = super::try_log_in(&world.client(), &thief.email, PASSWORD).await;
        again.problem(401, "invalid_credentials").done();

        // Used once, revoked, sent anew, or from somebody who may no longer invite: gone.
        let body = json!({"token": token, "name": "Guest Person", "password": PASSWORD});
        world.client().post(accept).json(&body).await.expect(200).done();
        world.client().post(accept).json(&body).await.problem(410, "link_gone").done();
        let guest = super::log_in(&world.client(), "guest@example.com", PASSWORD).await;
        let by_guest = Owner { client: guest.clone(), ..owner.clone() };
        let revoked = world.invite(&by_guest, "second@example.com", &json!({"role": "member"})).await;
        let pending = owner.client.get(&owner.path("/identity/invitations?state=pending")).await.expect(200).value();
        let id = pending["items"][0]["id"].as_str().unwrap().to_owned();
        owner.client.delete(&owner.path(&format!("/identity/invitations/{id}"))).await.expect(204).done();
        world.client().post(inspect).json(&take(&revoked)).await.problem(410, "link_gone").done();
        let orphan = world.invite(&by_guest, "third@example.com", &json!({"role": "admin"})).await;
        let guest_id = identity(&guest).await;
        owner.client.delete(&owner.path(&format!("/identity/members/{guest_id}"))).await.expect(204).done();
        let body = json!({"token": orphan, "name": "Third Person", "password": PASSWORD});
        world.client().post(accept).json(&body).await.problem(410, "link_gone").done();
    }

    async fn a_suspended_tenant_is_read_only(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let operator = world.operator("ops@example.com").await;
        let branch = open_branch(&owner, "A").await;
        let late = world.invite(&owner, "late@example.com", &json!({"role": "admin"})).await;
        let upload = owner.path(&format!("/spaces/imports?default_branch={branch}"));
        let file = "name,phone\nAda Example,9000000001\n";
        let import = owner.client.post(&upload).body("text/csv", file).await.expect(201).text_at("/id");
        let suspension = format!("/api/v1/admin/tenants/{}/suspension", owner.tenant);
        owner.client.post(&suspension).json(&json!({"reason": "mine"})).await.problem(403, "permission_missing").done();
        operator.post(&suspension).json(&json!({"reason": "unpaid"})).await.expect(200).done();

        let browser = owner.browser().await;
        for client in [&owner.client, &browser] {
            client.get(&owner.path("/spaces/branches")).await.expect(200).done();
            let writes = [
                client.post(&owner.path("/spaces/branches")).json(&json!({"code": "B", "name": "B"})),
                client.post(&owner.path("/spaces/students")).json(&student(&branch, "Bea Example", "+919000000002")),
                client.patch(&owner.path(&format!("/spaces/branches/{branch}"))).if_match("\"v1\"").json(&json!({"name": "X"})),
                client.delete(&owner.path(&format!("/spaces/branches/{branch}"))).if_match("\"v1\""),
                client.post(&owner.path(&format!("/spaces/imports/{import}/run"))),
                client.post(&upload).body("text/csv", file),
                client.post(&owner.path("/identity/invitations")).json(&json!({"email": "x@example.com", "role": "member"})),
                client.patch(&owner.path("")).if_match("\"v1\"").json(&json!({"name": "X"})),
            ];
            for write in writes {
                write.await.problem(403, "tenant_suspended").done();
            }
        }
        owner.client.delete(&suspension).await.problem(403, "permission_missing").done();
        let body = json!({"token": late, "name": "Late Person", "password": PASSWORD});
        world.client().post("/api/v1/auth/invitations/accept").json(&body).await.problem(410, "link_gone").done();

        operator.delete(&suspension).await.expect(200).done();
        owner.client.post(&owner.path("/spaces/branches")).json(&json!({"code": "B", "name": "B"})).await.expect(201).done();
    }
}
