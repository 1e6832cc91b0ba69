//! Databases with the queue's tables, one for effects, and a clock that stands still.

use std::{
    ops::Deref,
    sync::{Arc, Mutex},
    time::Duration,
};

use gantry_db::{DbError, Engine, Migration, Migrations, TenantDb, Tx, args, sql};
use gantry_jobs::{JobKind, NewJob, Runner, RunnerConfig, Schedule, enqueue};
use gantry_kernel::Timestamp;
use gantry_testkit::Stage;

const EFFECTS: &str = "create table effects (note {text} not null);";
const TEST: Migrations = Migrations {
    module: "test",
    control: &[Migration::new("0001_effects", EFFECTS)],
    tenant: &[Migration::new("0001_effects", EFFECTS)],
};

pub(crate) struct World(Stage);

impl Deref for World {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.0
    }
}

impl World {
    pub(crate) async fn new(engine: Engine) -> Self {
        Self(Stage::new(engine, [gantry_jobs::MIGRATIONS, TEST]).await)
    }

    /// Ten times the longest transaction: all hints have had their quiet time.
    pub(crate) fn long(&self) -> Duration {
        self.databases.config().max_transaction * 10
    }

    pub(crate) fn runner(&self, kinds: Vec<JobKind>) -> Runner {
        self.0.runner(kinds, Vec::new())
    }

    pub(crate) fn runner_with(
        &self,
        config: RunnerConfig,
        kinds: Vec<JobKind>,
        schedules: Vec<Schedule>,
    ) -> Runner {
        self.0
            .runner_with(Arc::clone(&self.hints), config, kinds, schedules)
    }

    /// The tenant's hint: none if there is no row or nothing is due.
    pub(crate) async fn hint(&self, tenant: &TenantDb) -> Option<Timestamp> {
        let id = tenant.id();
        self.databases
            .control
            .read(async move |tx| {
                tx.opt::<(Option<Timestamp>,)>(
                    sql!("select due_at from due_hints where tenant_id = $1"),
                    &args![id],
                )
                .await
            })
            .await
            .unwrap()
            .and_then(|(due_at,)| due_at)
    }
}

pub(crate) async fn put(db: &TenantDb, kind: &'static str, note: &str) {
    let note = note.to_owned();
    db.write(async move |tx| enqueue(tx, NewJob::new(kind, &note)).await)
        .await
        .unwrap();
}

pub(crate) async fn note_effect(tx: &mut Tx, note: &str) -> Result<(), DbError> {
    tx.execute(sql!("insert into effects (note) values ($1)"), &args![note])
        .await?;
    Ok(())
}

pub(crate) async fn effects(db: &TenantDb) -> Vec<String> {
    db.read(async |tx| {
        tx.all::<String>(sql!("select note from effects order by note"), &args![])
            .await
    })
    .await
    .unwrap()
}

/// State, attempts and last error of each job row.
pub(crate) async fn rows(db: &TenantDb) -> Vec<(String, i64, Option<String>)> {
    db.read(async |tx| {
        tx.all(
            sql!("select state, attempts, last_error from jobs order by id"),
            &args![],
        )
        .await
    })
    .await
    .unwrap()
}

/// Notes taken by handlers, in order.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub(crate) fn add(&self, note: impl Into<String>) {
        self.0.lock().unwrap().push(note.into());
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// A kind of job that notes its payload and succeeds.
    pub(crate) fn kind(&self, name: &'static str) -> JobKind {
        let journal = self.clone();
        JobKind::new(name, move |cx| {
            let journal = journal.clone();
            async move {
                journal.add(cx.payload::<String>()?);
                Ok(())
            }
        })
    }
}
