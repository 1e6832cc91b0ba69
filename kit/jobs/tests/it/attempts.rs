//! Backoff, dead letters, panics, unknown kinds, replay.

use std::time::Duration;

use gantry_jobs::{JobError, JobKind, admin};
use gantry_testkit::both_engines;

use crate::world::{Journal, World, put, rows};

fn failing(journal: &Journal, attempts: u32) -> JobKind {
    let journal = journal.clone();
    JobKind::new("fail", move |cx| {
        let journal = journal.clone();
        async move {
            journal.add(cx.attempt.to_string());
            Err(JobError::retry("the other side is down"))
        }
    })
    .max_attempts(attempts)
}

both_engines! {
    async fn waits_grow_until_the_job_is_dead_and_a_replay_starts_over(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let journal = Journal::default();
        let runner = world.runner(vec![failing(&journal, 4)]);
        put(&tenant, "fail", "x").await;
        runner.drain().await.unwrap();
        assert_eq!(journal.notes(), ["1"]);
        for (attempt, whole) in [(1, 2), (2, 4), (3, 8)] {
            world.clock.advance(Duration::from_millis(whole * 500 - 1));
            runner.drain().await.unwrap();
            assert_eq!(journal.len(), attempt, "before half of {whole} s nothing runs");
            world.clock.advance(Duration::from_secs(whole) / 2 + Duration::from_millis(2));
            runner.drain().await.unwrap();
            assert_eq!(journal.len(), attempt + 1, "after {whole} s it runs");
        }
        let error = Some("the other side is down".to_owned());
        assert_eq!(rows(&tenant).await, [("dead".to_owned(), 4, error)]);
        for _ in 0..2 {
            world.clock.advance(world.long());
            runner.drain().await.unwrap();
        }
        assert_eq!(journal.len(), 4, "the dead stay dead");
        assert_eq!(world.hint(&tenant).await, None, "and need no hint");

        let dead = tenant.read(async |tx| admin::list_dead(tx, None, 10).await).await.unwrap();
        let id = dead[0].id;
        let replayed = tenant.write(async move |tx| admin::replay(tx, id).await).await.unwrap();
        assert_eq!(replayed, admin::Replay::Queued);
        runner.drain().await.unwrap();
        assert_eq!(journal.notes().last().map(String::as_str), Some("1"));
        let again = tenant.write(async move |tx| admin::replay(tx, id).await).await.unwrap();
        assert_eq!(again, admin::Replay::NotDead);
    }

    async fn fatal_and_panic(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let runner = world.runner(vec![
            JobKind::new("fatal", async |_| Err(JobError::fatal("never"))),
            JobKind::new("panic", async |_| panic!("the {} fell", "sky")),
        ]);
        put(&tenant, "fatal", "x").await;
        put(&tenant, "panic", "x").await;
        runner.drain().await.unwrap();
        let mut found = rows(&tenant).await;
        found.sort();
        assert_eq!(found, [
            ("dead".to_owned(), 1, Some("never".to_owned())),
            ("queued".to_owned(), 1, Some("panicked: the sky fell".to_owned())),
        ]);
        let counts = tenant.read(async |tx| admin::counts(tx).await).await.unwrap();
        assert_eq!(counts.iter().map(|c| (c.kind.as_str(), c.state.as_str(), c.jobs)).collect::<Vec<_>>(),
            [("fatal", "dead", 1), ("panic", "queued", 1)]);
    }

    async fn an_unknown_kind_waits_for_a_version_that_knows_it(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let journal = Journal::default();
        put(&tenant, "new.kind", "later").await;
        put(&tenant, "known", "now").await;
        let old = world.runner(vec![journal.kind("known")]);
        for _ in 0..3 {
            old.drain().await.unwrap();
            world.clock.advance(world.long());
        }
        assert_eq!(journal.notes(), ["now"]);
        assert!(world.hint(&tenant).await.is_some(), "its hint stays for those who know it");
        world.other_runner(vec![journal.kind("new.kind")]).drain().await.unwrap();
        assert_eq!(journal.notes(), ["now", "later"]);
    }

    async fn a_clock_set_back_delays_and_loses_nothing(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let journal = Journal::default();
        let start = world.kernel.now();
        put(&tenant, "known", "before").await;
        world.clock.set_wall(start.before(Duration::from_hours(1)));
        put(&tenant, "known", "after").await;
        let runner = world.runner(vec![journal.kind("known")]);
        runner.drain().await.unwrap();
        assert_eq!(journal.notes(), ["after"]);
        // Long enough for every hint to be settled: what is settled must still know the other job.
        world.clock.advance(Duration::from_mins(30));
        runner.drain().await.unwrap();
        world.clock.advance(Duration::from_mins(30));
        runner.drain().await.unwrap();
        assert_eq!(journal.notes(), ["after", "before"]);
        assert!(rows(&tenant).await.is_empty());
    }
}
