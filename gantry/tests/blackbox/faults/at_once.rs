//! Two who want the same at the same moment.

use futures_util::future::join_all;
use gantry_testkit::{Answer, Engine, Owner, Server, ServerOptions, SmtpSim, both_engines};
use serde_json::json;

use super::PATIENCE;
use crate::steps::{all, open_branch, student, students};

const GUEST_PASSWORD: &str = "slow-train-through-valleys";

async fn hall(engine: Engine) -> (SmtpSim, Server, Owner, String) {
    let mail = SmtpSim::start().await;
    let server = ServerOptions::new(engine)
        .mail(&mail)
        .env("GANTRY_HTTP__LIMITS__OFF", "true")
        .start()
        .await;
    let owner = Owner::ready(&server.client(), &mail, "north").await;
    let branch = open_branch(&owner, "MAIN").await;
    (mail, server, owner, branch)
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<u16> = answers.iter().map(Answer::status).collect();
    statuses.sort_unstable();
    statuses
}

both_engines! {
    async fn of_two_edits_of_one_version_one_is_refused(engine: Engine) {
        let (_mail, _server, owner, branch) = hall(engine).await;
        let body = student(&branch, "Student 1", 1);
        let made = owner.client.post(&owner.path("/spaces/students")).json(&body).await.expect(201);
        let path = owner.path(&format!("/spaces/students/{}", made.text_at("/id")));
        let mut etag = made.etag();
        for round in 0..10 {
            let edits = ["left", "right"].map(|side| {
                let change = json!({"notes": format!("{side} {round}")});
                let call = owner.client.patch(&path).if_match(&etag).json(&change);
                async { call.await }
            });
            let answers = join_all(edits).await;
            assert_eq!(statuses(&answers), [200, 412], "{answers:#?}");
            let won = answers.iter().find(|answer| answer.status() == 200).unwrap();
            let now = owner.client.get(&path).await.expect(200);
            assert_eq!(now.text_at("/notes"), won.text_at("/notes"));
            etag = now.etag();
        }
    }

    async fn of_two_identical_creations_one_happens(engine: Engine) {
        let (_mail, _server, owner, branch) = hall(engine).await;
        let path = owner.path("/spaces/students");
        for number in 0..10 {
            let mut body = student(&branch, &format!("Student {number}"), number);
            body["code"] = json!(format!("SH-{number}"));
            let create = || async { owner.client.post(&path).json(&body).await };
            assert_eq!(statuses(&join_all([create(), create()]).await), [201, 409]);
        }
        for number in 10..20 {
            let body = student(&branch, &format!("Student {number}"), number);
            let key = format!("key-{number}");
            let call = || owner.client.post(&path).json(&body).idempotency_key(&key);
            let create = || async { call().await };
            let answers = join_all([create(), create()]).await;
            assert_eq!(statuses(&answers), [201, 201], "one of them is a replay");
            assert_eq!(answers[0].text_at("/id"), answers[1].text_at("/id"));
        }
        assert_eq!(students(&owner.client, &owner.slug).await.len(), 20);
    }

    async fn of_twenty_confirmations_with_one_link_one_counts(engine: Engine) {
        let (mail, server, _owner, _branch) = hall(engine).await;
        let mut newcomer = Owner::new(&server.client(), "south");
        newcomer.sign_up().await;
        let body = json!({"token": newcomer.token(&mail).await});
        let confirm = || async {
            newcomer.client.post("/api/v1/auth/verifications").json(&body).await
        };
        let answers = join_all((0..20).map(|_| confirm())).await;
        let mut expected = vec![410; 20];
        expected[0] = 200;
        assert_eq!(statuses(&answers), expected);
        let won = answers.iter().find(|answer| answer.status() == 200).unwrap();
        newcomer.tenant = won.text_at("/tenant/id");
        newcomer.log_in().await;
        newcomer.wait_active().await;
        assert_eq!(server.command(&["tenant", "ls"]).lines().count(), 2);
    }

    async fn an_invitation_accepted_twice_at_once_makes_one_member(engine: Engine) {
        let (mail, server, owner, branch) = hall(engine).await;
        for number in 0..4 {
            let email = format!("desk-{number}@example.com");
            let body = json!({
                "email": email, "role": "spaces.manager", "scope": "units", "units": [branch],
            });
            let path = owner.path("/identity/invitations");
            owner.client.post(&path).json(&body).await.expect(201).done();
            let token = mail.wait_mail(&email, "", PATIENCE).await.parameter("token");
            let body = json!({"token": token, "name": "Desk", "password": GUEST_PASSWORD});
            let guest = server.client();
            let accept = || async {
                guest.post("/api/v1/auth/invitations/accept").json(&body).await
            };
            let answers = join_all([accept(), accept()]).await;
            assert_eq!(statuses(&answers), [200, 410], "{answers:#?}");
        }
        assert_eq!(all(&owner.client, &owner.path("/identity/members")).await.len(), 5);
    }
}
