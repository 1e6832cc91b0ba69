//! Keys against doing things twice, and versions against lost updates, used against their purpose.

use gantry_testkit::both_engines;
use serde_json::{Value, json};

use super::{World, open_branch, student};

both_engines! {
    async fn a_key_is_its_users_own(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let branch = open_branch(&owner, "A").await;
        let other = open_branch(&owner, "B").await;
        let narrow = json!({"role": "spaces.manager", "scope": "units", "units": [other]});
        let manager = world.colleague(&owner, "manager@example.com", &narrow).await;
        let stranger = world.owner("south").await;
        let key = "one-key-for-everybody";
        let path = owner.path("/spaces/students");
        let body = student(&branch, "Ada Example", "+919000000001");

        let first = owner.client.post(&path).idempotency_key(key).json(&body).await.expect(201);
        let again = owner.client.post(&path).idempotency_key(key).json(&body).await.expect(201);
        assert_eq!(again.value(), first.value());
        assert_eq!(again.header("idempotency-replayed"), Some("true"));

        // Another member with the same key and the same body gets an answer of their own: here, a refusal.
        let answer = manager.post(&path).idempotency_key(key).json(&body).await.problem(422, "branch_unknown");
        assert_eq!(answer.header("idempotency-replayed"), None);
        let own = student(&other, "Bea Example", "+919000000002");
        let made = manager.post(&path).idempotency_key(key).json(&own).await.expect(201);
        assert_ne!(made.value()["id"], first.value()["id"]);
        // Somebody outside learns nothing of it.
        stranger.client.post(&path).idempotency_key(key).json(&body).await.problem(404, "not_found").done();
        let theirs = open_branch(&stranger, "A").await;
        let body_there = student(&theirs, "Cal Example", "+919000000003");
        let there = stranger.client.post(&stranger.path("/spaces/students")).idempotency_key(key).json(&body_there);
        assert_eq!(there.await.expect(201).header("idempotency-replayed"), None);

        // A key does not carry one request's answer to another request.
        let changed = student(&branch, "Dee Example", "+919000000004");
        let answer = owner.client.post(&path).idempotency_key(key).json(&changed).await;
        answer.problem(422, "idempotency_key_reused").done();
        let query = format!("{path}?x=1");
        let answer = owner.client.post(&query).idempotency_key(key).json(&body).await;
        assert_eq!(answer.status(), 422, "{answer}");
        let elsewhere = json!({"code": "C", "name": "C"});
        let answer = owner.client.post(&owner.path("/spaces/branches")).idempotency_key(key).json(&elsewhere).await;
        assert_eq!(answer.expect(201).header("idempotency-replayed"), None);
        for bad in ["", "two words", &"k".repeat(256)] {
            let answer = owner.client.post(&path).idempotency_key(bad).json(&changed).await;
            answer.problem(422, "idempotency_key_invalid").done();
        }
        // An answer that was stored is no way around what was taken away since.
        let members = owner.client.get(&owner.path("/identity/members")).await.expect(200).value();
        let list: Vec<Value> = members["items"].as_array().unwrap().clone();
        let gone = list.iter().find(|member| member["email"] == "manager@example.com").unwrap();
        let gone = owner.path(&format!("/identity/members/{}", gone["identity"].as_str().unwrap()));
        owner.client.delete(&gone).await.expect(204).done();
        manager.post(&path).idempotency_key(key).json(&own).await.problem(404, "not_found").done();
    }

    async fn a_precondition_cannot_be_talked_round(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let branch = open_branch(&owner, "A").await;
        let path = owner.path(&format!("/spaces/branches/{branch}"));
        let change = json!({"name": "Changed"});
        let patch = || owner.client.patch(&path).json(&change);
        patch().await.problem(428, "if_match_required").done();
        for tag in ["*", "W/\"v1\"", "\"v1\", \"v2\"", "v1", "\"1\"", "\"v01\"", "\"v+1\"", "\"v1 \"", "\"v1\"x", "\"\"",
                    "\"v99999999999999999999\"", "'v1'", "\"V1\"", ""] {
            patch().if_match(tag).await.problem(422, "if_match_invalid").done();
        }
        for tag in ["\"v0\"", "\"v2\"", "\"v-1\"", "\"v9223372036854775807\"", "\"v-9223372036854775808\""] {
            patch().if_match(tag).await.problem(412, "version_mismatch").done();
        }
        // The tag of another object is only a number, so it must be the right one here.
        let student = student(&branch, "Ada Example", "+919000000001");
        let made = owner.client.post(&owner.path("/spaces/students")).json(&student).await.expect(201);
        patch().if_match(&made.etag()).await.expect(200).done();
        patch().if_match(&made.etag()).await.problem(412, "version_mismatch").done();
        for path in [path.clone(), owner.path(&format!("/spaces/students/{}", made.text_at("/id")))] {
            owner.client.delete(&path).await.problem(428, "if_match_required").done();
            owner.client.delete(&path).if_match("*").await.problem(422, "if_match_invalid").done();
        }
        let me = owner.client.get("/api/v1/me").await.expect(200).text_at("/identity");
        let grants = owner.path(&format!("/identity/members/{me}/grants"));
        let same = json!({"grants": [{"role": "owner"}]});
        owner.client.put(&grants).json(&same).await.problem(428, "if_match_required").done();
        owner.client.patch(&owner.path("")).json(&json!({"name": "X"})).await.problem(428, "if_match_required").done();
        let read = owner.client.get(&path).await.expect(200);
        assert_eq!(read.value()["name"], "Changed");
        owner.client.get(&path).header("if-none-match", &read.etag()).await.expect(304).done();
    }
}
