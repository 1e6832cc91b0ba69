//! Nobody is told of what they may not read.

use gantry_testkit::{Engine, ServerEvent, both_engines};
use serde_json::json;

use super::{SOON, enter, is_about, open, replay, stream_of};
use crate::attacks::{PATIENCE, World, open_branch};

fn of_unit(events: &[ServerEvent], unit: &str) -> usize {
    events
        .iter()
        .filter(|event| event.data.to_string().contains(unit))
        .count()
}

both_engines! {
    /// One branch, one tenant, one permission: what lies beyond is neither told as it happens nor afterwards.
    async fn a_reader_is_told_what_they_reach(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let south = world.owner("south").await;
        let (near, far) = (open_branch(&owner, "NEAR").await, open_branch(&owner, "FAR").await);
        let viewer = json!({"role": "spaces.viewer", "scope": "units", "units": [near]});
        let viewer = world.colleague(&owner, "viewer@example.com", &viewer).await;
        let member = world.colleague(&owner, "member@example.com", &json!({"role": "member"})).await;

        let path = stream_of(&owner);
        let (mut whole, start) = open(&owner.client, &path, None).await;
        let (mut narrow, _) = open(&viewer, &path, None).await;
        let (mut bare, _) = open(&member, &path, None).await;
        let (mut other, _) = open(&south.client, &stream_of(&south), None).await;

        let hidden = enter(&owner.client, &owner, &far, 1).await;
        let shown = enter(&owner.client, &owner, &near, 2).await;
        let patch = owner.client.get(&owner.path("")).await.expect(200);
        let renamed = owner.client.patch(&owner.path("")).if_match(&patch.etag()).json(&json!({"name": "Other Name"}));
        renamed.await.expect(200).done();
        let abroad = open_branch(&south, "SOUTH").await;

        whole.until("the far student", PATIENCE, |event| is_about(event, &hidden)).await;
        let mut before = Vec::new();
        narrow.until("the near student", PATIENCE, |event| {
            before.push(event.clone());
            is_about(event, &shown)
        }).await;
        assert_eq!(of_unit(&before, &far), 0, "{before:?}");
        let mut first = bare.next(PATIENCE).await.unwrap();
        // That they joined may have been on its way still.
        while first.data["kind"] == "identity.access.changed" {
            first = bare.next(PATIENCE).await.unwrap();
        }
        assert_eq!(first.data["kind"], "tenancy.workspace.changed", "nothing before: {first:?}");
        let first = other.next(PATIENCE).await.unwrap();
        assert!(is_about(&first, &abroad), "nothing of another tenant before: {first:?}");

        let everything = replay(&owner.client, &path, &start.id).await;
        assert_eq!(of_unit(&everything, &far), 1);
        let mine = replay(&viewer, &path, &start.id).await;
        assert_eq!((of_unit(&mine, &far), of_unit(&mine, &near)), (0, 1), "{mine:?}");
        let little = replay(&member, &path, &start.id).await;
        assert_eq!((of_unit(&little, &far), of_unit(&little, &near)), (0, 0), "{little:?}");

        // A place in another tenant's stream is none in this.
        let (_, greeting) = open(&south.client, &stream_of(&south), Some(&start.id)).await;
        assert_eq!(greeting.name, "reset");
        // Nobody else opens it, and no telling why.
        south.client.get(&path).await.problem(404, "not_found").done();
        world.client().get(&path).await.expect(401).done();
    }

    /// Programs and their keys, and what is asked of everybody, change on other screens, too.
    async fn service_accounts_are_told_to_who_may_see_them(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let member = world.colleague(&owner, "member@example.com", &json!({"role": "member"})).await;
        let path = stream_of(&owner);
        let (mut whole, start) = open(&owner.client, &path, None).await;

        let accounts = owner.path("/identity/service-accounts");
        let body = json!({"name": "robot", "grants": []});
        let service = owner.client.post(&accounts).json(&body).await.expect(201);
        let (etag, service) = (service.etag(), service.text_at("/id"));
        let keys = format!("{accounts}/{service}/keys");
        let key = owner.client.post(&keys).json(&json!({"name": "first"})).await.expect(201).text_at("/id");
        let body = json!({"name": "robot", "grants": [], "disabled": true});
        let one = format!("{accounts}/{service}");
        owner.client.put(&one).if_match(&etag).json(&body).await.expect(200).done();
        for _ in 0..2 {
            owner.client.delete(&format!("{keys}/{key}")).await.expect(204).done();
        }
        owner.client.delete(&one).await.expect(204).done();
        let branch = open_branch(&owner, "LAST").await;
        whole.until("the branch", PATIENCE, |event| is_about(event, &branch)).await;

        let told: Vec<_> = replay(&owner.client, &path, &start.id).await.into_iter()
            .filter(|event| is_about(event, &service))
            .map(|event| (event.data["kind"].clone(), is_about(&event, &key)))
            .collect();
        let account = (json!("identity.service.changed"), false);
        let a_key = (json!("identity.api_key.changed"), true);
        assert_eq!(told, [account.clone(), a_key.clone(), account.clone(), a_key, account]);
        let little = replay(&member, &path, &start.id).await;
        assert!(!little.iter().any(|event| is_about(event, &service)), "{little:?}");
    }

    /// The stream of somebody who stays a member goes on, and what they lost ends within it. On PostgreSQL it is the
    /// other process that takes it away.
    async fn what_is_taken_away_is_no_longer_told(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let branch = open_branch(&owner, "NEAR").await;
        let viewer = world.colleague(&owner, "viewer@example.com", &json!({"role": "spaces.viewer"})).await;
        let me = viewer.get("/api/v1/me").await.expect(200).text_at("/identity");
        let (mut stream, _) = open(&viewer, &stream_of(&owner), None).await;
        let shown = enter(&owner.client, &owner, &branch, 1).await;
        stream.until("the student", PATIENCE, |event| is_about(event, &shown)).await;

        let second = if engine == Engine::Postgres { Some(world.server.another().await) } else { None };
        let keeper = match &second {
            Some(second) => second.client().with_bearer(owner.client.bearer().unwrap()),
            None => owner.client.clone(),
        };
        let member = owner.path(&format!("/identity/members/{me}"));
        let etag = keeper.get(&member).await.expect(200).etag();
        let less = json!({"grants": [{"role": "member"}]});
        keeper.put(&format!("{member}/grants")).if_match(&etag).json(&less).await.expect(200).done();
        let told = |event: &ServerEvent| event.data["kind"] == "identity.access.changed";
        let mut before = Vec::new();
        stream.until("the change", SOON, |event| {
            before.push(event.clone());
            told(event)
        }).await;
        let hidden = enter(&keeper, &owner, &branch, 2).await;
        let name = json!({"name": "Other Name"});
        let etag = keeper.get(&owner.path("")).await.expect(200).etag();
        keeper.patch(&owner.path("")).if_match(&etag).json(&name).await.expect(200).done();
        stream.until("the new name", PATIENCE, |event| {
            before.push(event.clone());
            event.data["kind"] == "tenancy.workspace.changed"
        }).await;
        assert!(!before.iter().any(|event| is_about(event, &hidden)), "{before:?}");
    }
}
