//! Every column that holds sealed values takes part when the master key changes.

use std::collections::BTreeSet;

use gantry::App;
use gantry_db::{ControlTx, Databases, DbError, TenantTx, Tx, args, directory, sql};
use gantry_kernel::{Kernel, TenantId};
use gantry_runtime::SealedColumn;
use gantry_testkit::{TestDatabases, both_engines};

type Names = BTreeSet<(String, String)>;

/// The columns whose name begins with `sealed`.
async fn in_schema(tx: &mut Tx) -> Result<Names, DbError> {
    let rows: Vec<(String, String)> = tx
        .all(
            sql! {
                sqlite: "select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c
                         where m.type = 'table' and c.name like 'sealed%'",
                postgres: "select cast(table_name as text), cast(column_name as text) from information_schema.columns
                           where column_name like 'sealed%'",
            },
            &args![],
        )
        .await?;
    Ok(rows.into_iter().collect())
}

fn declared(columns: &[SealedColumn]) -> Names {
    let names = columns.iter();
    names
        .map(|column| (column.table.to_owned(), column.column.to_owned()))
        .collect()
}

both_engines! {
    async fn every_sealed_column_is_declared(engine: Engine) {
        let place = TestDatabases::new(engine);
        let kernel = Kernel::system();
        let app = App::new().unwrap();
        let migrations = app.registry().migrations().clone();
        let databases = Databases::open(place.config(), kernel.clone(), migrations).await.unwrap();
        let id: TenantId = kernel.id();
        let insert = async move |tx: &mut ControlTx| {
            directory::insert(tx, id, &"sealed".parse().unwrap(), "Sealed").await
        };
        databases.control.write(insert).await.unwrap();
        let tenant = databases.tenants.provision(id).await.unwrap();
        let sealed = app.registry().sealed();
        let control = databases.control.read(async |tx: &mut ControlTx| in_schema(tx).await).await.unwrap();
        assert!(control.contains(&("signing_keys".to_owned(), "sealed_private".to_owned())), "{control:?}");
        assert_eq!(control, declared(&sealed.control));
        let tenant_columns = tenant.read(async |tx: &mut TenantTx| in_schema(tx).await).await.unwrap();
        assert_eq!(tenant_columns, declared(&sealed.tenant));
        drop(tenant);
        databases.close().await.unwrap();
    }
}
