//! `gantry backup`.

use std::fmt::Write;

use clap::Subcommand;
use gantry_backup::{BackupConfig, Backups, Cause, State, Verified};
use gantry_db::Databases;
use gantry_kernel::Kernel;
use gantry_outbound::OutboundSettings;
use gantry_runtime::{Config, Stores};

use super::CliError;
use super::context::{Context, block_on};
use crate::smoke::Rehearsed;

/// Backups listed at most.
const SHOWN: i64 = 100;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Take a backup now, and prove it by restoring all of it to scratch
    Now,
    /// List the backups, newest first: name, state, databases proven, length, its copies in other stores
    Ls,
    /// Check a backup's files and copies and restore all of it to scratch; the newest without a name
    Verify {
        /// The backup's name, as `gantry backup ls` shows it
        name: Option<String>,
    },
}

impl Verb {
    pub(super) fn run(self, context: &Context) -> Result<String, CliError> {
        block_on(async move {
            let (_, backups) = open(context).await?;
            match self {
                Self::Now => now(&backups).await,
                Self::Ls => list(&backups).await,
                Self::Verify { name } => verify(&backups, name.as_deref()).await,
            }
        })
    }
}

async fn open(context: &Context) -> Result<(Stores, Backups), CliError> {
    let stores = context.stores().await?;
    let config = context.config()?;
    let settings = config.section::<BackupConfig>("backup")?;
    let backups = over(&stores.databases, &config, settings.as_ref().clone())?;
    let smoke = Rehearsed::smoke(stores.surroundings(config, &Kernel::system()));
    Ok((stores, backups.with_smoke(smoke)))
}

/// Backups over these databases, with these settings.
pub(super) fn over(
    databases: &Databases,
    config: &Config,
    settings: BackupConfig,
) -> Result<Backups, CliError> {
    let outbound = config.section::<OutboundSettings>("outbound")?;
    Ok(Backups::new(
        databases.control.clone(),
        databases.tenants.clone(),
        Kernel::system(),
        settings,
        outbound.as_ref().clone(),
    ))
}

async fn now(backups: &Backups) -> Result<String, CliError> {
    let backup = backups.run(Cause::Command).await?;
    let mut text = format!(
        "{}  {} databases, {} proven, {} bytes\n",
        backup.name, backup.places, backup.proven, backup.bytes
    );
    for one in backups.evidence(backup.id).await? {
        if let Some(error) = one.error {
            // Writing to a String cannot fail.
            writeln!(text, "{}: {error}", one.place).ok();
        }
    }
    for copy in backups.copies_of(&[backup.id]).await? {
        if let Some(error) = copy.error {
            writeln!(text, "the copy in {}: {error}", copy.store).ok();
        }
    }
    if let Some(error) = backup.error {
        writeln!(text, "{error}").ok();
    }
    if backup.state == State::Done {
        Ok(text)
    } else {
        Err(CliError::Failed(text))
    }
}

async fn list(backups: &Backups) -> Result<String, CliError> {
    let mut text = String::new();
    let listed = backups.list(SHOWN).await?;
    let ids: Vec<_> = listed.iter().map(|backup| backup.id).collect();
    let copies = backups.copies_of(&ids).await?;
    for backup in listed {
        let state = backup.state.to_string();
        let own = copies.iter().filter(|copy| copy.backup_id == backup.id);
        let own: Vec<String> = own
            .map(|copy| format!("{} {}", copy.store, copy.state))
            .collect();
        let second = if own.is_empty() {
            "not copied".to_owned()
        } else {
            own.join(", ")
        };
        let (proven, places, bytes) = (backup.proven, backup.places, backup.bytes);
        let gone = backup.removed_at.map_or("", |_| "  removed by retention");
        let why = backup
            .error
            .map(|why| format!("  {why}"))
            .unwrap_or_default();
        // Writing to a String cannot fail.
        writeln!(
            text,
            "{}  {state:<8}  {proven}/{places} proven  {bytes:>12} bytes  {second}{gone}{why}",
            backup.name
        )
        .ok();
    }
    if text.is_empty() {
        text.push_str("no backups\n");
    }
    Ok(text)
}

async fn verify(backups: &Backups, name: Option<&str>) -> Result<String, CliError> {
    let Verified {
        manifest,
        checked,
        copies,
    } = backups.verify(name).await?;
    let mut text = format!("{}, taken {}\n", manifest.name, manifest.taken_at);
    let mut whole = manifest.missing.is_empty();
    for missing in &manifest.missing {
        // Writing to a String cannot fail.
        writeln!(text, "{}: not in it: {}", missing.place, missing.error).ok();
    }
    for one in checked {
        match one.outcome {
            Ok(rows) => writeln!(text, "{}: restored and equal, {rows} rows", one.place).ok(),
            Err(error) => {
                whole = false;
                writeln!(text, "{}: {error}", one.place).ok()
            }
        };
    }
    for (store, outcome) in copies {
        match outcome {
            Ok(()) => writeln!(text, "copy in {store}: whole").ok(),
            Err(error) => {
                whole = false;
                writeln!(text, "copy in {store}: {error}").ok()
            }
        };
    }
    if whole {
        Ok(text)
    } else {
        Err(CliError::Failed(text))
    }
}

impl From<gantry_backup::BackupError> for CliError {
    fn from(error: gantry_backup::BackupError) -> Self {
        match error {
            gantry_backup::BackupError::Db(error) => Self::from(error),
            other => Self::failed(other),
        }
    }
}
