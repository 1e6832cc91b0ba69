//! What operators and members do with tenants, through the HTTP edge.

use gantry_contracts::within_limit;
use gantry_testkit::both_engines;
use serde_json::json;

use crate::support::World;

const ALL: &str = "/api/v1/admin/tenants";

both_engines! {
    /// An operator begins a tenant for somebody; a taken or reserved slug is refused.
    async fn an_operator_creates_a_tenant(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let wanted = json!({"name": "Acme", "slug": "acme", "owner_identity": world.owner});
        let made = process.call("operator", "POST", ALL, None, Some(wanted.clone())).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(made.body["state"], "provisioning");
        process.runner.drain().await.unwrap();
        let id = made.body["id"].as_str().unwrap().parse().unwrap();
        process.assert_active(id, world.owner).await;

        let taken = process.call("operator", "POST", ALL, None, Some(wanted)).await;
        assert_eq!((taken.status, taken.body["code"].as_str()), (409, Some("slug_taken")));
        let wanted = json!({"name": "Acme", "slug": "admin", "owner_identity": world.owner});
        let reserved = process.call("operator", "POST", ALL, None, Some(wanted)).await;
        assert_eq!(reserved.status, 422, "{}", reserved.body);

        let listed = process.call("operator", "GET", ALL, None, None).await;
        assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
        let by_slug = process.call("operator", "GET", &format!("{ALL}/acme"), None, None).await;
        assert_eq!(by_slug.body["id"], made.body["id"]);
        let missing = process.call("operator", "GET", &format!("{ALL}/nobody"), None, None).await;
        assert_eq!(missing.status, 404);
        assert_eq!(process.call("owner", "GET", ALL, None, None).await.status, 403);
    }

    /// Edits name the version they change.
    async fn an_edit_needs_the_version_it_changes(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        process.runner.drain().await.unwrap();
        let path = format!("{ALL}/{id}");
        let seen = process.call("operator", "GET", &path, None, None).await;
        let etag = seen.etag.as_deref();
        let change = || Some(json!({"name": "Acme Halls", "slug": "acme-halls"}));
        assert_eq!(process.call("operator", "PATCH", &path, None, change()).await.status, 428);
        let changed = process.call("operator", "PATCH", &path, etag, change()).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert_eq!(changed.body["name"], "Acme Halls");
        assert_ne!(changed.etag, seen.etag);
        assert_eq!(process.call("operator", "PATCH", &path, etag, change()).await.status, 412);

        let own = "/api/v1/tenants/acme-halls";
        let seen = process.call("owner", "GET", own, None, None).await;
        assert_eq!((seen.status, seen.body["name"].as_str()), (200, Some("Acme Halls")));
        let name = || Some(json!({"name": "Acme Rooms"}));
        let renamed = process.call("owner", "PATCH", own, seen.etag.as_deref(), name()).await;
        assert_eq!(renamed.body["name"], "Acme Rooms", "{}", renamed.body);
        let stale = process.call("owner", "PATCH", own, seen.etag.as_deref(), name()).await;
        assert_eq!(stale.status, 412);
        let sneaky = Some(json!({"name": "x", "state": "active"}));
        let refused = process.call("owner", "PATCH", own, renamed.etag.as_deref(), sneaky).await;
        assert_eq!(refused.status, 422);
    }

    /// Suspended is read-only at once, resumed is not, and both are on record.
    async fn a_suspended_tenant_is_read_only(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        process.runner.drain().await.unwrap();
        let path = format!("{ALL}/{id}/suspension");
        let reason = || Some(json!({"reason": "unpaid since March"}));
        assert_eq!(process.call("owner", "POST", &path, None, reason()).await.status, 403);
        let suspended = process.call("operator", "POST", &path, None, reason()).await;
        assert_eq!(suspended.status, 200, "{}", suspended.body);
        assert_eq!(suspended.body["state"], "suspended");

        let own = "/api/v1/tenants/acme";
        let seen = process.call("owner", "GET", own, None, None).await;
        assert_eq!(seen.body["reason"], "unpaid since March");
        let name = || Some(json!({"name": "Acme 2"}));
        let refused = process.call("owner", "PATCH", own, seen.etag.as_deref(), name()).await;
        let code = refused.body["code"].as_str();
        assert_eq!((refused.status, code), (403, Some("tenant_suspended")), "{}", refused.body);

        let resumed = process.call("operator", "DELETE", &path, None, None).await;
        assert_eq!((resumed.status, resumed.body["state"].as_str()), (200, Some("active")));
        let again = process.call("operator", "DELETE", &path, None, None).await;
        assert_eq!(again.status, 200);
        let seen = process.call("owner", "GET", own, None, None).await;
        let renamed = process.call("owner", "PATCH", own, seen.etag.as_deref(), name()).await;
        assert_eq!(renamed.status, 200, "{}", renamed.body);
        let actions = process.actions(id).await;
        let expected = ["activated", "begun", "renamed", "resumed", "suspended"].map(|one| format!("tenancy.tenant.{one}"));
        assert_eq!(actions, expected);
    }

    /// A tenant that is not active cannot be suspended.
    async fn only_what_is_active_can_be_suspended(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        let path = format!("{ALL}/{id}/suspension");
        let reason = Some(json!({"reason": "too early"}));
        let refused = process.call("operator", "POST", &path, None, reason).await;
        assert_eq!((refused.status, refused.body["state"].as_str()), (409, Some("provisioning")));
    }

    /// Limits come from configuration until an operator sets them, and say so when they are reached.
    async fn limits_hold_and_can_be_set(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        process.runner.drain().await.unwrap();
        let limits = process.contracts.limits.clone();
        let ask = async |name| limits.get().unwrap().limit(id, name).await.unwrap();
        assert_eq!(ask("members").await, Some(100));
        assert_eq!(ask("nobody.knows").await, None);

        let path = format!("{ALL}/{id}");
        let seen = process.call("operator", "GET", &path, None, None).await;
        let change = Some(json!({"limits": {"members": 2}}));
        let set = process.call("operator", "PATCH", &path, seen.etag.as_deref(), change).await;
        assert_eq!(set.status, 200, "{}", set.body);
        assert_eq!(set.body["limits"], json!([{"name": "members", "value": 2}]));
        assert_ne!(set.etag, seen.etag);
        let members = ask("members").await;
        assert!(within_limit("members", members, 2).is_ok());
        assert_eq!(within_limit("members", members, 3).unwrap_err().code, "limit_reached");

        let own = "/api/v1/tenants/acme/tenancy/limits";
        let listed = process.call("owner", "GET", own, None, None).await;
        let mut limits = listed.body["limits"].as_array().unwrap().iter();
        let members = limits.find(|limit| limit["name"] == "members").unwrap();
        assert_eq!(members["value"], 2, "{}", listed.body);

        for wrong in [json!({"unknown": 1}), json!({"members": -1})] {
            let change = Some(json!({"limits": wrong}));
            let refused =
                process.call("operator", "PATCH", &path, set.etag.as_deref(), change).await;
            assert_eq!(refused.status, 422, "{}", refused.body);
        }
        let back = Some(json!({"limits": {"members": null}}));
        let back = process.call("operator", "PATCH", &path, set.etag.as_deref(), back).await;
        assert_eq!(back.status, 200, "{}", back.body);
        assert_eq!(ask("members").await, Some(100));
    }
}
