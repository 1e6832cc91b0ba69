//! Workers that die, workers that come back from the dead, and workers side by side.

use std::{sync::Arc, time::Duration};

use gantry_db::{DbError, TenantDb, args, sql};
use gantry_jobs::{JobError, JobKind, NewJob, enqueue};
use gantry_testkit::both_engines;
use tokio::sync::Notify;

use crate::world::{Journal, World, effects, note_effect, put, rows};

both_engines! {
    async fn a_crashed_workers_job_is_taken_over_when_its_lease_ends(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let started = Arc::new(Notify::new());
        let signal = Arc::clone(&started);
        let stuck = JobKind::new("work", move |_| {
            let signal = Arc::clone(&signal);
            async move {
                signal.notify_one();
                std::future::pending().await
            }
        });
        put(&tenant, "work", "x").await;
        let running = world.runner(vec![stuck]).start();
        started.notified().await;
        drop(running);

        let journal = Journal::default();
        let other = world.other_runner(vec![journal.kind("work")]);
        other.drain().await.unwrap();
        assert_eq!(journal.len(), 0, "the lease still holds");
        world.clock.advance(Duration::from_secs(61));
        other.drain().await.unwrap();
        assert_eq!(journal.notes(), ["x"]);
        assert!(rows(&tenant).await.is_empty());
    }

    async fn whoever_lost_the_lease_changes_nothing(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let (started, resume) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let journal = Journal::default();
        let slow = {
            let (started, resume, journal) =
                (Arc::clone(&started), Arc::clone(&resume), journal.clone());
            JobKind::new("work", move |cx| {
                let (started, resume, journal) =
                    (Arc::clone(&started), Arc::clone(&resume), journal.clone());
                async move {
                    started.notify_one();
                    resume.notified().await;
                    let lease = cx.lease.clone();
                    let outcome = cx
                        .tenant_db()?
                        .write(async move |tx| {
                            note_effect(tx, "slow").await?;
                            lease.finish(tx).await?;
                            Ok::<_, JobError>(())
                        })
                        .await;
                    journal.add(format!("{outcome:?}"));
                    outcome
                }
            })
        };
        let fast = JobKind::new("work", |cx| async move {
            let lease = cx.lease.clone();
            cx.tenant_db()?
                .write(async move |tx| {
                    lease.hold(tx).await?;
                    note_effect(tx, "fast").await?;
                    lease.finish(tx).await?;
                    Ok::<_, JobError>(())
                })
                .await
        });
        put(&tenant, "work", "x").await;
        let running = world.runner(vec![slow]).start();
        started.notified().await;
        world.clock.advance(Duration::from_secs(61));
        // The first worker is held for dead, and is not.
        world.other_runner(vec![fast]).drain().await.unwrap();
        assert_eq!(effects(&tenant).await, ["fast"]);
        resume.notify_one();
        running.stop(Duration::from_secs(10)).await;
        assert_eq!(journal.notes(), ["Err(LeaseLost)"]);
        assert_eq!(effects(&tenant).await, ["fast"], "the late effect was undone");
        assert!(rows(&tenant).await.is_empty());
    }

    async fn a_clock_set_forward_does_not_start_a_job_twice_in_one_process(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let (started, resume) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let journal = Journal::default();
        let (signal, wait, notes) = (Arc::clone(&started), Arc::clone(&resume), journal.clone());
        let slow = JobKind::new("work", move |_| {
            let (signal, wait, notes) = (Arc::clone(&signal), Arc::clone(&wait), notes.clone());
            async move {
                notes.add("began");
                signal.notify_one();
                wait.notified().await;
                Ok(())
            }
        });
        put(&tenant, "work", "x").await;
        let runner = world.runner(vec![slow]);
        let running = runner.start();
        started.notified().await;
        world.clock.set_wall(world.kernel.now() + Duration::from_hours(1));
        // A second dispatcher of the same process, which looks at once.
        runner.drain().await.unwrap();
        resume.notify_one();
        running.stop(Duration::from_secs(20)).await;
        assert_eq!(journal.notes(), ["began"]);
        assert!(rows(&tenant).await.is_empty());
    }

    async fn a_job_that_always_kills_its_process_dies_in_the_end(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        put(&tenant, "work", "x").await;
        for _ in 0..2 {
            let started = Arc::new(Notify::new());
            let signal = Arc::clone(&started);
            let killer = JobKind::new("work", move |_| {
                signal.notify_one();
                std::future::pending::<Result<(), JobError>>()
            });
            let running = world.runner(vec![killer.max_attempts(2)]).start();
            started.notified().await;
            drop(running);
            world.clock.advance(Duration::from_secs(61));
        }
        let journal = Journal::default();
        let kind = journal.kind("work").max_attempts(2).on_dead(|tx, death| {
            Box::pin(async move {
                let payload: Option<String> = death.payload();
                assert_eq!(payload.as_deref(), Some("x"));
                assert!(death.detail.contains("without a word"));
                note_effect(tx, "given up").await
            })
        });
        let other = world.other_runner(vec![kind]);
        other.drain().await.unwrap();
        world.clock.advance(Duration::from_secs(61));
        other.drain().await.unwrap();
        assert_eq!(journal.len(), 0);
        assert_eq!(rows(&tenant).await[0].0, "dead");
        assert_eq!(effects(&tenant).await, ["given up"], "once");
    }

    async fn a_process_that_dies_after_each_step_forward_comes_to_the_end(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        put(&tenant, "work", "x").await;
        let steps = || {
            let stepped = Arc::new(Notify::new());
            let signal = Arc::clone(&stepped);
            let kind = JobKind::new("work", move |cx| {
                let signal = Arc::clone(&signal);
                async move {
                    let (lease, attempt) = (cx.lease.clone(), cx.attempt);
                    let done = cx
                        .tenant_db()?
                        .write(async move |tx| {
                            lease.progress(tx).await?;
                            note_effect(tx, &format!("attempt {attempt}")).await?;
                            let (steps,) = tx
                                .one::<(i64,)>(sql!("select count(*) from effects"), &args![])
                                .await?;
                            if steps == 5 {
                                lease.finish(tx).await?;
                            }
                            Ok::<_, JobError>(steps == 5)
                        })
                        .await?;
                    signal.notify_one();
                    if done { Ok(()) } else { std::future::pending().await }
                }
            });
            (kind.max_attempts(2), stepped)
        };
        for _ in 0..4 {
            let (kind, stepped) = steps();
            let running = world.runner(vec![kind]).start();
            stepped.notified().await;
            drop(running);
            world.clock.advance(Duration::from_secs(61));
        }
        world.other_runner(vec![steps().0]).drain().await.unwrap();
        assert!(rows(&tenant).await.is_empty());
        let first = "attempt 1".to_owned();
        let later = || "attempt 2".to_owned();
        assert_eq!(effects(&tenant).await, [first, later(), later(), later(), later()]);
    }

    async fn what_follows_a_death_is_one_act_with_it(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        put(&tenant, "work", "x").await;
        let (attempts, deaths) = (Journal::default(), Journal::default());
        let (tried, died) = (attempts.clone(), deaths.clone());
        let kind = JobKind::new("work", move |_| {
            tried.add("tried");
            std::future::ready(Err(JobError::fatal("broken")))
        });
        // The first burial fails after its effect.
        let kind = kind.on_dead(move |tx, death| {
            let died = died.clone();
            Box::pin(async move {
                died.add(death.detail.clone());
                note_effect(tx, "given up").await?;
                if died.len() == 1 { Err(DbError::NoRow) } else { Ok(()) }
            })
        });
        let runner = world.runner(vec![kind]);
        runner.drain().await.unwrap();
        assert_eq!(rows(&tenant).await[0].0, "queued");
        assert!(effects(&tenant).await.is_empty());
        world.clock.advance(Duration::from_secs(61));
        runner.drain().await.unwrap();
        assert_eq!(rows(&tenant).await[0].0, "dead");
        assert_eq!(effects(&tenant).await, ["given up"]);
        assert_eq!(deaths.notes(), ["broken", "broken"]);
        assert_eq!(attempts.len(), 2);
    }

    async fn a_job_asked_for_again_is_not_given_up(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let ask = async |db: &TenantDb| {
            db.write(async |tx| enqueue(tx, NewJob::new("work", &"x").dedupe("one".to_owned())).await)
                .await
                .unwrap();
        };
        ask(&tenant).await;
        let attempts = Journal::default();
        let tried = attempts.clone();
        let kind = JobKind::new("work", move |cx| {
            let tried = tried.clone();
            async move {
                tried.add("tried");
                if tried.len() > 1 {
                    return Ok(());
                }
                ask(cx.tenant_db()?).await;
                Err(JobError::fatal("the old wish cannot be met"))
            }
        });
        let kind = kind.on_dead(|tx, _| Box::pin(note_effect(tx, "given up")));
        world.runner(vec![kind]).drain().await.unwrap();
        assert_eq!(attempts.len(), 2);
        assert!(rows(&tenant).await.is_empty() && effects(&tenant).await.is_empty());
    }

    async fn two_runners_share_500_jobs_each_done_once(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        tenant
            .write(async |tx| {
                for number in 0..500 {
                    enqueue(tx, NewJob::new("work", &format!("{number:03}"))).await?;
                }
                Ok::<_, DbError>(())
            })
            .await
            .unwrap();
        let journals = [Journal::default(), Journal::default()];
        let one = world.runner(vec![journals[0].kind("work")]);
        let two = world.other_runner(vec![journals[1].kind("work")]);
        let (first, second) = tokio::join!(one.drain(), two.drain());
        first.unwrap();
        second.unwrap();
        let mut done: Vec<String> =
            journals.iter().flat_map(Journal::notes).collect();
        done.sort();
        let wanted: Vec<String> = (0..500).map(|number| format!("{number:03}")).collect();
        assert_eq!(done, wanted);
        assert!(journals.iter().all(|journal| journal.len() > 0), "both took part");
        assert!(rows(&tenant).await.is_empty());
    }

    async fn jobs_of_control_are_run_as_tenant_zeros(engine: Engine) {
        let world = World::new(engine).await;
        let journal = Journal::default();
        let control = world.databases.control.clone();
        control
            .write(async |tx| enqueue(tx, NewJob::new("work", &"x")).await)
            .await
            .unwrap();
        world.runner(vec![journal.kind("work")]).drain().await.unwrap();
        assert_eq!(journal.notes(), ["x"]);
        let left = control
            .read(async |tx| tx.one::<i64>(sql!("select count(*) from jobs"), &args![]).await)
            .await
            .unwrap();
        assert_eq!(left, 0);
    }
}
