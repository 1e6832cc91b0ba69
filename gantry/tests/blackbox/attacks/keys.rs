//! Keys of service accounts, against the real program: what they open, what they leave behind, and how they end.

use std::time::{Duration, Instant};

use gantry_testkit::{Client, Engine, Owner, both_engines, eventually};
use serde_json::{Value, json};

use super::{PATIENCE, World, open_branch, student};

/// A service account with these grants, and a client that calls with a key of it: ids of account and key, client.
async fn service(owner: &Owner, name: &str, grants: &Value) -> (String, String, Client) {
    let accounts = owner.path("/identity/service-accounts");
    let body = json!({"name": name, "grants": grants});
    let account = owner
        .client
        .post(&accounts)
        .json(&body)
        .await
        .expect(201)
        .text_at("/id");
    let keys = format!("{accounts}/{account}/keys");
    let made = owner
        .client
        .post(&keys)
        .json(&json!({"name": "first"}))
        .await
        .expect(201);
    let client = owner
        .client
        .anonymous()
        .with_bearer(made.text_at("/secret"));
    (account, made.text_at("/id"), client)
}

fn manager() -> Value {
    json!([{"role": "spaces.manager"}])
}

both_engines! {
    /// A program does a product's work in its own name: rows, audit log and repeated requests say so.
    async fn a_key_works_in_its_own_name(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let branch = open_branch(&owner, "A").await;
        let (id, _, robot) = service(&owner, "nightly import", &manager()).await;
        let (other_id, _, other) = service(&owner, "another", &manager()).await;

        let students = owner.path("/spaces/students");
        let body = student(&branch, "Ada Example", "+919000000001");
        let first = robot.post(&students).idempotency_key("k").json(&body).await.expect(201);
        let again = robot.post(&students).idempotency_key("k").json(&body).await.expect(201);
        assert_eq!(first.text_at("/id"), again.text_at("/id"), "the same caller, the same request");
        let bea = student(&branch, "Bea Example", "+919000000002");
        other.post(&students).idempotency_key("k").json(&bea).await.expect(201).done();
        owner.client.post(&students).idempotency_key("k").json(&student(&branch, "Cy Example", "+919000000003")).await.expect(201).done();

        let upload = owner.path(&format!("/spaces/imports?default_branch={branch}"));
        let import = robot.post(&upload).body("text/csv", "name,phone\nDi Example,9000000004\n").await.expect(201);
        assert_eq!(import.text_at("/created_by"), id);
        let import = owner.path(&format!("/spaces/imports/{}", import.text_at("/id")));
        robot.post(&format!("{import}/run")).await.expect(202).done();
        eventually("the end of the import", PATIENCE, async || {
            let import = robot.get(&import).await.expect(200).value();
            if import["state"] == "done" { Ok(()) } else { Err(import.to_string()) }
        })
        .await;
        let audit = owner.client.get(&owner.path(&format!("/identity/audit?actor={id}"))).await.expect(200).value();
        let rows = audit["items"].as_array().unwrap();
        assert!(rows.len() >= 2 && rows.iter().all(|row| row["actor_kind"] == "service" && row["actor_id"] == id.as_str()), "{audit}");
        let audit = owner.client.get(&owner.path(&format!("/identity/audit?actor={other_id}"))).await.expect(200).value();
        assert_eq!(audit["items"].as_array().unwrap().len(), 1, "{audit}");

        // Over one branch it is a manager of one branch.
        let second = open_branch(&owner, "B").await;
        let (_, _, narrow) = service(&owner, "front door", &json!([{"role": "spaces.viewer", "scope": "units", "units": [second]}])).await;
        narrow.get(&owner.path(&format!("/spaces/branches/{second}"))).await.expect(200).done();
        narrow.get(&owner.path(&format!("/spaces/branches/{branch}"))).await.problem(404, "not_found").done();
        narrow.post(&students).json(&bea).await.problem(403, "permission_missing").done();
    }

    /// A grant over another tenant's branch, or one that never was, is refused where the branches are.
    async fn a_grant_names_branches_of_its_own_workspace(engine: Engine) {
        let world = World::open(engine).await;
        let (owner, stranger) = (world.owner("north").await, world.owner("south").await);
        let (mine, theirs) = (open_branch(&owner, "A").await, open_branch(&stranger, "A").await);
        for wrong in [theirs.as_str(), "01900000-0000-7000-8000-000000000000"] {
            let grant = json!({"role": "spaces.viewer", "scope": "units", "units": [mine, wrong]});
            let mut invitation = grant.clone();
            invitation["email"] = json!("guest@example.com");
            let refused = owner.client.post(&owner.path("/identity/invitations")).json(&invitation).await;
            assert_eq!(refused.problem(422, "invalid_request").field_errors(), [("/units".into(), "unit_unknown".into())]);
            let body = json!({"name": "robot", "grants": [grant]});
            let refused = owner.client.post(&owner.path("/identity/service-accounts")).json(&body).await;
            assert_eq!(refused.problem(422, "invalid_request").field_errors(), [("/grants/0/units".into(), "unit_unknown".into())]);
        }
    }

    /// Who tries out keys is slowed down, whether the keys are well formed or not.
    async fn guessing_keys_is_limited(engine: Engine) {
        let world = World::with(engine, &[
            ("GANTRY_HTTP__LIMITS__OFF", "false"),
            ("GANTRY_HTTP__LIMITS__BAD_CREDENTIALS", "20/10m"),
        ])
        .await;
        let owner = world.owner("north").await;
        let (_, _, robot) = service(&owner, "robot", &manager()).await;
        let real = robot.bearer().unwrap();
        let path = owner.path("/spaces/branches");
        let mut refused = Vec::new();
        for place in 50..75 {
            let mut text = real.clone();
            let other = if &text[place..=place] == "0" { "1" } else { "0" };
            text.replace_range(place..=place, other);
            refused.push(owner.client.anonymous().with_bearer(text).get(&path).await.status());
        }
        assert_eq!(refused[..20], [401; 20]);
        assert_eq!(refused[20..], [429; 5]);
    }
}

/// The text of a key is in its one answer: not in a log at its most talkative, not in a file, not in a list.
#[tokio::test]
async fn a_key_is_nowhere_but_in_its_answer() {
    let world = World::with(Engine::Sqlite, &[("GANTRY_LOG__LEVEL", "trace")]).await;
    let owner = world.owner("north").await;
    let (account, id, robot) = service(&owner, "robot", &manager()).await;
    let secret = robot.bearer().unwrap();
    robot
        .get(&owner.path("/spaces/branches"))
        .await
        .expect(200)
        .done();
    robot
        .get("/api/v1/me")
        .await
        .problem(403, "people_only")
        .done();
    let careless = owner.path(&format!("/spaces/branches?page_token={secret}"));
    robot.get(&careless).await.expect(422).done();
    let cut = owner
        .client
        .anonymous()
        .with_bearer(&secret[..secret.len() - 1]);
    let refused = cut.get("/api/v1/me").await.problem(401, "unauthenticated");
    let part = secret.split('_').nth(3).unwrap();
    assert!(!refused.text().contains(&part[..63]));
    let path = owner.path(&format!("/identity/service-accounts/{account}/keys"));
    assert!(
        !owner
            .client
            .get(&path)
            .await
            .expect(200)
            .text()
            .contains(part)
    );
    owner
        .client
        .delete(&format!("{path}/{id}"))
        .await
        .expect(204)
        .done();
    assert!(
        !owner
            .client
            .get(&owner.path("/identity/audit"))
            .await
            .expect(200)
            .text()
            .contains(part)
    );
    assert!(!world.server.output().contains(part), "the log");
    let stored = super::secrets::files(&world.server.data_dir());
    assert!(
        stored
            .iter()
            .any(|(_, text)| text.contains("identity.api_key.created"))
    );
    for (file, text) in stored {
        assert!(!text.contains(part), "{file}");
    }
}

/// Two processes on one PostgreSQL: what one ends, the other refuses within a second.
#[tokio::test]
async fn a_key_ends_in_the_other_process_within_a_second() {
    let world = World::open(Engine::Postgres).await;
    let elsewhere = world.server.another().await;
    let owner = world.owner("north").await;
    let branches = owner.path("/spaces/branches");
    let accounts = owner.path("/identity/service-accounts");
    let body = json!({"title": "Door", "permissions": ["spaces.branch.read"]});
    let role = owner
        .client
        .post(&owner.path("/identity/roles"))
        .json(&body)
        .await
        .expect(201)
        .text_at("/key");
    for what in [
        "revoke",
        "disable",
        "delete",
        "lose the grant",
        "empty the role",
    ] {
        let (account, key, robot) = service(&owner, what, &json!([{"role": role}])).await;
        let there = elsewhere.client().with_bearer(robot.bearer().unwrap());
        there.get(&branches).await.expect(200).done();
        let one = format!("{accounts}/{account}");
        let changed = |grants: &Value, disabled: bool| json!({"name": what, "grants": grants, "disabled": disabled});
        let (call, expected) = match what {
            "revoke" => (owner.client.delete(&format!("{one}/keys/{key}")), 401),
            "disable" => (
                owner
                    .client
                    .put(&one)
                    .if_match("\"v1\"")
                    .json(&changed(&json!([{"role": role}]), true)),
                401,
            ),
            "delete" => (owner.client.delete(&one), 401),
            "lose the grant" => (
                owner
                    .client
                    .put(&one)
                    .if_match("\"v1\"")
                    .json(&changed(&json!([]), false)),
                403,
            ),
            _ => {
                let empty = json!({"title": "Door", "permissions": ["spaces.student.read"]});
                let path = owner.path(&format!("/identity/roles/{role}"));
                (owner.client.put(&path).if_match("\"v1\"").json(&empty), 403)
            }
        };
        let answer = call.await;
        let ended = Instant::now();
        assert!((200..300).contains(&answer.status()), "{what}: {answer:?}");
        robot.get(&branches).await.expect(expected).done();
        loop {
            // Looked at before the call: an answer that was asked for within the second may still be the old one.
            let late = ended.elapsed() > Duration::from_secs(1);
            let status = there.get(&branches).await.status();
            if status == expected {
                break;
            }
            assert!(
                status == 200 && !late,
                "{what}: {status} after {:?}",
                ended.elapsed()
            );
        }
    }
}
