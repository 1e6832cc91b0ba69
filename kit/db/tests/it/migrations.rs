//! Schemas move forward, and only as written.

use gantry_db::{Databases, DbError, Engine, Migration, Migrations, args, sql};

use crate::support::{Room, SCHEMA, tenant};
use crate::{both, copy};

both!(
    a_changed_migration_is_refused,
    an_older_program_runs_on_a_newer_schema,
    a_breaking_schema_refuses_an_older_program,
    a_failing_migration_leaves_nothing,
    an_upgrade_keeps_what_was_there_before,
    what_cannot_be_kept_is_not_upgraded,
    tenants_follow_on_open_and_by_sweep,
    every_statement_is_valid,
);

const CHANGED: Migrations = Migrations {
    module: "test",
    control: &[Migration::new(
        "0001_notes",
        "CREATE TABLE notes (id {int} NOT NULL PRIMARY KEY);",
    )],
    tenant: SCHEMA.tenant,
};

pub(crate) const NEWER: Migrations = Migrations {
    module: "more",
    control: &[Migration::new(
        "0001_more",
        "CREATE TABLE more (id {int} NOT NULL PRIMARY KEY);",
    )],
    tenant: &[Migration::new(
        "0001_more",
        "-- a second module\nCREATE TABLE more (id {int} NOT NULL PRIMARY KEY, seen {bool} NOT NULL);",
    )],
};

const BREAKING: Migrations = Migrations {
    module: "more",
    control: &[Migration::new(
        "0001_more",
        "-- renames what older programs read\n-- breaking\nALTER TABLE notes RENAME TO remarks;",
    )],
    tenant: &[],
};

const FAILING: Migrations = Migrations {
    module: "more",
    control: &[
        Migration::new(
            "0001_good",
            "CREATE TABLE good (id {int} NOT NULL PRIMARY KEY);",
        ),
        Migration::new(
            "0002_bad",
            "CREATE TABLE good (id {int} NOT NULL PRIMARY KEY);",
        ),
    ],
    tenant: &[],
};

async fn reopened(room: &Room, modules: &[Migrations]) -> Result<Databases, DbError> {
    room.open_with(room.config(), modules.iter().copied()).await
}

async fn has_table(dbs: &Databases, name: &'static str) -> bool {
    let found: Vec<(i64,)> = dbs
        .control
        .read(async |tx| {
            tx.all(
                sql! {
                    sqlite: "SELECT 1 FROM sqlite_schema WHERE name = $1",
                    postgres: "SELECT cast(1 as bigint) FROM pg_class WHERE relname = $1",
                },
                &args![name],
            )
            .await
        })
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    !found.is_empty()
}

async fn a_changed_migration_is_refused(room: Room) {
    drop(room.open().await);
    let refused = reopened(&room, &[CHANGED]).await.err();
    assert!(
        matches!(&refused, Some(DbError::Migration(why)) if why.contains("test/0001_notes")),
        "{refused:?}"
    );
    reopened(&room, &[SCHEMA]).await.unwrap();
}

async fn an_older_program_runs_on_a_newer_schema(room: Room) {
    let schema = [copy::NEWER, copy::LINKED, NEWER];
    let dbs = reopened(&room, &schema).await.unwrap();
    let id = tenant(&dbs).await.id();
    drop(dbs);
    let older = reopened(&room, &[SCHEMA]).await.unwrap();
    assert!(has_table(&older, "more").await);
    older.tenants.get(id).await.unwrap();
    let (report, _) = older.tenants.sweep(None, 10).await.unwrap();
    assert_eq!(report.migrated, 0, "nothing is behind the older program");
}

async fn a_breaking_schema_refuses_an_older_program(room: Room) {
    drop(reopened(&room, &[SCHEMA, BREAKING]).await.unwrap());
    let refused = reopened(&room, &[SCHEMA]).await.err();
    assert!(
        matches!(&refused, Some(DbError::Migration(why)) if why.contains("more/0001_more")),
        "{refused:?}"
    );
    reopened(&room, &[SCHEMA, BREAKING]).await.unwrap();
}

async fn a_failing_migration_leaves_nothing(room: Room) {
    drop(room.open().await);
    let failed = reopened(&room, &[SCHEMA, FAILING]).await.err();
    assert!(
        matches!(&failed, Some(DbError::Migration(why)) if why.contains("more/0002_bad")),
        "{failed:?}"
    );
    let dbs = reopened(&room, &[SCHEMA]).await.unwrap();
    assert!(
        !has_table(&dbs, "good").await,
        "both migrations were one transaction"
    );
}

/// The files kept, by name.
fn kept(room: &Room) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(room.dir.path().join("kept")) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn upgrading(room: &Room, modules: &[Migrations]) -> Result<Databases, DbError> {
    let mut config = room.config();
    config.keep_before_upgrade = Some(room.dir.path().join("kept"));
    room.open_with(config, modules.iter().copied()).await
}

async fn an_upgrade_keeps_what_was_there_before(room: Room) {
    let dbs = upgrading(&room, &[SCHEMA]).await.unwrap();
    dbs.control
        .write(async |tx| {
            tx.execute(
                sql!("INSERT INTO notes (id, body) VALUES (1, 'from before')"),
                &args![],
            )
            .await
        })
        .await
        .unwrap();
    let id = tenant(&dbs).await.id();
    dbs.close().await.unwrap();
    assert!(kept(&room).is_empty(), "what is made is no upgrade");

    let dbs = upgrading(&room, &[SCHEMA, NEWER]).await.unwrap();
    let names = kept(&room);
    assert_eq!(names.len(), 1, "{names:?}");
    dbs.tenants.get(id).await.unwrap();
    let names = kept(&room);
    assert_eq!(names.len(), 2, "a tenant when it is opened: {names:?}");
    let file = room.dir.path().join("kept").join(
        &names[names
            .iter()
            .position(|name| name.starts_with("control."))
            .unwrap()],
    );
    match room.engine {
        // The older program works with the file.
        Engine::Sqlite => {
            let mut config = room.config();
            config.data_dir = room.dir.path().join("older");
            std::fs::create_dir_all(&config.data_dir).unwrap();
            std::fs::copy(&file, config.data_dir.join("control.db")).unwrap();
            let older = room.open_with(config, [SCHEMA]).await.unwrap();
            assert!(!has_table(&older, "more").await);
            let (body,): (String,) = older
                .control
                .read(async |tx| tx.one(sql!("SELECT body FROM notes"), &args![]).await)
                .await
                .unwrap_or_else(|e: DbError| panic!("{e}"));
            assert_eq!(body, "from before");
        }
        Engine::Postgres => {
            let copy = gantry_db::copy::verify(std::fs::File::open(&file).unwrap()).unwrap();
            assert!(
                copy.tables
                    .iter()
                    .any(|table| table.name == "notes" && table.rows == 1)
            );
            assert!(!copy.header.schema.iter().any(|step| step.module == "more"));
        }
    }
    dbs.close().await.unwrap();
    // Nothing changes any more, so nothing is kept; and a proven backup makes them needless.
    let dbs = upgrading(&room, &[SCHEMA, NEWER]).await.unwrap();
    dbs.tenants.get(id).await.unwrap();
    assert_eq!(kept(&room), names);
    let long_ago = gantry_kernel::Timestamp::from_micros(0);
    assert_eq!(dbs.tenants.forget_kept(long_ago).await.unwrap(), 0);
    let later = gantry_kernel::Timestamp::from_micros(i64::MAX);
    assert_eq!(dbs.tenants.forget_kept(later).await.unwrap(), 2);
    assert!(kept(&room).is_empty());
}

async fn what_cannot_be_kept_is_not_upgraded(room: Room) {
    upgrading(&room, &[SCHEMA])
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    // A file where the folder would be.
    std::fs::write(room.dir.path().join("kept"), "in the way").unwrap();
    let refused = upgrading(&room, &[SCHEMA, NEWER]).await.err();
    assert!(
        matches!(&refused, Some(DbError::NotKept { what, .. }) if what == "control"),
        "{refused:?}"
    );
    let dbs = upgrading(&room, &[SCHEMA]).await.unwrap();
    assert!(!has_table(&dbs, "more").await, "it was left as it is");
    dbs.close().await.unwrap();
    // Whoever wants none goes on without.
    let dbs = reopened(&room, &[SCHEMA, NEWER]).await.unwrap();
    assert!(has_table(&dbs, "more").await);
}

async fn tenants_follow_on_open_and_by_sweep(room: Room) {
    let dbs = room.open().await;
    let (first, second, third) = (
        tenant(&dbs).await.id(),
        tenant(&dbs).await.id(),
        tenant(&dbs).await.id(),
    );
    drop(dbs);
    let dbs = reopened(&room, &[SCHEMA, NEWER]).await.unwrap();
    let opened = dbs.tenants.get(first).await.unwrap();
    opened
        .write(async |tx| {
            tx.execute(
                sql!("INSERT INTO more (id, seen) VALUES (1, true)"),
                &args![],
            )
            .await
        })
        .await
        .unwrap();
    let (report, last) = dbs.tenants.sweep(None, 1).await.unwrap();
    assert!(report.migrated == 1 && report.more, "{report:?}");
    assert_eq!(last, Some(second));
    let (report, _) = dbs.tenants.sweep(last, 10).await.unwrap();
    assert!(
        report.migrated == 1 && !report.more && report.failed.is_empty(),
        "{report:?}"
    );
    let versions: Vec<(gantry_kernel::TenantId, i64)> = dbs
        .control
        .read(async |tx| {
            tx.all(
                sql!("SELECT id, schema_version FROM tenants ORDER BY id"),
                &args![],
            )
            .await
        })
        .await
        .unwrap_or_else(|e: DbError| panic!("{e}"));
    assert_eq!(versions, [(first, 3), (second, 3), (third, 3)]);
}

/// Every `sql!` of this test program but those of the second module's table, which only some tests
/// have, and the one that is invalid on purpose.
async fn every_statement_is_valid(room: Room) {
    let schema = [copy::NEWER, copy::LINKED, NEWER];
    let dbs = reopened(&room, &schema).await.unwrap();
    let id = tenant(&dbs).await.id();
    let invalid = dbs.check_statements(id).await.unwrap();
    let texts: Vec<_> = invalid.iter().map(|i| i.sql.text(Engine::Sqlite)).collect();
    assert_eq!(texts, ["UPDATE accounts SET nothing = 1"], "{invalid:#?}");
}
