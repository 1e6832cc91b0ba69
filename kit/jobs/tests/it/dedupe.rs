//! One unfinished job per key; what is asked for while it runs is done once more.

use std::time::Duration;

use gantry_db::DbError;
use gantry_jobs::{JobKind, NewJob, enqueue};
use gantry_testkit::both_engines;

use crate::world::{Journal, World, rows};

both_engines! {
    async fn twins_are_one_and_the_earlier_time_counts(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let journal = Journal::default();
        let later = world.kernel.now() + Duration::from_hours(1);
        let ids = tenant
            .write(async move |tx| {
                let one = enqueue(tx, NewJob::new("known", &"a").dedupe("k").at(later)).await?;
                let two = enqueue(tx, NewJob::new("known", &"b").dedupe("k")).await?;
                let other = enqueue(tx, NewJob::new("known", &"c").dedupe("other")).await?;
                Ok::<_, DbError>([one, two, other])
            })
            .await
            .unwrap();
        assert_eq!(ids[0], ids[1]);
        assert_ne!(ids[0], ids[2]);
        let runner = world.runner(vec![journal.kind("known")]);
        runner.drain().await.unwrap();
        let mut notes = journal.notes();
        notes.sort();
        assert_eq!(notes, ["a", "c"]);
        assert!(rows(&tenant).await.is_empty(), "a finished job leaves no row");
        tenant
            .write(async |tx| enqueue(tx, NewJob::new("known", &"d").dedupe("k")).await)
            .await
            .unwrap();
        runner.drain().await.unwrap();
        assert_eq!(journal.len(), 3, "a finished job frees its key");
    }

    async fn asking_while_it_runs_runs_it_once_more(engine: Engine) {
        let world = World::new(engine).await;
        let tenant = world.tenant("one").await;
        let journal = Journal::default();
        let notes = journal.clone();
        let kind = JobKind::new("known", move |cx| {
            let notes = notes.clone();
            async move {
                if notes.len() == 0 {
                    cx.tenant_db()?
                        .write(async |tx| enqueue(tx, NewJob::new("known", &"x").dedupe("k")).await)
                        .await?;
                }
                notes.add("ran");
                Ok(())
            }
        });
        tenant
            .write(async |tx| enqueue(tx, NewJob::new("known", &"x").dedupe("k")).await)
            .await
            .unwrap();
        let runner = world.runner(vec![kind]);
        runner.drain().await.unwrap();
        assert_eq!(journal.len(), 2);
        assert!(rows(&tenant).await.is_empty());
    }
}
