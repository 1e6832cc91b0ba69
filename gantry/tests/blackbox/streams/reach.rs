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
        let first = bare.next(PATIENCE).await.unwrap();
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
