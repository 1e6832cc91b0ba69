//! Asking the engines about every statement of the program, for one test that covers all modules.

use gantry_kernel::TenantId;

use crate::{Databases, DbError, Sql, Tx, statements};

/// A statement that is valid neither in control nor in a tenant's database.
#[derive(Debug)]
pub struct Invalid {
    /// The statement.
    pub sql: Sql,
    /// What control said.
    pub control: DbError,
    /// What the tenant's database said.
    pub tenant: DbError,
}

impl Databases {
    /// Prepares every [`sql!`](macro@crate::sql) linked into the program in control and in the database
    /// of `tenant`; each must be valid in one of them.
    pub async fn check_statements(&self, tenant: TenantId) -> Result<Vec<Invalid>, DbError> {
        let control = self.control.read(async |tx| all(tx).await).await?;
        let tenant = self
            .tenants
            .get(tenant)
            .await?
            .read(async |tx| all(tx).await)
            .await?;
        Ok(statements()
            .zip(control.into_iter().zip(tenant))
            .filter_map(|(sql, outcome)| match outcome {
                (Err(control), Err(tenant)) => Some(Invalid {
                    sql,
                    control,
                    tenant,
                }),
                _ => None,
            })
            .collect())
    }
}

async fn all(tx: &mut Tx) -> Result<Vec<Result<(), DbError>>, DbError> {
    let mut outcomes = Vec::new();
    for sql in statements() {
        outcomes.push(tx.savepoint(async |tx| tx.prepare(sql).await).await);
    }
    Ok(outcomes)
}
