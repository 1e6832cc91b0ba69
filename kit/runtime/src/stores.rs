//! Databases and keys, opened: what a server and a rescue command have in common.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gantry_db::{Databases, DbConfig, DbError, MigrationSet};
use gantry_kernel::Kernel;
use gantry_kernel::crypto::Keyring;

use crate::StartError;
use crate::config::Config;
use crate::master_key::{self, MasterKey};
use crate::settings::{DatabaseSettings, TopSettings};

/// How long to wait between two attempts to reach a PostgreSQL that does not answer.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// Databases and keys, without modules: what rescue commands need.
pub struct Stores {
    /// Control and tenants.
    pub databases: Databases,
    /// The master keys.
    pub keyring: Arc<Keyring>,
    key: KeyFacts,
    /// The data directory, should others be able to look into it.
    open_data: Option<PathBuf>,
}

#[derive(Debug)]
struct KeyFacts {
    file: Option<PathBuf>,
    generated: bool,
    exposed: bool,
}

impl Stores {
    /// Where the databases are to be, as the configuration says, for whoever makes them from a backup. Makes
    /// the data directory.
    pub fn place(config: &Config, data: &Path) -> Result<DbConfig, StartError> {
        make_private(data).map_err(|source| StartError::Data {
            path: data.to_owned(),
            source,
        })?;
        Ok(config.section::<DatabaseSettings>("database")?.to_db(data))
    }

    /// Opens control, waiting for PostgreSQL within `database.start_timeout`, and proves the key.
    pub async fn open(
        config: &Config,
        migrations: &MigrationSet,
        data: &Path,
        kernel: &Kernel,
    ) -> Result<Self, StartError> {
        let settings = config.section::<DatabaseSettings>("database")?;
        make_private(data).map_err(|source| StartError::Data {
            path: data.to_owned(),
            source,
        })?;
        let open_data = open_to_others(data).map_err(|source| StartError::Data {
            path: data.to_owned(),
            source,
        })?;
        let databases = open_patiently(&settings, migrations, data, kernel).await?;
        let top = config.section::<TopSettings>("")?;
        let origin = config.origin("master_key").to_string();
        let configured = top.master_key.as_ref().map(|key| (key, origin));
        let MasterKey {
            keyring,
            file,
            generated,
            exposed,
        } = master_key::settle(configured, data, &databases.control, kernel).await?;
        let key = KeyFacts {
            file,
            generated,
            exposed,
        };
        Ok(Self {
            databases,
            keyring: Arc::new(keyring),
            key,
            open_data,
        })
    }

    /// What whoever starts the process should know, a line each.
    pub(crate) fn notes(&self, config: &Config) -> Vec<String> {
        let mut lines: Vec<String> = config
            .missing()
            .iter()
            .map(|(what, meaning)| format!("{what} is not configured: {meaning}"))
            .collect();
        if let Some(data) = &self.open_data {
            lines.push(format!(
                "others can look into the data directory: run chmod 700 {}",
                data.display()
            ));
        }
        if let Some(file) = &self.key.file {
            if self.key.generated {
                lines.push(format!(
                    "a master key was made in {}: keep a copy apart from the backups, which are useless without it",
                    file.display()
                ));
            }
            if self.key.exposed {
                lines.push(format!(
                    "others can read the master key: run chmod 600 {}",
                    file.display()
                ));
            }
        }
        lines
    }
}

async fn open_patiently(
    settings: &DatabaseSettings,
    migrations: &MigrationSet,
    data: &Path,
    kernel: &Kernel,
) -> Result<Databases, DbError> {
    let until = kernel.clock.monotonic() + settings.start_timeout.get();
    loop {
        let opened =
            Databases::open(settings.to_db(data), kernel.clone(), migrations.clone()).await;
        match opened {
            Err(DbError::Unavailable(reason)) if kernel.clock.monotonic() < until => {
                tracing::warn!(%reason, "the database does not answer yet; trying again");
                tokio::time::sleep(DATABASE_PAUSE).await;
            }
            opened => return opened,
        }
    }
}

/// Makes the directory with no right for others; one that is there keeps its mode.
pub(crate) fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// The directory, if people other than its owner have any right to it. One that was there before keeps its mode: it may
/// be shared on purpose, with whoever makes the backups.
#[cfg(unix)]
fn open_to_others(directory: &Path) -> io::Result<Option<PathBuf>> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(directory)?.permissions().mode();
    Ok((mode & 0o077 != 0).then(|| directory.to_owned()))
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> io::Result<Option<PathBuf>> {
    Ok(None)
}
