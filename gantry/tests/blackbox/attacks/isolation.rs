//! One tenant's ids, links and cursors in the hands of another.

use gantry_testkit::{Engine, Owner, both_engines};
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, open_branch, student};

/// What the first tenant has.
struct Things {
    branch: String,
    student: String,
    import: String,
    invitation: String,
    member: String,
    session: String,
}

async fn furnish(owner: &Owner) -> Things {
    let branch = open_branch(owner, "A").await;
    let body = student(&branch, "Ada Example", "+919000000001");
    let student = owner
        .client
        .post(&owner.path("/spaces/students"))
        .json(&body)
        .await
        .expect(201)
        .text_at("/id");
    let upload = owner.path(&format!("/spaces/imports?default_branch={branch}"));
    let file = "name,phone\nBea Example,9000000002\n";
    let import = owner
        .client
        .post(&upload)
        .body("text/csv", file)
        .await
        .expect(201)
        .text_at("/id");
    let guest = json!({"email": format!("guest-of-{}", owner.email), "role": "member"});
    let invitations = owner.path("/identity/invitations");
    let invitation = owner
        .client
        .post(&invitations)
        .json(&guest)
        .await
        .expect(201)
        .text_at("/id");
    let member = owner
        .client
        .get("/api/v1/me")
        .await
        .expect(200)
        .text_at("/identity");
    let sessions = owner
        .client
        .get("/api/v1/me/sessions")
        .await
        .expect(200)
        .value();
    let session = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    Things {
        branch,
        student,
        import,
        invitation,
        member,
        session,
    }
}

fn operations(things: &Things) -> Vec<(Method, String, Option<Value>)> {
    let Things {
        branch,
        student,
        import,
        invitation,
        member,
        ..
    } = things;
    vec![
        (Method::GET, format!("/spaces/branches/{branch}"), None),
        (
            Method::PATCH,
            format!("/spaces/branches/{branch}"),
            Some(json!({"name": "Taken"})),
        ),
        (Method::DELETE, format!("/spaces/branches/{branch}"), None),
        (Method::GET, format!("/spaces/students/{student}"), None),
        (
            Method::PATCH,
            format!("/spaces/students/{student}"),
            Some(json!({"name": "Taken Over"})),
        ),
        (Method::DELETE, format!("/spaces/students/{student}"), None),
        (Method::GET, format!("/spaces/imports/{import}"), None),
        (
            Method::PATCH,
            format!("/spaces/imports/{import}"),
            Some(json!({"default_branch": null})),
        ),
        (
            Method::POST,
            format!("/spaces/imports/{import}/dry-run"),
            None,
        ),
        (Method::POST, format!("/spaces/imports/{import}/run"), None),
        (
            Method::POST,
            format!("/spaces/imports/{import}/reversal"),
            None,
        ),
        (Method::GET, format!("/spaces/imports/{import}/rows"), None),
        (
            Method::GET,
            format!("/spaces/imports/{import}/errors.csv"),
            None,
        ),
        (
            Method::DELETE,
            format!("/identity/invitations/{invitation}"),
            None,
        ),
        (
            Method::POST,
            format!("/identity/invitations/{invitation}/resend"),
            None,
        ),
        (Method::GET, format!("/identity/members/{member}"), None),
        (
            Method::PUT,
            format!("/identity/members/{member}/grants"),
            Some(json!({"grants": []})),
        ),
        (Method::DELETE, format!("/identity/members/{member}"), None),
    ]
}

both_engines! {
    async fn ids_of_one_tenant_are_nothing_in_another(engine: Engine) {
        let world = World::open(engine).await;
        let (victim, thief) = (world.owner("north").await, world.owner("south").await);
        let things = furnish(&victim).await;
        let own = open_branch(&thief, "A").await;
        let before = victim.client.get(&victim.path("/spaces/students")).await.expect(200).value();

        for (method, rest, body) in operations(&things) {
            // In the thief's own tenant, in the victim's by name, and in the victim's by id.
            let by_id = format!("/api/v1/tenants/{}{rest}", victim.tenant);
            for path in [thief.path(&rest), victim.path(&rest), by_id] {
                let mut call = thief.client.call(method.clone(), &path).if_match("\"v1\"");
                if let Some(body) = &body {
                    call = call.json(body);
                }
                call.await.problem(404, "not_found").done();
            }
        }
        let path = format!("/api/v1/me/sessions/{}", things.session);
        thief.client.delete(&path).await.problem(404, "not_found").done();
        thief.client.delete(&format!("/api/v1/me/memberships/{}", victim.slug)).await.problem(404, "not_found").done();

        // As a reference inside something of one's own.
        let body = student(&things.branch, "Eve Example", "+919000000003");
        let answer = thief.client.post(&thief.path("/spaces/students")).json(&body).await;
        answer.problem(422, "branch_unknown").done();
        let upload = thief.path(&format!("/spaces/imports?default_branch={}", things.branch));
        let answer = thief.client.post(&upload).body("text/csv", "name,phone\nA,1\n").await;
        answer.problem(422, "branch_unknown").done();
        let body = student(&own, "Eve Example", "+919000000003");
        let mine = thief.client.post(&thief.path("/spaces/students")).json(&body).await.expect(201).text_at("/id");
        let path = thief.path(&format!("/spaces/students/{mine}"));
        let answer = thief.client.patch(&path).if_match("\"v1\"").json(&json!({"branch_id": things.branch})).await;
        answer.problem(422, "branch_unknown").done();
        let listed = thief.client.get(&thief.path(&format!("/spaces/students?branch={}", things.branch))).await;
        assert_eq!(listed.expect(200).value()["items"], json!([]));

        // What belongs to nobody looks exactly like what belongs to somebody else.
        let absent = things.student.replace(|c: char| c.is_ascii_digit(), "0");
        let shape = |answer: &gantry_testkit::Answer| {
            let body = answer.value();
            (answer.status(), body["type"].clone(), body["title"].clone(), body["detail"].clone())
        };
        let nobodys = thief.client.get(&thief.path(&format!("/spaces/students/{absent}"))).await;
        let theirs = thief.client.get(&thief.path(&format!("/spaces/students/{}", things.student))).await;
        assert_eq!(shape(&nobodys), shape(&theirs));
        let nowhere = thief.client.get("/api/v1/tenants/no-such-space/spaces/students").await;
        let elsewhere = thief.client.get(&victim.path("/spaces/students")).await;
        assert_eq!(shape(&nowhere), shape(&elsewhere));

        let after = victim.client.get(&victim.path("/spaces/students")).await.expect(200).value();
        assert_eq!(after, before);
        victim.client.get("/api/v1/me").await.expect(200).done();
        let pending = victim.client.get(&victim.path("/identity/invitations?state=pending")).await.expect(200).value();
        assert_eq!(pending["items"][0]["id"], json!(things.invitation));
    }
}

#[tokio::test]
async fn a_workspace_cannot_pose_as_another_one() {
    let world = World::open(Engine::Sqlite).await;
    let (victim, thief) = (world.owner("north").await, world.owner("south").await);
    // Looking right is not being right: ids and slugs are compared whole.
    for name in [
        victim.slug.to_uppercase(),
        format!("{}%20", victim.slug),
        format!("{}%00", victim.slug),
        format!("{},{}", thief.slug, victim.slug),
        victim.tenant.to_uppercase(),
        victim.tenant.replace('-', ""),
    ] {
        let answer = thief
            .client
            .get(&format!("/api/v1/tenants/{name}/spaces/students"))
            .await;
        answer.problem(404, "not_found").done();
    }
    // A taken address is quietly replaced by a free one at confirmation.
    let mut third = Owner::new(&world.client(), "third");
    third.slug.clone_from(&victim.slug);
    third.sign_up().await;
    third.confirm(&world.mail).await;
    assert_ne!(third.slug, victim.slug);
    third.log_in().await;
    third.wait_active().await;
    third
        .client
        .get(&victim.path("/spaces/students"))
        .await
        .problem(404, "not_found")
        .done();
    for reserved in ["admin", "api", "gantry"] {
        let mut fourth = Owner::new(&world.client(), &format!("person-{reserved}"));
        reserved.clone_into(&mut fourth.slug);
        fourth.sign_up().await;
        fourth.confirm(&world.mail).await;
        assert_ne!(fourth.slug, reserved);
    }
}
