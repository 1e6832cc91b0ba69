//! Every SQL statement of the program is understood by both engines, against the schemas that the
//! program itself makes.

use gantry::App;
use gantry_db::{ControlTx, Databases, DbError, Sql, TenantDb, TenantTx, directory, statements};
use gantry_kernel::{Kernel, TenantId};
use gantry_testkit::{TestDatabases, both_engines};

both_engines! {
    /// A statement of kit runs in control and in tenants and must fit both or the one it is for; one
    /// that fits neither names a column or a function that is not there.
    async fn every_statement_can_be_prepared(engine: Engine) {
        let place = TestDatabases::new(engine);
        let kernel = Kernel::system();
        let app = App::new().unwrap();
        let migrations = app.registry().migrations().clone();
        let databases = Databases::open(place.config(), kernel.clone(), migrations).await.unwrap();
        let tenant = tenant(&databases, &kernel).await;
        let mut refused = Vec::new();
        let mut seen = 0;
        for sql in statements() {
            seen += 1;
            let control = prepare_in_control(&databases, sql).await;
            let Err(in_control) = control else { continue };
            if let Err(in_tenant) = tenant.read(async |tx: &mut TenantTx| tx.prepare(sql).await).await {
                let place = sql.statement();
                refused.push(format!(
                    "{}:{}\n  control: {in_control}\n  tenant: {in_tenant}",
                    place.file(),
                    place.line()
                ));
            }
        }
        // The registry is filled by the linker; a build that loses it must not pass for a clean one.
        assert!(seen > 100, "only {seen} statements are registered");
        assert!(refused.is_empty(), "{} of {seen} statements:\n{}", refused.len(), refused.join("\n"));
        drop(tenant);
        databases.close().await.unwrap();
    }
}

/// What statements are measured under: tables that exist, so that nobody looks for a name that the text only seems to have.
#[test]
fn every_statement_is_measured_under_a_table_that_exists() {
    let app = App::new().unwrap();
    let migrations = app.registry().migrations();
    let mut known: Vec<String> = [
        "none",
        "_migrations",
        "_meta",
        "pg_database",
        "sqlite_schema",
    ]
    .map(str::to_owned)
    .into();
    for table in [migrations.control_tables(), migrations.tenant_tables()] {
        known.extend(table.unwrap().into_iter().map(|table| table.name));
    }
    let mut strange = Vec::new();
    for sql in statements() {
        let (statement, class) = (sql.statement(), sql.statement().class());
        if statement.file().contains("/tests/") {
            continue;
        }
        if !known.iter().any(|table| table == class.table) || class.operation == "other" {
            strange.push(format!(
                "{}:{} {class:?}",
                statement.file(),
                statement.line()
            ));
        }
    }
    assert!(strange.is_empty(), "{}", strange.join("\n"));
}

async fn prepare_in_control(databases: &Databases, sql: Sql) -> Result<(), DbError> {
    databases
        .control
        .read(async |tx: &mut ControlTx| tx.prepare(sql).await)
        .await
}

async fn tenant(databases: &Databases, kernel: &Kernel) -> TenantDb {
    let id: TenantId = kernel.id();
    databases
        .control
        .write(async move |tx: &mut ControlTx| {
            directory::insert(tx, id, &"statements".parse().unwrap(), "Statements").await
        })
        .await
        .unwrap();
    databases.tenants.provision(id).await.unwrap()
}
