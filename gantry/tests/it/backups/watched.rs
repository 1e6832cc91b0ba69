//! Operators who watch see backups come and go, and nobody else does.

use gantry_testkit::{Client, Owner, ServerEvent, SmtpSim, both_engines};
use serde_json::{Value, json};

use super::{PATIENCE, branch, operator, over, server};

/// Makes the operator a member of the workspace: a stream belongs to one.
async fn join(owner: &Owner, mail: &SmtpSim, operator: &Client) {
    let body = json!({"email": "operator@example.com", "role": "spaces.viewer"});
    let invited = owner.client.post(&owner.path("/identity/invitations"));
    invited.json(&body).await.expect(201).done();
    let mail = mail
        .wait_mail("operator@example.com", "invited", PATIENCE)
        .await;
    let token = json!({"token": mail.parameter("token")});
    let accepted = operator.post("/api/v1/me/invitations/accept").json(&token);
    accepted.await.expect(200).done();
}

/// What was told since `last`.
async fn replay(client: &Client, owner: &Owner, last: &str) -> Vec<ServerEvent> {
    let path = owner.path("/events?follow=false");
    let mut events = client.get(&path).header("last-event-id", last).open().await;
    let greeting = events.next(PATIENCE).await.unwrap();
    assert_eq!(greeting.data, json!({"resumed": true}));
    let mut all = Vec::new();
    while let Some(event) = events.next(PATIENCE).await {
        all.push(event);
    }
    all
}

fn of_backups(events: &[ServerEvent]) -> Vec<&Value> {
    let kinds = events.iter().map(|event| &event.data["kind"]);
    kinds
        .filter(|kind| {
            kind.as_str()
                .is_some_and(|kind| kind.starts_with("backup."))
        })
        .collect()
}

both_engines! {
    async fn operators_are_told_of_backups_and_members_are_not(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = server(engine, &mail).await;
        let owner = Owner::ready(&server.client(), &mail, "north").await;
        let operator = operator(&server).await;
        join(&owner, &mail, &operator).await;
        let mut stream = operator.get(&owner.path("/events")).open().await;
        let start = stream.next(PATIENCE).await.unwrap();

        let taken = over(&operator, operator.post("/api/v1/admin/backups").await).await;
        let (work, backup) = (taken["id"].clone(), taken["backup"].clone());
        let about = |event: &ServerEvent, id: &Value| event.data["subjects"] == json!([id]);
        let mut seen = Vec::new();
        stream.until("the end of the backup", PATIENCE, |event| {
            seen.push(event.clone());
            let backups = seen.iter().filter(|event| about(event, &backup)).count();
            // It began and it ended.
            backups == 2 && seen.iter().any(|event| about(event, &work))
        })
        .await;
        for event in seen.iter().filter(|event| about(event, &backup)) {
            assert_eq!(event.data["kind"], json!("backup.backup.changed"), "{event:?}");
        }
        // Something that everybody is told comes after it.
        branch(&owner, "LAST").await;
        stream.until("the branch", PATIENCE, |event| event.data["kind"] == json!("spaces.branch.changed")).await;
        let members = replay(&owner.client, &owner, &start.id).await;
        assert!(members.iter().any(|event| event.data["kind"] == json!("spaces.branch.changed")));
        assert_eq!(of_backups(&members), Vec::<&Value>::new());
        assert!(!of_backups(&replay(&operator, &owner, &start.id).await).is_empty());
        server.stop().await;
    }
}
