//! Work that comes again.

use std::time::Duration;

use gantry_jobs::{RunnerConfig, Schedule};
use gantry_testkit::both_engines;
use serde_json::json;

use crate::world::{Journal, World};

const HOUR: Duration = Duration::from_hours(1);

fn hourly() -> Vec<Schedule> {
    vec![Schedule::new("tidy", HOUR, "work").payload(json!("tidy"))]
}

both_engines! {
    async fn runs_once_per_length_even_after_a_gap_or_a_restart(engine: Engine) {
        let world = World::new(engine).await;
        let journal = Journal::default();
        let runner = || {
            world.runner_with(RunnerConfig::default(), vec![journal.kind("work")], hourly())
        };
        runner().drain().await.unwrap();
        world.clock.advance(HOUR / 10);
        runner().drain().await.unwrap();
        assert_eq!(journal.len(), 1, "the first run comes within a tenth of the length");
        runner().drain().await.unwrap();
        assert_eq!(journal.len(), 1, "a restart alone runs nothing");
        world.clock.advance(HOUR + HOUR / 5);
        runner().drain().await.unwrap();
        assert_eq!(journal.len(), 2);
        world.clock.advance(HOUR * 50);
        runner().drain().await.unwrap();
        runner().drain().await.unwrap();
        assert_eq!(journal.len(), 3, "fifty missed runs are one");
    }

    async fn two_processes_fire_once(engine: Engine) {
        let world = World::new(engine).await;
        let journal = Journal::default();
        let runner = || {
            world.runner_with(RunnerConfig::default(), vec![journal.kind("work")], hourly())
        };
        let (one, two) = (runner(), runner());
        one.drain().await.unwrap();
        world.clock.advance(HOUR / 5);
        let (first, second) = tokio::join!(one.drain(), two.drain());
        first.unwrap();
        second.unwrap();
        assert_eq!(journal.len(), 1);
    }

    async fn a_clock_set_back_does_not_silence_it(engine: Engine) {
        let world = World::new(engine).await;
        let journal = Journal::default();
        let runner = || {
            world.runner_with(RunnerConfig::default(), vec![journal.kind("work")], hourly())
        };
        let start = world.kernel.now();
        world.clock.set_wall(start + Duration::from_hours(24 * 365));
        runner().drain().await.unwrap();
        world.clock.set_wall(start);
        runner().drain().await.unwrap();
        world.clock.advance(HOUR * 2);
        runner().drain().await.unwrap();
        assert_eq!(journal.len(), 1);
    }
}
