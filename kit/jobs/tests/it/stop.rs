//! Ending in order.

use std::{sync::Arc, time::Duration};

use gantry_jobs::{JobError, JobKind};
use gantry_testkit::both_engines;
use tokio::sync::Notify;

use crate::world::{Journal, World, put, rows};

both_engines! {
    async fn a_handler_that_listens_ends_by_itself(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let started = Arc::new(Notify::new());
        let signal = Arc::clone(&started);
        let kind = JobKind::new("work", move |cx| {
            let signal = Arc::clone(&signal);
            async move {
                signal.notify_one();
                cx.stopped().await;
                assert!(cx.stopping());
                Ok(())
            }
        });
        put(&tenant, "work", "x").await;
        let running = world.runner(vec![kind]).start();
        started.notified().await;
        running.stop(Duration::from_secs(20)).await;
        assert!(rows(&tenant).await.is_empty());
    }

    async fn an_attempt_that_ends_because_of_the_stop_does_not_count(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let started = Arc::new(Notify::new());
        let signal = Arc::clone(&started);
        let kind = JobKind::new("work", move |cx| {
            let signal = Arc::clone(&signal);
            async move {
                signal.notify_one();
                cx.stopped().await;
                Err(JobError::Stopped)
            }
        })
        .max_attempts(1);
        put(&tenant, "work", "x").await;
        let running = world.runner(vec![kind]).start();
        started.notified().await;
        running.stop(Duration::from_secs(20)).await;
        assert_eq!(rows(&tenant).await, [("queued".to_owned(), 0, None)]);
    }

    async fn a_handler_that_does_not_is_dropped_and_its_job_given_back(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let started = Arc::new(Notify::new());
        let signal = Arc::clone(&started);
        let deaf = JobKind::new("work", move |_| {
            let signal = Arc::clone(&signal);
            async move {
                signal.notify_one();
                std::future::pending().await
            }
        });
        put(&tenant, "work", "x").await;
        let running = world.runner(vec![deaf]).start();
        started.notified().await;
        running.stop(Duration::from_millis(50)).await;
        assert_eq!(rows(&tenant).await, [("queued".to_owned(), 0, None)]);
        let journal = Journal::default();
        world.other_runner(vec![journal.kind("work")]).drain().await.unwrap();
        assert_eq!(journal.notes(), ["x"], "without any wait");
    }
}
