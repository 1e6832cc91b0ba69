//! From begun to active, through crashes and failures.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use gantry_db::TenantState;
use gantry_testkit::both_engines;

use crate::support::{Book, World};

/// Longer than the job's lease and its longest pause.
const LATER: Duration = Duration::from_secs(90);

both_engines! {
    /// A sign-up ends in one active tenant with its owner.
    async fn a_begun_tenant_becomes_active(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme Study Hall").await;
        let tenant = process.tenant(id).await;
        assert_eq!(tenant.slug.as_str(), "acme-study-hall");
        assert_eq!(tenant.state, TenantState::Provisioning);
        assert!(process.owners(id).await.is_empty());
        process.runner.drain().await.unwrap();
        process.assert_active(id, world.owner).await;
        let actions = process.actions(id).await;
        assert_eq!(actions, ["tenancy.tenant.activated", "tenancy.tenant.begun"]);
    }

    /// The process dies after the sign-up was acknowledged: the next one finishes it.
    async fn a_crash_after_the_beginning_is_made_good(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        drop(process);
        let process = world.start().await;
        process.runner.drain().await.unwrap();
        process.assert_active(id, world.owner).await;
    }

    /// The process dies with the database made and nothing activated.
    async fn a_crash_after_the_copy_is_made_good(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let id = process.begin(world.owner, "Acme").await;
        process.databases.tenants.provision(id).await.unwrap();
        assert_eq!(process.tenant(id).await.state, TenantState::Provisioning);
        drop(process);
        let process = world.start().await;
        process.runner.drain().await.unwrap();
        process.assert_active(id, world.owner).await;
    }

    /// Activation is all or nothing: what the failed attempt wrote is gone, and the next completes.
    async fn a_failed_activation_leaves_nothing_and_is_repeated(engine: Engine) {
        let mut world = World::new(engine);
        let book = Book { failing: AtomicI64::new(1), refusing: false };
        let process = world.start_with(book).await;
        let id = process.begin(world.owner, "Acme").await;
        process.runner.drain().await.unwrap();
        assert_eq!(process.tenant(id).await.state, TenantState::Provisioning);
        assert!(process.owners(id).await.is_empty());
        world.clock.advance(LATER);
        process.runner.drain().await.unwrap();
        process.assert_active(id, world.owner).await;
    }

    /// Cut off at twenty moments of the job, finished by the next process each time.
    async fn a_crash_at_any_moment_is_made_good(engine: Engine) {
        let mut world = World::new(engine);
        for moment in 0..20 {
            let process = world.start().await;
            let id = process.begin(world.owner, "Acme").await;
            let cut = Duration::from_millis(moment * 4);
            let ended = tokio::time::timeout(cut, process.runner.drain()).await;
            drop(ended);
            drop(process);
            let process = world.start().await;
            world.clock.advance(LATER);
            process.runner.drain().await.unwrap();
            process.assert_active(id, world.owner).await;
        }
    }

    /// What cannot succeed ends as failed, with a reason, and can be tried again by an operator.
    async fn a_hopeless_tenant_fails_visibly_and_can_be_retried(engine: Engine) {
        let mut world = World::new(engine);
        let refusing = Book { failing: AtomicI64::new(0), refusing: true };
        let process = world.start_with(refusing).await;
        let id = process.begin(world.owner, "Acme").await;
        process.runner.drain().await.unwrap();
        let tenant = process.tenant(id).await;
        assert_eq!(tenant.state, TenantState::Failed);
        assert!(tenant.reason.unwrap().contains("not_found"));
        assert!(process.owners(id).await.is_empty());
        drop(process);

        let process = world.start().await;
        let path = format!("/api/v1/admin/tenants/{id}/provisioning");
        let retried = process.call("operator", "POST", &path, None, None).await;
        assert_eq!(retried.status, 202, "{}", retried.body);
        assert_eq!(retried.body["state"], "provisioning");
        assert_eq!(process.call("operator", "POST", &path, None, None).await.status, 409);
        process.runner.drain().await.unwrap();
        process.assert_active(id, world.owner).await;
    }

    /// Attempts are bounded also when each fails for a reason that might pass.
    async fn attempts_are_bounded(engine: Engine) {
        let mut world = World::new(engine);
        let book = Book { failing: AtomicI64::new(i64::MAX), refusing: false };
        let process = world.start_with(book).await;
        let id = process.begin(world.owner, "Acme").await;
        for _ in 0..4 {
            process.runner.drain().await.unwrap();
            world.clock.advance(LATER);
        }
        assert_eq!(process.tenant(id).await.state, TenantState::Failed);
        let path = format!("/api/v1/admin/tenants/{id}");
        let seen = process.call("operator", "GET", &path, None, None).await;
        assert_eq!(seen.body["provisioning"]["state"], "failed");
        assert_eq!(seen.body["provisioning"]["failures"], 3);
    }

    /// Twenty people with one company name at once: twenty workspaces with twenty addresses.
    async fn one_name_many_slugs(engine: Engine) {
        let mut world = World::new(engine);
        let process = world.start().await;
        let owner = world.owner;
        let begun = (0..20).map(|_| process.begin(owner, "Acme"));
        let ids = futures_util::future::join_all(begun).await;
        let mut slugs = BTreeSet::new();
        for id in ids {
            slugs.insert(process.tenant(id).await.slug);
        }
        assert_eq!(slugs.len(), 20);
        assert!(slugs.iter().any(|slug| slug.as_str() == "acme"));
        assert!(slugs.iter().all(|slug| slug.as_str().starts_with("acme")));
        let reserved = process.begin(owner, "Admin").await;
        assert!(process.tenant(reserved).await.slug.as_str().starts_with("admin-"));
        let foreign = process.begin(owner, "अध्ययन").await;
        assert!(process.tenant(foreign).await.slug.as_str().starts_with("workspace-"));
    }
}
