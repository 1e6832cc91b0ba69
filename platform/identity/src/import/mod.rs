//! Bringing accounts along from elsewhere, with the hashes of their passwords: an operator's command, for moving in.
//!
//! Nobody needs a new password: a hash of the old system is compared until its owner signs in, and then
//! replaced by one at today's cost (`password/stored.rs`). Addresses that have an account are not touched.

mod read;

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::Tx;
use gantry_kernel::{Actor, IdentityId};

use crate::account;
use crate::sign_up::{self, NewSignUp};
use crate::{Error, Identity};
pub use read::{Format, Row, RowError, rows};

/// Rows of one transaction.
const BATCH: usize = 500;

/// What became of an import.
#[derive(Debug, Default)]
pub struct Report {
    /// Accounts made.
    pub added: u64,
    /// Rows whose address has an account already; it was not touched.
    pub known: u64,
    /// Rows that cannot be taken: the line, and why.
    pub refused: Vec<(u64, RowError)>,
}

impl Identity {
    /// Imports rows, 500 in a transaction. A refused row does not keep the others out. Errors: the database; the batches
    /// before it stay, and the same file can be imported again.
    pub async fn import(
        self: &Arc<Self>,
        rows: impl Iterator<Item = (u64, Result<Row, RowError>)>,
    ) -> Result<Report, Error> {
        let mut report = Report::default();
        let mut batch = Vec::with_capacity(BATCH);
        for (line, row) in rows {
            match row {
                Ok(row) => batch.push(row),
                Err(error) => report.refused.push((line, error)),
            }
            if batch.len() == BATCH {
                self.put(std::mem::take(&mut batch), &mut report).await?;
            }
        }
        self.put(batch, &mut report).await?;
        Ok(report)
    }

    async fn put(&self, batch: Vec<Row>, report: &mut Report) -> Result<(), Error> {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let batch = Arc::new(batch);
        let added = self
            .control
            .write(async move |tx| {
                let mut added = 0;
                for row in batch.iter() {
                    added += u64::from(put(tx, row).await?);
                }
                Ok::<_, Error>(added)
            })
            .await?;
        report.added += added;
        report.known += count - added;
        self.changed();
        Ok(())
    }
}

/// `false` when the address has an account. A row that is not verified becomes a sign-up: its password and its
/// workspace wait until the mailbox is proven.
async fn put(tx: &mut Tx, row: &Row) -> Result<bool, Error> {
    let (name, hash) = (row.name.as_str(), row.hash.as_deref());
    let id = match hash.filter(|_| !row.verified) {
        None => account::store::make_confirmed(tx, &row.email, name, hash).await?,
        Some(hash) => wait(tx, row, hash).await?,
    };
    let Some(id) = id else { return Ok(false) };
    let entry = Entry::new(
        Actor::Rescue,
        "identity.account.imported",
        Target::new("identity", id),
    );
    let facts = Facts::new()
        .with("password", hash.is_some())
        .with("verified", row.verified);
    gantry_audit::append(tx, entry.after(facts)).await?;
    Ok(true)
}

async fn wait(tx: &mut Tx, row: &Row, hash: &str) -> Result<Option<IdentityId>, Error> {
    let (identity, confirmed) = account::store::claim(tx, &row.email, row.name.as_str()).await?;
    if confirmed {
        return Ok(None);
    }
    let new = NewSignUp {
        identity,
        name: row.name.clone(),
        password_hash: hash.to_owned(),
        workspace_name: row.workspace.clone(),
        workspace_slug: None,
        ip: None,
    };
    sign_up::put(tx, &new, true).await?;
    Ok(Some(identity))
}
