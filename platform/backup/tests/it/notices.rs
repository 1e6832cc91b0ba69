//! What operators are told: that a scheduled backup went wrong, and that the newest good one is too old.

use std::sync::Arc;
use std::time::Duration;

use gantry_backup::{Cause, State, jobs};
use gantry_db::{ControlTx, DbError, args, sql};
use gantry_jobs::{Hints, NewJob, Runner, RunnerConfig, enqueue};
use gantry_notices::{DELIVER, Telling, To};
use gantry_testkit::both_engines;
use serde_json::json;

use crate::support::World;

impl World {
    /// A runner of the module's jobs. One for each world: it installs the hook that tells of work.
    fn runner(&self) -> Runner {
        let (control, kernel) = (self.databases.control.clone(), self.kernel.clone());
        let hints = Hints::new(control.clone(), kernel.clone(), Duration::from_secs(5));
        self.databases
            .install_hook(Arc::clone(&hints) as _)
            .unwrap();
        let (tenants, kinds) = (self.databases.tenants.clone(), jobs(&self.backups()));
        let config = RunnerConfig::default();
        Runner::new(control, tenants, kernel, hints, config, kinds, Vec::new()).unwrap()
    }

    async fn ask(&self, kind: &'static str) {
        let control = &self.databases.control;
        let asked = control.write(async move |tx: &mut ControlTx| {
            enqueue(tx, NewJob::new(kind, &())).await.map(drop)
        });
        asked.await.unwrap();
    }

    /// What is on its way to operators who may see backups.
    async fn told(&self) -> Vec<Telling> {
        let select = sql!("select payload from jobs where kind = $1 order by id");
        let control = &self.databases.control;
        let rows: Result<Vec<(String,)>, DbError> = control
            .read(async |tx| tx.all(select, &args![DELIVER]).await)
            .await;
        let told: Vec<Telling> = rows
            .unwrap()
            .iter()
            .map(|(payload,)| serde_json::from_str(payload).unwrap())
            .collect();
        let readers = To::Operators("backup.backup.read".to_owned());
        assert!(
            told.iter()
                .all(|one| one.to == readers && one.tenant.is_none())
        );
        told
    }
}

both_engines! {
    async fn a_newest_backup_that_grows_old_is_told_once(engine: Engine) {
        let world = World::new(engine).await;
        let (backups, runner) = (world.backups(), world.runner());
        let look = async || {
            world.ask("backup.look").await;
            runner.drain().await.unwrap();
            world.told().await
        };
        assert!(look().await.is_empty(), "nothing was begun yet");
        let first = backups.run(Cause::Command).await.unwrap();
        let patience = world.config.every.get() * 2;
        world.clock.advance(patience.saturating_sub(Duration::from_secs(1)));
        assert!(look().await.is_empty());
        world.clock.advance(Duration::from_secs(1));
        for _ in 0..2 {
            let told = look().await;
            assert_eq!((told.len(), told[0].kind.as_str()), (1, "backup.stale"));
            assert_eq!(told[0].subjects, json!({"backup": first.id}));
        }
        let second = backups.run(Cause::Command).await.unwrap();
        assert_eq!(look().await.len(), 1);
        world.clock.advance(patience);
        let told = look().await;
        assert_eq!((told.len(), &told[1].subjects), (2, &json!({"backup": second.id})));
    }

    async fn a_scheduled_backup_that_lacks_a_tenant_or_is_given_up_is_told(engine: Engine) {
        let mut world = World::new(engine).await;
        let broken = world.tenant("broken", 1).await;
        broken
            .write(async |tx| {
                tx.execute(sql!("create table stray (id text primary key)"), &args![]).await
            })
            .await
            .unwrap();
        let one = world.backups().run(Cause::Command).await.unwrap();
        assert_eq!(one.state, State::Partial);
        assert!(world.told().await.is_empty(), "whoever took it by hand has seen it");
        let one = world.backups().run(Cause::Schedule).await.unwrap();
        let told = world.told().await;
        assert_eq!((told.len(), told[0].kind.as_str()), (1, "backup.failed"));
        assert_eq!(told[0].subjects, json!({"what": "schedule", "backup": one.id}));

        // A file where the folder should be.
        let blocked = world.place.folder().join("blocked");
        std::fs::write(&blocked, "in the way").unwrap();
        world.config.directory = Some(blocked);
        let runner = world.runner();
        world.ask("backup.take").await;
        for attempt in 1..=3 {
            assert_eq!(world.told().await.len(), 1, "before attempt {attempt}");
            runner.drain().await.unwrap();
            world.clock.advance(Duration::from_hours(2));
        }
        let told = world.told().await;
        assert_eq!(told.len(), 2);
        assert_eq!(told[1].subjects, json!({"what": "schedule", "backup": null}));
    }
}
