//! `gantry restore`: one tenant, or everything into an empty installation.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use gantry_backup::{BackupConfig, RestoredAll};
use gantry_db::{DataDirLock, Engine, directory};
use gantry_kernel::{Actor, Kernel, Slug, TenantId};
use gantry_outbound::OutboundSettings;
use gantry_runtime::Stores;

use super::context::{Context, block_on};
use super::{CliError, backup, say};

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The tenant to take back, by its id or slug
    #[arg(
        long,
        value_name = "TENANT",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    tenant: Option<String>,
    /// Everything, into an empty installation; again, to go on with what was interrupted
    #[arg(long)]
    all: bool,
    /// The folder of the backups [default: where the configuration says]
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// The backup's name [default: the newest]
    #[arg(long, value_name = "NAME", alias = "at")]
    backup: Option<String>,
}

impl Restore {
    pub(super) fn run(self, context: &Context) -> Result<String, CliError> {
        block_on(async move {
            match &self.tenant {
                Some(tenant) => self.one(context, tenant).await,
                None => Box::pin(self.everything(context)).await,
            }
        })
    }

    fn settings(&self, context: &Context) -> Result<BackupConfig, CliError> {
        let config = context.config()?.section::<BackupConfig>("backup")?;
        let mut config = config.as_ref().clone();
        if let Some(folder) = &self.from {
            config.directory = Some(folder.clone());
            config.second_directory = None;
            config.s3.bucket = None;
        }
        Ok(config)
    }

    async fn one(&self, context: &Context, wanted: &str) -> Result<String, CliError> {
        let stores = context.stores().await?;
        let settings = self.settings(context)?;
        let backups = backup::over(&stores.databases, &context.config()?, settings)?;
        // A server that has the file open would go on with the former one.
        let _alone = match stores.databases.engine() {
            Engine::Sqlite => Some(DataDirLock::take(&context.data)?),
            Engine::Postgres => None,
        };
        let key = wanted.to_owned();
        let tenant = stores
            .databases
            .control
            .read(async move |tx| {
                if let Ok(id) = key.parse::<TenantId>() {
                    return directory::by_id(tx, id).await;
                }
                match key.parse::<Slug>() {
                    Ok(slug) => directory::by_slug(tx, &slug).await,
                    Err(_) => Ok(None),
                }
            })
            .await?
            .ok_or_else(|| CliError::Failed(format!("there is no tenant {wanted}")))?;
        let done = backups
            .restore(tenant.id, self.backup.as_deref(), Actor::Rescue)
            .await?;
        Ok(format!(
            "{} is as it was at {} (backup {}): {} rows, life {}; {} mails are held for review\n\
             its former database is still at {}\n",
            tenant.slug,
            done.taken_at,
            done.backup,
            done.rows,
            done.incarnation,
            done.held,
            done.replaced
        ))
    }

    async fn everything(&self, context: &Context) -> Result<String, CliError> {
        let settings = self.settings(context)?;
        let config = context.config()?;
        let place = Stores::place(&config, &context.data)?;
        let on_files = place.postgres.is_none();
        let _alone = on_files
            .then(|| DataDirLock::take(&context.data))
            .transpose()?;
        let (migrations, kernel) = (
            context.app.registry().migrations().clone(),
            Kernel::system(),
        );
        if !on_files || !context.data.join("control.db").exists() {
            let also = gantry_identity::end_restored;
            let name = self.backup.as_deref();
            let outbound = config.section::<OutboundSettings>("outbound")?;
            let begun = gantry_backup::begin_restore(
                &settings, &outbound, place, &kernel, migrations, name, also,
            )
            .await;
            match begun {
                Ok(()) => say("control is in place\n"),
                // Perhaps by an attempt that was interrupted.
                Err(error) if error.is_occupied() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let stores = context.stores().await?;
        let backups = backup::over(&stores.databases, &config, settings)?;
        let Some(restore) = backups.unfinished_restore().await? else {
            return Err(CliError::Failed(
                "there is an installation already; restoring everything needs an empty one"
                    .to_owned(),
            ));
        };
        if let Some(name) = &self.backup
            && *name != restore.backup
        {
            return Err(CliError::Failed(format!(
                "the backup {} is being restored; go on with it, or begin with an empty installation",
                restore.backup
            )));
        }
        let said = |tenant: TenantId, outcome: Result<u64, &str>| match outcome {
            Ok(rows) => say(&format!("{tenant}: {rows} rows\n")),
            Err(why) => say(&format!("{tenant}: {why}\n")),
        };
        told(&backups.go_on(&restore, said).await?)
    }
}

fn told(all: &RestoredAll) -> Result<String, CliError> {
    let mut text = format!(
        "everything is as it was at {} (backup {}): {} tenants, {} rows; everybody is signed out, {} mails of \
         tenants are held for review\n",
        all.taken_at, all.backup, all.tenants, all.rows, all.mails_held
    );
    // Writing to a String cannot fail.
    for (tenant, why) in &all.lost {
        writeln!(text, "{tenant} is not there: {why}").ok();
    }
    for place in &all.strangers {
        writeln!(
            text,
            "{place} is in the backup, and control does not know it: left out"
        )
        .ok();
    }
    for (tenant, why) in &all.unread {
        writeln!(text, "{tenant} could not be looked into for work: {why}").ok();
    }
    if all.lost.is_empty() {
        Ok(text)
    } else {
        Err(CliError::Failed(text))
    }
}
