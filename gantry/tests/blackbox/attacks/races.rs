//! The same thing asked for twice at the same moment.

use futures_util::future::join_all;
use gantry_testkit::{Answer, Call, Owner, both_engines, eventually};
use serde_json::json;

use super::{PASSWORD, PATIENCE, World, student};

/// How many ask at once.
const CROWD: usize = 6;

/// Sends all at once.
async fn at_once(call: impl Fn() -> Call) -> Vec<Answer> {
    join_all((0..CROWD).map(|_| call().into_future())).await
}

/// Exactly one got `done`; the others were told why not.
#[track_caller]
fn assert_one<'a>(answers: &'a [Answer], done: u16, refused: (u16, &str)) -> &'a Answer {
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status() == done);
    assert_eq!(
        won.len(),
        1,
        "{:?}",
        answers.iter().map(Answer::status).collect::<Vec<_>>()
    );
    for answer in lost {
        answer.clone().problem(refused.0, refused.1).done();
    }
    won[0]
}

both_engines! {
    async fn two_creates_at_once_make_one_thing(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let count = async |path: &str| {
            let list = owner.client.get(&owner.path(path)).await.expect(200).value();
            list["items"].as_array().unwrap().len()
        };
        let path = owner.path("/spaces/branches");
        let answers = at_once(|| owner.client.post(&path).json(&json!({"code": "A", "name": "A"}))).await;
        let branch = assert_one(&answers, 201, (409, "branch_code_taken")).text_at("/id");
        assert_eq!(count("/spaces/branches").await, 1);

        let path = owner.path("/spaces/students");
        let body = student(&branch, "Ada Example", "+919000000001");
        let answers = at_once(|| owner.client.post(&path).json(&body)).await;
        assert_one(&answers, 201, (409, "student_exists"));
        // With a key all are the same request, and get the same answer.
        let body = student(&branch, "Bea Example", "+919000000002");
        let answers = at_once(|| owner.client.post(&path).idempotency_key("twice").json(&body)).await;
        for answer in &answers {
            assert_eq!(answer.clone().expect(201).text_at("/id"), answers[0].text_at("/id"));
        }
        assert_eq!(count("/spaces/students").await, 2);

        let path = owner.path("/identity/invitations");
        let body = json!({"email": "guest@example.com", "role": "member"});
        let answers = at_once(|| owner.client.post(&path).json(&body)).await;
        assert_one(&answers, 201, (409, "already_invited"));
        assert_eq!(count("/identity/invitations").await, 1);

        let upload = owner.path(&format!("/spaces/imports?default_branch={branch}"));
        let file = "name,phone\nCal Example,9000000003\nDee Example,9000000004\n";
        let import = owner.client.post(&upload).body("text/csv", file).await.expect(201).text_at("/id");
        let import = owner.path(&format!("/spaces/imports/{import}"));
        let run = format!("{import}/run");
        let answers = at_once(|| owner.client.post(&run)).await;
        assert_one(&answers, 202, (409, "import_state"));
        eventually("the end of the import", PATIENCE, async || {
            let import = owner.client.get(&import).await.expect(200).value();
            if import["state"] == "done" { Ok(()) } else { Err(import.to_string()) }
        })
        .await;
        assert_eq!(count("/spaces/students").await, 4);

        let operator = world.operator("ops@example.com").await;
        let owner_id = owner.client.get("/api/v1/me").await.expect(200).text_at("/identity");
        let body = json!({"name": "Second", "slug": "second-space", "owner_identity": owner_id});
        let answers = at_once(|| operator.post("/api/v1/admin/tenants").json(&body)).await;
        assert_one(&answers, 201, (409, "slug_taken"));
    }

    async fn two_sign_ups_and_two_confirmations_at_once_make_one_account(engine: Engine) {
        let world = World::open(engine).await;
        let mut owner = Owner::new(&world.client(), "north");
        let body = owner.sign_up_body();
        let answers = at_once(|| owner.client.post("/api/v1/auth/sign-ups").json(&body)).await;
        assert!(answers.iter().all(|answer| answer.status() == 202), "{answers:?}");
        let token = eventually("a mail for each", PATIENCE, async || {
            let mails = world.mail.mails(&owner.email).await;
            if mails.len() == CROWD { Ok(mails[CROWD - 1].parameter("token")) } else { Err(format!("{}", mails.len())) }
        })
        .await;
        let body = json!({"token": token});
        let answers = at_once(|| owner.client.post("/api/v1/auth/verifications").json(&body)).await;
        let won = assert_one(&answers, 200, (410, "link_gone"));
        owner.tenant = won.text_at("/tenant/id");
        owner.slug = won.text_at("/tenant/slug");
        // Nor does one of the other mails make a second workspace.
        for mail in world.mail.mails(&owner.email).await {
            let body = json!({"token": mail.parameter("token")});
            owner.client.post("/api/v1/auth/verifications").json(&body).await.problem(410, "link_gone").done();
        }
        owner.log_in().await;
        owner.wait_active().await;
        let me = owner.client.get("/api/v1/me").await.expect(200).value();
        assert_eq!(me["memberships"].as_array().unwrap().len(), 1, "{me}");
    }

    async fn the_last_seat_is_taken_once_and_the_last_owner_stays(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let operator = world.operator("ops@example.com").await;
        let path = format!("/api/v1/admin/tenants/{}", owner.tenant);
        let etag = operator.get(&path).await.expect(200).etag();
        let limits = json!({"limits": {"members": 2}});
        operator.patch(&path).if_match(&etag).json(&limits).await.expect(200).done();

        let mut bodies = Vec::new();
        for number in 0..4 {
            let token = world.invite(&owner, &format!("guest-{number}@example.com"), &json!({"role": "owner"})).await;
            bodies.push(json!({"token": token, "name": format!("Guest {number}"), "password": PASSWORD}));
        }
        let client = world.client();
        let accept = |body| client.post("/api/v1/auth/invitations/accept").json(body).into_future();
        let answers: Vec<Answer> = join_all(bodies.iter().map(accept)).await;
        let taken = answers.iter().filter(|answer| answer.status() == 200).count();
        assert_eq!(taken, 1, "{:?}", answers.iter().map(Answer::status).collect::<Vec<_>>());
        let members = owner.client.get(&owner.path("/identity/members")).await.expect(200).value();
        assert_eq!(members["items"].as_array().unwrap().len(), 2);

        // One link, many hands.
        let won = answers.iter().position(|answer| answer.status() == 200).unwrap();
        let answers = at_once(|| client.post("/api/v1/auth/invitations/accept").json(&bodies[won])).await;
        assert!(answers.iter().all(|answer| answer.status() == 410), "{answers:?}");

        // Two owners leave at the same moment: each alone could.
        let second = super::log_in(&client, &format!("guest-{won}@example.com"), PASSWORD).await;
        let path = format!("/api/v1/me/memberships/{}", owner.slug);
        let left = join_all([owner.client.delete(&path).into_future(), second.delete(&path).into_future()]).await;
        let statuses: Vec<u16> = left.iter().map(Answer::status).collect();
        assert!(statuses.contains(&204) && statuses.contains(&409), "{statuses:?}");
    }

    async fn a_set_up_link_makes_one_operator(engine: Engine) {
        let world = World::open(engine).await;
        let output = world.server.output();
        let token = output.split("/set-up#token=").nth(1).expect("a set-up link is printed");
        let token: String = token.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
        let client = world.client();
        let calls = (0..CROWD).map(|number| {
            let email = format!("ops-{number}@example.com");
            let body = json!({"token": token, "email": email, "name": "Ops Person", "password": PASSWORD});
            client.post("/api/v1/auth/set-up").json(&body).into_future()
        });
        let answers: Vec<Answer> = join_all(calls).await;
        assert_one(&answers, 201, (410, "link_gone"));
    }
}
