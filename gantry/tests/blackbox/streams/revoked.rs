//! Whoever may no longer read is told no more, within a second, whichever process took it away.

use std::time::Instant;

use gantry_testkit::{Client, Engine, Owner, both_engines, eventually};
use reqwest::Method;
use serde_json::{Value, json};

use super::{SOON, open, stream_of};
use crate::attacks::{PASSWORD, PATIENCE, World, log_in, open_branch};

/// A stage with the callers of one process, and those through whom access is taken away.
struct Stage {
    world: World,
    owner: Owner,
    /// Calls as the owner where access is taken away.
    keeper: Client,
    /// The same for the platform's staff.
    staff: Client,
    /// Any caller where access is taken away.
    there: Client,
    _second: Option<gantry_testkit::Server>,
}

impl Stage {
    async fn set(engine: Engine) -> Self {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let staff = world.operator("staff@example.com").await;
        let second = if engine == Engine::Postgres {
            Some(world.server.another().await)
        } else {
            None
        };
        let there = second
            .as_ref()
            .map_or_else(|| world.client(), gantry_testkit::Server::client);
        Self {
            keeper: there.with_bearer(owner.client.bearer().unwrap()),
            staff: there.with_bearer(staff.bearer().unwrap()),
            there,
            world,
            owner,
            _second: second,
        }
    }

    async fn member(&self, name: &str) -> (Client, String, String) {
        let email = format!("{name}@example.com");
        let role = json!({"role": "spaces.viewer"});
        let client = self.world.colleague(&self.owner, &email, &role).await;
        let me = client.get("/api/v1/me").await.expect(200);
        (client, me.text_at("/identity"), email)
    }

    /// Opens a stream as `client`, does `act`, and reads until the stream says why it ends with `code`. Coming back is
    /// refused with `status`.
    async fn ends(
        &self,
        what: &str,
        client: &Client,
        code: &str,
        status: u16,
        act: impl Future<Output = ()>,
    ) {
        let path = stream_of(&self.owner);
        let (mut stream, _) = open(client, &path, None).await;
        act.await;
        let since = Instant::now();
        let end = stream.until(what, SOON, |event| event.name == "end").await;
        eprintln!("{what}: the stream ended after {:?}", since.elapsed());
        assert_eq!(
            (end.data["code"].as_str(), &end.data["reconnect"]),
            (Some(code), &json!(false)),
            "{what}"
        );
        assert_eq!(
            stream.next(PATIENCE).await,
            None,
            "{what}: the end is the end"
        );
        // A request may be served once more out of what was kept for half a second.
        eventually(what, SOON, async || {
            let answer = client.get(&path).await;
            if answer.status() == status {
                Ok(())
            } else {
                Err(answer.to_string())
            }
        })
        .await;
    }
}

async fn done(client: &Client, method: Method, path: &str, body: Option<Value>) {
    let mut call = client.call(method, path);
    if let Some(body) = &body {
        call = call.json(body);
    }
    let answer = call.await;
    assert!(answer.status() < 300, "{answer}");
}

both_engines! {
    async fn a_stream_ends_with_the_access_it_was_opened_with(engine: Engine) {
        let stage = Stage::set(engine).await;
        let nobody = &stage.world.client();

        let (client, _, email) = stage.member("logged-out").await;
        let elsewhere = stage.there.with_bearer(client.bearer().unwrap());
        stage.ends("a session ended", &client, "unauthenticated", 401, async {
            done(&elsewhere, Method::DELETE, "/api/v1/auth/session", None).await;
        }).await;

        let client = log_in(nobody, &email, PASSWORD).await;
        let (_, other) = (client.clone(), log_in(&stage.there, &email, PASSWORD).await);
        stage.ends("all sessions ended", &client, "unauthenticated", 401, async {
            done(&other, Method::DELETE, "/api/v1/me/sessions", None).await;
        }).await;

        let (client, member, _) = stage.member("removed").await;
        stage.ends("a member removed", &client, "not_found", 404, async {
            done(&stage.keeper, Method::DELETE, &stage.owner.path(&format!("/identity/members/{member}")), None).await;
        }).await;

        let accounts = stage.owner.path("/identity/service-accounts");
        let account = json!({"name": "door", "grants": [{"role": "spaces.viewer"}]});
        let service = stage.owner.client.post(&accounts).json(&account).await.expect(201).text_at("/id");
        let keys = format!("{accounts}/{service}/keys");
        let made = stage.owner.client.post(&keys).json(&json!({"name": "door"})).await.expect(201);
        let client = nobody.with_bearer(made.text_at("/secret"));
        stage.ends("a key revoked", &client, "unauthenticated", 401, async {
            done(&stage.keeper, Method::DELETE, &format!("{keys}/{}", made.text_at("/id")), None).await;
        }).await;

        let (client, person, _) = stage.member("suspended").await;
        stage.ends("an account suspended", &client, "unauthenticated", 401, async {
            let body = json!({"reason": "spam"});
            done(&stage.staff, Method::PUT, &format!("/api/v1/admin/people/{person}/suspension"), Some(body)).await;
        }).await;
    }

    /// A suspended tenant can be read, so its streams go on; they say so as soon as it is.
    async fn a_suspension_is_told_at_once(engine: Engine) {
        let stage = Stage::set(engine).await;
        open_branch(&stage.owner, "MAIN").await;
        let (mut stream, _) = open(&stage.owner.client, &stream_of(&stage.owner), None).await;
        let suspension = format!("/api/v1/admin/tenants/{}/suspension", stage.owner.tenant);
        done(&stage.staff, Method::POST, &suspension, Some(json!({"reason": "not paid"}))).await;
        let since = Instant::now();
        stream.until("the suspension", SOON, |event| event.data["kind"] == "tenancy.workspace.suspended").await;
        eprintln!("a suspension was told after {:?}", since.elapsed());
        done(&stage.staff, Method::DELETE, &suspension, None).await;
        stream.until("the end of it", SOON, |event| event.data["kind"] == "tenancy.workspace.resumed").await;
    }
}
