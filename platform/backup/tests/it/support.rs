//! An installation with a few tenants, and folders for its backups.

use std::path::PathBuf;
use std::time::Duration;

use gantry_backup::{BackupConfig, Backups};
use gantry_db::{
    Databases, DbError, Migration, MigrationSet, Migrations, TenantDb, args, directory, sql,
};
use gantry_kernel::{Kernel, ManualClock, TenantId, Timestamp};
use gantry_outbound::OutboundSettings;
use gantry_testkit::{Engine, TestDatabases};

const NOTES: Migrations = Migrations {
    module: "notes",
    control: &[],
    tenant: &[Migration::new(
        "0001_notes",
        "create table notes (id {int} primary key, body {text} not null, day {date});",
    )],
};

pub(crate) struct World {
    pub(crate) place: TestDatabases,
    pub(crate) clock: ManualClock,
    pub(crate) kernel: Kernel,
    pub(crate) databases: Databases,
    pub(crate) config: BackupConfig,
}

impl World {
    pub(crate) async fn new(engine: Engine) -> Self {
        let place = TestDatabases::new(engine);
        // 2026-11-21T14:30:00Z.
        let clock = ManualClock::at(Timestamp::from_micros(1_795_271_400_000_000));
        let kernel = Kernel::manual(&clock, 11);
        let set = MigrationSet::new([
            gantry_audit::MIGRATIONS,
            gantry_events::MIGRATIONS,
            gantry_notices::MIGRATIONS,
            gantry_jobs::MIGRATIONS,
            gantry_backup::MIGRATIONS,
            NOTES,
        ])
        .unwrap();
        let databases = Databases::open(place.config(), kernel.clone(), set)
            .await
            .unwrap();
        let folder = |name: &str| Some(place.folder().join(name));
        let config = BackupConfig {
            directory: folder("backups"),
            second_directory: folder("elsewhere"),
            key_file: folder("backup.key"),
            ..BackupConfig::default()
        };
        Self {
            place,
            clock,
            kernel,
            databases,
            config,
        }
    }

    pub(crate) fn backups(&self) -> Backups {
        Backups::new(
            self.databases.control.clone(),
            self.databases.tenants.clone(),
            self.kernel.clone(),
            self.config.clone(),
            OutboundSettings::default(),
        )
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.config.directory.clone().unwrap()
    }

    /// A tenant with `rows` notes.
    pub(crate) async fn tenant(&self, slug: &str, rows: i64) -> TenantDb {
        let (id, slug): (TenantId, _) = (self.kernel.id(), slug.parse().unwrap());
        self.databases
            .control
            .write(async move |tx| directory::insert(tx, id, &slug, "A Name").await)
            .await
            .unwrap();
        let db = self.databases.tenants.provision(id).await.unwrap();
        for row in 0..rows {
            write(&db, row).await;
        }
        // Tenants that come in the very instant of a backup are left for the next one.
        self.clock.advance(Duration::from_secs(1));
        db
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.contains(".lock"))
            .collect();
        names.sort();
        names
    }
}

pub(crate) async fn write(db: &TenantDb, id: i64) {
    db.write(async move |tx| {
        tx.execute(
            sql!("insert into notes (id, body) values ($1, 'a note') on conflict do nothing"),
            &args![id],
        )
        .await
    })
    .await
    .unwrap();
}

pub(crate) async fn notes(db: &TenantDb) -> i64 {
    db.read(async |tx| tx.one(sql!("select count(*) from notes"), &args![]).await)
        .await
        .unwrap_or_else(|error: DbError| panic!("{error}"))
}

/// The hash of everything a tenant has.
pub(crate) async fn content(db: &TenantDb) -> String {
    let copied = db.copy_to(Duration::from_mins(1), std::io::sink()).await;
    copied.unwrap().1.content
}
