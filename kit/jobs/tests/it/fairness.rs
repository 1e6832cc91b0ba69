//! One tenant's flood does not keep another waiting.

use std::{sync::Arc, time::Duration};

use gantry_db::{DbError, TenantState, directory};
use gantry_jobs::{JobError, JobKind, NewJob, RunnerConfig, enqueue};
use gantry_testkit::both_engines;
use tokio::sync::Notify;

use crate::world::{Journal, World, put};

both_engines! {
    async fn one_job_beside_500_is_done_early(engine: Engine) {
        let world = World::new(engine).await;
        let busy = world.tenant("busy").await;
        let quiet = world.tenant("quiet").await;
        busy.write(async |tx| {
            for _ in 0..500 {
                enqueue(tx, NewJob::new("work", &"busy")).await?;
            }
            Ok::<_, DbError>(())
        })
        .await
        .unwrap();
        world.clock.advance(Duration::from_secs(1));
        put(&quiet, "work", "quiet").await;
        let journal = Journal::default();
        let config = RunnerConfig { workers: 4, per_place: 3, ..RunnerConfig::default() };
        world.runner_with(config, vec![journal.kind("work")], Vec::new()).drain().await.unwrap();
        assert_eq!(journal.len(), 501);
        let turn = journal.notes().iter().position(|note| note == "quiet").unwrap();
        assert!(turn < 10, "the quiet tenant's job came only as number {turn}");
    }

    async fn a_kind_that_hangs_leaves_room_for_another(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        for _ in 0..6 {
            put(&tenant, "hang", "x").await;
        }
        world.clock.advance(Duration::from_secs(1));
        put(&tenant, "work", "x").await;
        let done = Arc::new(Notify::new());
        let signal = Arc::clone(&done);
        let hang = JobKind::new("hang", |cx| async move {
            cx.stopped().await;
            Err(JobError::Stopped)
        });
        let work = JobKind::new("work", move |_| {
            let signal = Arc::clone(&signal);
            async move {
                signal.notify_one();
                Ok(())
            }
        });
        let running = world.runner(vec![hang, work]).start();
        let bound = Duration::from_secs(20);
        let turn = tokio::time::timeout(bound, done.notified()).await;
        assert!(turn.is_ok(), "the other kind gets its turn");
        running.stop(bound).await;
    }

    async fn a_suspended_tenants_work_waits_until_it_is_resumed(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        put(&tenant, "work", "x").await;
        let set = async |state: TenantState| {
            let id = tenant.id();
            let control = &world.databases.control;
            control.write(async move |tx| directory::set_state(tx, id, state, None).await).await.unwrap();
        };
        set(TenantState::Suspended).await;
        // Another process: this one's memory of having been told is not what is asked for.
        let journal = Journal::default();
        world.other_runner(vec![journal.kind("work")]).drain().await.unwrap();
        assert_eq!(journal.len(), 0);
        set(TenantState::Active).await;
        world.other_runner(vec![journal.kind("work")]).drain().await.unwrap();
        assert_eq!(journal.notes(), ["x"]);
    }

    async fn one_tenant_never_has_all_workers(engine: Engine) {
        let world = World::new(engine).await;
        let busy = world.tenant("busy").await;
        busy.write(async |tx| {
            for _ in 0..20 {
                enqueue(tx, NewJob::new("work", &"x")).await?;
            }
            Ok::<_, DbError>(())
        })
        .await
        .unwrap();
        let (journal, running) = (Journal::default(), Arc::new(std::sync::atomic::AtomicUsize::new(0)));
        let notes = journal.clone();
        let kind = JobKind::new("work", move |_| {
            let (notes, running) = (notes.clone(), Arc::clone(&running));
            async move {
                let now = running.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                notes.add(now.to_string());
                running.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                Ok(())
            }
        });
        let config = RunnerConfig { workers: 8, per_place: 2, ..RunnerConfig::default() };
        world.runner_with(config, vec![kind], Vec::new()).drain().await.unwrap();
        assert_eq!(journal.len(), 20);
        assert!(journal.notes().iter().all(|now| now == "1" || now == "2"));
    }
}
