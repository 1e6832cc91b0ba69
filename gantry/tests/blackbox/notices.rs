//! What people must not miss, as they meet it: told by every module, seen by nobody else, gone when it should be.

use gantry_testkit::{Client, Owner, both_engines, eventually};
use serde_json::{Value, json};

use crate::attacks::{PATIENCE, World, log_in, open_branch};

const NOTICES: &str = "/api/v1/me/notices";
const READ: &str = "/api/v1/me/notices/read";

async fn listed(client: &Client, query: &str) -> Value {
    let page = client.get(&format!("{NOTICES}{query}")).await;
    page.expect(200).value()
}

/// Waits for a notice of this kind about which `wanted` says yes.
async fn noticed(client: &Client, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(kind, PATIENCE, async || {
        let page = listed(client, "").await;
        let items = page["items"].as_array().unwrap();
        let found = items.iter().find(|one| one["kind"] == kind && wanted(one));
        found.cloned().ok_or_else(|| page.to_string())
    })
    .await
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn invite(owner: &Owner, email: &str) -> String {
    let body = json!({"email": email, "role": "member"});
    let call = owner.client.post(&owner.path("/identity/invitations"));
    call.json(&body).await.expect(201).text_at("/id")
}

/// Uploads a sheet and starts its import; the answer is the id.
async fn import(client: &Client, owner: &Owner, branch: &str) -> String {
    let upload = format!("/spaces/imports?default_branch={branch}&file_name=s.csv");
    let sheet = "name,phone\nAsha Rao,+919812345670\nNo Phone,\n";
    let call = client.post(&owner.path(&upload)).body("text/csv", sheet);
    let id = call.await.expect(201).text_at("/id");
    let run = owner.path(&format!("/spaces/imports/{id}/run"));
    client.post(&run).await.expect(202).done();
    id
}

/// The next event of this kind on a stream.
macro_rules! told {
    ($stream:expr, $kind:expr) => {
        $stream
            .until($kind, PATIENCE, |event| event.data["kind"] == $kind)
            .await
    };
}

both_engines! {
    /// Somebody with an account is invited, reads it, joins, is given another role by somebody else, and leaves.
    async fn an_invitation_and_what_follows(engine: Engine) {
        let world = World::open(engine).await;
        let (north, south) = (world.owner("north").await, world.owner("south").await);
        assert_eq!(listed(&south.client, "").await, json!({"items": [], "unread": 0}));
        let mut stream = south.client.get(&south.path("/events")).open().await;
        stream.next(PATIENCE).await.unwrap();

        let since = world.mail.newest().await;
        let invitation = invite(&north, &south.email).await;
        let page = listed(&south.client, "").await;
        let notice = &page["items"][0];
        assert_eq!((&notice["kind"], &page["unread"]), (&json!("identity.invitation.received"), &json!(1)));
        let tenant = json!({"id": north.tenant, "slug": north.slug, "name": notice["tenant"]["name"]});
        assert_eq!(notice["tenant"], tenant, "{page}");
        assert!(notice["tenant"]["name"].is_string());
        assert_eq!(notice["subjects"], json!({"invitation": invitation, "role": "member", "role_title": "Member"}));
        assert_eq!(notice["read_at"], Value::Null);
        told!(stream, "notify.notice.created");
        assert_eq!(listed(&north.client, "").await["items"], json!([]), "nobody else's");

        // Nobody reads it for them; read twice is read once.
        let id = notice["id"].as_str().unwrap();
        north.client.post(READ).json(&json!({"ids": [id]})).await.expect(200).done();
        assert_eq!(listed(&south.client, "?unread=true").await["unread"], json!(1));
        for _ in 0..2 {
            let left = south.client.post(READ).json(&json!({"ids": [id]})).await.expect(200).value();
            assert_eq!(left, json!({"unread": 0}));
        }
        told!(stream, "notify.notice.read");
        assert_eq!(listed(&south.client, "?unread=true").await["items"], json!([]));
        assert!(listed(&south.client, "").await["items"][0]["read_at"].is_string());
        for wrong in [json!({}), json!({"ids": [id], "up_to": id}), json!({"ids": ["x"]}), json!({"ids": vec![id; 101]})] {
            south.client.post(READ).json(&wrong).await.expect(422).done();
        }
        south.client.get(&format!("{NOTICES}?unread=perhaps")).await.expect(422).done();

        // A second invitation elsewhere is taken back, and its notice with it.
        let token = world.mail.wait_mail_since(since, &south.email, "invited", PATIENCE).await.parameter("token");
        let path = north.path(&format!("/identity/invitations/{invitation}"));
        let west = world.owner("west").await;
        let other = invite(&west, &south.email).await;
        assert_eq!(ids(&listed(&south.client, "").await).len(), 2);
        west.client.delete(&west.path(&format!("/identity/invitations/{other}"))).await.expect(204).done();
        assert_eq!(ids(&listed(&south.client, "").await), [id]);
        told!(stream, "notify.notice.removed");
        // Taken, it is no news any more.
        south.client.post("/api/v1/me/invitations/accept").json(&json!({"token": token})).await.expect(200).done();
        assert_eq!(listed(&south.client, "").await["items"], json!([]));
        north.client.delete(&path).await.expect(409).done();

        let me = south.client.get("/api/v1/me").await.expect(200).text_at("/identity");
        let member = north.path(&format!("/identity/members/{me}"));
        let etag = north.client.get(&member).await.expect(200).etag();
        let grants = json!({"grants": [{"role": "spaces.viewer"}, {"role": "member"}]});
        let changed = north.client.put(&format!("{member}/grants")).if_match(&etag).json(&grants).await;
        let same = north.client.put(&format!("{member}/grants")).if_match(&changed.expect(200).etag()).json(&grants);
        same.await.expect(200).done();
        let page = listed(&south.client, "?unread=true").await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "what did not change is not told: {page}");
        assert_eq!(page["items"][0]["kind"], json!("identity.role.changed"));
        assert_eq!(page["items"][0]["tenant"]["id"], json!(north.tenant));
        let mut roles: Vec<_> = page["items"][0]["subjects"]["roles"].as_array().unwrap().clone();
        roles.sort_by_key(ToString::to_string);
        assert_eq!(roles, [json!("member"), json!("spaces.viewer")]);

        south.client.delete(&format!("/api/v1/me/memberships/{}", north.tenant)).await.expect(204).done();
        assert_eq!(listed(&south.client, "").await, json!({"items": [], "unread": 0}));
    }

    /// Pages go on where the last one ended, `up_to` marks what came before, the person's file has all of it, and a
    /// server that was killed has lost none.
    async fn notices_are_paged_read_exported_and_outlive_the_process(engine: Engine) {
        let mut world = World::open(engine).await;
        let (north, south) = (world.owner("north").await, world.owner("south").await);
        for _ in 0..3 {
            let invitation = invite(&north, &south.email).await;
            let path = north.path(&format!("/identity/invitations/{invitation}"));
            let page = listed(&south.client, "").await;
            assert_eq!(page["items"][0]["subjects"]["invitation"], json!(invitation));
            north.client.delete(&path).await.expect(204).done();
        }
        let owners = [world.owner("east").await, world.owner("west").await, north];
        for owner in &owners {
            invite(owner, &south.email).await;
        }
        world.server.kill9();
        world.server.restart().await;
        let all = ids(&listed(&south.client, "").await);
        assert_eq!(all.len(), 3);
        let first = listed(&south.client, "?page_size=2").await;
        assert_eq!((ids(&first).as_slice(), &first["unread"]), (&all[..2], &json!(3)));
        let token = first["next_page_token"].as_str().unwrap();
        let second = listed(&south.client, &format!("?page_size=2&page_token={token}")).await;
        assert_eq!(ids(&second), all[2..]);
        assert_eq!(second.get("next_page_token"), None);
        let mixed = south.client.get(&format!("{NOTICES}?unread=true&page_token={token}"));
        mixed.await.expect(422).done();

        let left = south.client.post(READ).json(&json!({"up_to": all[1]})).await.expect(200).value();
        assert_eq!(left, json!({"unread": 1}));
        assert_eq!(ids(&listed(&south.client, "?unread=true").await), all[..1]);
        let fresh = log_in(&world.client(), &south.email, &south.password).await;
        let file = fresh.get("/api/v1/me/export").await.expect(200).value();
        let kept: Vec<&str> = file["notices"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(kept, all);
    }

    /// To who started it, whoever uploaded the file; programs and strangers are told nothing.
    async fn an_import_that_is_over_is_told_to_who_started_it(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let branch = open_branch(&owner, "MAIN").await;
        let admin = world.colleague(&owner, "admin@example.com", &json!({"role": "admin"})).await;
        let mut stream = admin.get(&owner.path("/events")).open().await;
        stream.next(PATIENCE).await.unwrap();
        let id = import(&admin, &owner, &branch).await;
        let notice = noticed(&admin, "spaces.import.finished", |one| one["subjects"]["import"] == id.as_str()).await;
        assert_eq!(notice["subjects"], json!({"import": id, "accepted_rows": 1, "rejected_rows": 1}));
        assert_eq!(notice["tenant"]["slug"], json!(owner.slug));
        told!(stream, "notify.notice.created");
        assert_eq!(listed(&owner.client, "").await["items"], json!([]));

        // A key starts one, and a person after it: what the key was told would be there by now.
        let account = json!({"name": "Importer", "grants": [{"role": "spaces.manager"}]});
        let accounts = owner.path("/identity/service-accounts");
        let account = owner.client.post(&accounts).json(&account).await.expect(201).text_at("/id");
        let keys = format!("{accounts}/{account}/keys");
        let key = owner.client.post(&keys).json(&json!({"name": "first"})).await.expect(201);
        let program = world.client().with_bearer(key.text_at("/secret"));
        import(&program, &owner, &branch).await;
        program.get(NOTICES).await.expect(403).done();
        let id = import(&admin, &owner, &branch).await;
        noticed(&admin, "spaces.import.finished", |one| one["subjects"]["import"] == id.as_str()).await;
        let people = [&owner.client, &admin];
        for (person, told) in people.into_iter().zip([0, 2]) {
            assert_eq!(ids(&listed(person, "").await).len(), told);
        }
    }

    /// Operators hear of mail that nobody gets, once for each kind of mail in an hour; staff who act as somebody see nothing.
    async fn operators_are_told_of_dead_mail_and_see_nobody_elses_notices(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let operator = world.operator("ops@example.com").await;
        let invitation = json!("identity.invitation");
        world.mail.set_fault(json!({"mode": "reject_rcpt"})).await;
        for guest in ["a", "b", "c"] {
            invite(&owner, &format!("{guest}@example.org")).await;
        }
        let dead = eventually("three dead mails", PATIENCE, async || {
            let page = operator.get("/api/v1/admin/mails?state=dead").await.expect(200).value();
            let mut mails = page["items"].as_array().unwrap().clone();
            // What the operator was mailed may have met the same server.
            mails.retain(|mail| mail["template"] == invitation);
            if mails.len() == 3 { Ok(mails) } else { Err(page.to_string()) }
        }).await;
        let of_invitations = |one: &Value| one["subjects"]["template"] == invitation;
        let notice = noticed(&operator, "notify.mail.dead", of_invitations).await;
        assert_eq!(notice["tenant"], Value::Null);
        assert!(dead.iter().any(|mail| mail["id"] == notice["subjects"]["mail"]), "{notice}");
        assert_eq!(listed(&owner.client, "").await["items"], json!([]), "members run no mail server");
        // The hour of the clock may have turned between the first and the last.
        let page = listed(&operator, "").await;
        let told = page["items"].as_array().unwrap().iter().filter(|one| of_invitations(one)).count();
        assert!((1..=2).contains(&told), "{told}");
    }

    async fn staff_who_act_as_somebody_see_none_and_mark_none(engine: Engine) {
        let world = World::open(engine).await;
        let (north, south) = (world.owner("north").await, world.owner("south").await);
        invite(&north, &south.email).await;
        let operator = world.operator("ops@example.com").await;
        let me = south.client.get("/api/v1/me").await.expect(200).text_at("/identity");
        let wish = json!({"person": me, "workspace": south.tenant, "reason": "as they asked us to"});
        let begun = operator.post("/api/v1/admin/impersonations").json(&wish).await.expect(201);
        let acting = world.client().with_bearer(begun.text_at("/access_token"));
        assert_eq!(listed(&acting, "").await, json!({"items": [], "unread": 0}));
        let id = ids(&listed(&south.client, "").await).remove(0);
        acting.post(READ).json(&json!({"up_to": id})).await.expect(403).done();
        assert_eq!(listed(&south.client, "").await["unread"], json!(1));
    }
}
