//! `gantry jobs`.

use std::fmt::Write;

use clap::Subcommand;
use gantry_db::{DbError, Tx};
use gantry_jobs::admin::{self, Count, DeadJob};
use gantry_kernel::TenantId;

use super::CliError;
use super::context::{Context, block_on};

/// Dead jobs shown at most; more of the same kind say nothing new.
const SHOWN: u32 = 20;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Count the jobs of control, or of one tenant, and list the dead ones
    Ls {
        /// A tenant's id
        #[arg(long, value_name = "ID")]
        tenant: Option<TenantId>,
    },
    /// Look into every tenant for work that is due, as after a restore or a move
    Reindex,
}

impl Verb {
    pub(super) fn run(self, context: &Context) -> Result<String, CliError> {
        block_on(async move {
            let databases = context.stores().await?.databases;
            match self {
                Self::Ls { tenant: None } => {
                    Ok(databases.control.read(async |tx| queue(tx).await).await?)
                }
                Self::Ls { tenant: Some(id) } => {
                    let db = databases.tenants.get(id).await?;
                    Ok(db.read(async |tx| queue(tx).await).await?)
                }
                Self::Reindex => {
                    let (control, tenants) = (&databases.control, &databases.tenants);
                    let done =
                        gantry_jobs::reindex(control, tenants, &gantry_runtime::PROBES).await?;
                    let mut text =
                        format!("read {} tenants, {} have work\n", done.read, done.hinted);
                    for (tenant, why) in &done.failed {
                        // Writing to a String cannot fail.
                        writeln!(text, "{tenant} could not be read: {why}").ok();
                    }
                    if done.failed.is_empty() {
                        Ok(text)
                    } else {
                        Err(CliError::Failed(text))
                    }
                }
            }
        })
    }
}

async fn queue(tx: &mut Tx) -> Result<String, DbError> {
    let mut text = String::new();
    let counts = admin::counts(tx).await?;
    if counts.is_empty() {
        text.push_str("no jobs\n");
    }
    for Count { kind, state, jobs } in counts {
        // Writing to a String cannot fail.
        writeln!(text, "{jobs:>8}  {state:<8}  {kind}").ok();
    }
    for DeadJob {
        id,
        kind,
        attempts,
        last_error,
        ..
    } in admin::list_dead(tx, None, SHOWN).await?
    {
        let why = last_error.unwrap_or_default();
        writeln!(text, "dead  {id}  {kind}  {attempts} attempts  {why}").ok();
    }
    Ok(text)
}
