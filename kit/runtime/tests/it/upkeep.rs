//! What the kit does in the background, on its own.

use std::time::Duration;

use gantry_db::{DbError, TenantState, args, directory, sql};
use gantry_jobs::{NewJob, enqueue};
use gantry_kernel::{Kernel, Slug, TenantId, Timestamp};
use gantry_runtime::config::Sources;
use gantry_runtime::{Process, Registry};

use crate::sample::{Gate, gated};

/// Longer than a look at an empty table takes.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idempotency_keys_are_forgotten_in_suspended_tenants_too() {
    let parent = tempfile::tempdir().unwrap();
    let registry = Registry::new(vec![gated(&Gate::new())]).unwrap();
    let config = registry.model().load(&Sources::default()).unwrap();
    let data = parent.path().join("data");
    let bound = "127.0.0.1:8080".parse().unwrap();
    let process = Process::assemble(registry, config, &data, Kernel::system(), bound)
        .await
        .unwrap();
    let databases = process.databases.clone();
    let mut tenants = Vec::new();
    for (slug, state) in [
        ("running", TenantState::Active),
        ("paused", TenantState::Suspended),
    ] {
        let id: TenantId = Kernel::system().id();
        let slug: Slug = slug.parse().unwrap();
        databases
            .control
            .write(async move |tx| directory::insert(tx, id, &slug, "A tenant").await)
            .await
            .unwrap();
        let tenant = databases.tenants.provision(id).await.unwrap();
        tenant
            .write(async move |tx| {
                for (key, at) in [("old", Timestamp::from_micros(0)), ("new", tx.now())] {
                    tx.execute(
                        sql!(
                            "insert into idempotency (principal, route, key, fingerprint, reply, created_at) \
                             values ('p', 'r', $1, 'f', '1', $2)"
                        ),
                        &args![key, at],
                    )
                    .await?;
                }
                Ok::<_, DbError>(())
            })
            .await
            .unwrap();
        databases
            .control
            .write(async move |tx| directory::set_state(tx, id, state, None).await)
            .await
            .unwrap();
        tenants.push(tenant);
    }
    databases
        .control
        .write(async |tx| {
            enqueue(tx, NewJob::new("runtime.idempotency_expiry", &()))
                .await
                .map(drop)
        })
        .await
        .unwrap();
    let running = process.runner.start();
    for tenant in &tenants {
        let swept = async {
            loop {
                let keys: Vec<(String,)> = tenant
                    .read(async |tx| {
                        tx.all(sql!("select key from idempotency order by key"), &args![])
                            .await
                    })
                    .await
                    .unwrap();
                if keys == [("new".to_owned(),)] {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, swept).await.unwrap();
    }
    running.stop(PATIENCE).await;
}
