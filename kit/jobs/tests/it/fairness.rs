//! One tenant's flood does not keep another waiting.

use std::{sync::Arc, time::Duration};

use gantry_db::{DbError, TenantState, args, directory, sql};
use gantry_jobs::{Hints, JobError, JobKind, NewJob, RunnerConfig, enqueue};
use gantry_testkit::{both_engines, eventually};
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

    /// Brief work is done while long work has all workers, of the process or of the place.
    async fn brief_work_does_not_wait_for_long_work(engine: Engine) {
        let everybody = RunnerConfig { workers: 2, per_place: 2, ..RunnerConfig::default() };
        let place = RunnerConfig { workers: 8, per_place: 1, ..RunnerConfig::default() };
        for (config, long) in [(everybody, 2), (place, 1)] {
            let world = World::new(engine).await;
            let busy = [world.tenant("one").await, world.tenant("two").await];
            for tenant in busy.iter().take(long) {
                put(tenant, "hang", "x").await;
            }
            let (journal, begun) = (Journal::default(), Journal::default());
            let notes = begun.clone();
            let hang = JobKind::new("hang", move |cx| {
                let notes = notes.clone();
                async move {
                    notes.add("begun");
                    cx.stopped().await;
                    Err(JobError::Stopped)
                }
            });
            let kinds = vec![hang, journal.kind("work"), journal.kind("told").brief()];
            let running = world.runner_with(config, kinds, Vec::new()).start();
            let wait = async |journal: &Journal, wanted: &[&str]| {
                eventually("the notes", Duration::from_secs(30), async || {
                    let notes = journal.notes();
                    if notes == wanted { Ok(()) } else { Err(format!("{notes:?}")) }
                })
                .await;
            };
            wait(&begun, &["begun", "begun"][..long]).await;
            put(&busy[0], "work", "waits").await;
            put(&busy[0], "told", "first").await;
            wait(&journal, &["first"]).await;
            put(&busy[0], "told", "second").await;
            wait(&journal, &["first", "second"]).await;
            running.stop(Duration::from_secs(20)).await;
            // What waited was not forgotten.
            let kinds = vec![journal.kind("hang"), journal.kind("work"), journal.kind("told").brief()];
            world.other_runner(kinds).drain().await.unwrap();
            let mut rest = journal.notes().split_off(2);
            rest.sort();
            assert_eq!(rest, [vec!["waits"], vec!["x"; long]].concat());
        }
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

    async fn a_tenant_whose_database_hangs_holds_up_nobody_else(engine: Engine) {
        let world = World::new(engine).await;
        // Ids are ordered by time: the slow one is looked at first.
        let slow = world.tenant("slow").await;
        let quick = world.tenant("quick").await;
        put(&slow, "work", "slow").await;
        put(&quick, "work", "quick").await;
        let locked = Arc::new(Notify::new());
        let signal = Arc::clone(&locked);
        let held = tokio::spawn(async move {
            slow.write(async move |tx| {
                tx.execute(
                    sql! {
                        sqlite: "update jobs set updated_at = updated_at",
                        postgres: "lock table jobs in access exclusive mode",
                    },
                    &args![],
                )
                .await?;
                signal.notify_one();
                tx.one::<i64>(
                    sql! {
                        sqlite: "with recursive n(i) as (select 1 union all select i + 1 from n
                                   where i < 40000000) select count(*) from n",
                        postgres: "select count(*) from pg_sleep(10)",
                    },
                    &args![],
                )
                .await
            })
            .await
        });
        locked.notified().await;
        let journal = Journal::default();
        let running = world.runner(vec![journal.kind("work")]).start();
        eventually("the other's job", Duration::from_secs(20), async || {
            let notes = journal.notes();
            if notes.contains(&"quick".to_owned()) { Ok(()) } else { Err(format!("{notes:?}")) }
        })
        .await;
        assert!(!held.is_finished(), "the slow one was waited for");
        // It ends, or the longest transaction ends it; then its turn comes too.
        drop(held.await.unwrap());
        eventually("the slow one's job", Duration::from_secs(30), async || {
            let notes = journal.notes();
            // What cannot be read is left alone for some time.
            world.clock.advance(Duration::from_secs(1));
            if notes.len() == 2 { Ok(()) } else { Err(format!("{notes:?}")) }
        })
        .await;
        running.stop(Duration::from_secs(20)).await;
    }

    async fn more_due_tenants_than_are_read_at_once_all_get_their_turn(engine: Engine) {
        let world = World::new(engine).await;
        // Nobody here knows their kind, so their hints stay due, earlier than all others.
        for slug in ["one", "two", "three", "four", "five"] {
            put(&world.tenant(slug).await, "unknown", "x").await;
        }
        world.clock.advance(Duration::from_secs(1));
        put(&world.tenant("late").await, "work", "late").await;
        // Another process, which was not told.
        let longest = world.databases.config().max_transaction;
        let hints = Hints::new(world.databases.control.clone(), world.kernel.clone(), longest);
        let config = RunnerConfig { hints_at_once: 2, ..RunnerConfig::default() };
        let journal = Journal::default();
        let kinds = vec![journal.kind("work")];
        let running = (*world).runner_with(hints, config, kinds, Vec::new()).start();
        eventually("the last one's job", Duration::from_secs(20), async || {
            let notes = journal.notes();
            if notes == ["late"] { Ok(()) } else { Err(format!("{notes:?}")) }
        })
        .await;
        running.stop(Duration::from_secs(20)).await;
    }
}
