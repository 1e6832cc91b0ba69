//! Loading a copy of control as the beginning of an installation that is not there yet: beside its
//! place, prepared there, and then put in place at once. What is killed before leaves nothing that a
//! server would open, and the next attempt begins anew.

use std::io::Read;
use std::path::{Path, PathBuf};

use gantry_kernel::{Kernel, TenantId};

use super::build;
use super::format::{Subject, Summary};
use super::read::Reader;
use super::{CopyError, Proof, apart};
use crate::homes::Homes;
use crate::postgres::Server;
use crate::sqlite::{Files, arrive, discard, make_dir};
use crate::{ControlDb, ControlTx, Databases, DbConfig, DbError, Engine, MigrationSet, args, sql};

/// A control database that was loaded and compared, beside the place where it will be.
pub struct Arriving {
    databases: Databases,
    proof: Proof,
    target: Target,
}

enum Target {
    Folder { apart: PathBuf, root: PathBuf },
    Server { server: Box<Server>, apart: String },
}

impl Arriving {
    /// Loads a copy of control for the installation of `config`, of which there must be nothing:
    /// [`CopyError::Occupied`] otherwise.
    pub async fn load(
        config: DbConfig,
        kernel: Kernel,
        migrations: MigrationSet,
        source: impl Read + Send + 'static,
    ) -> Result<Self, CopyError> {
        apart(async move {
            if config.postgres.is_some() {
                on_postgres(config, kernel, migrations, source).await
            } else {
                on_sqlite(config, kernel, migrations, source).await
            }
        })
        .await
    }

    /// The database, to prepare it before anybody else sees it.
    pub const fn control(&self) -> &ControlDb {
        &self.databases.control
    }

    /// The installation that it would be the beginning of.
    pub const fn databases(&self) -> &Databases {
        &self.databases
    }

    /// Closes it without putting it in its place. What a folder holds is left to the caller to remove.
    pub async fn abandon(self) -> Result<(), CopyError> {
        self.databases.close().await?;
        if let Target::Server { server, apart } = self.target {
            server.drop_apart(&apart).await?;
            server.tenant_pool.close().await;
            server.close();
        }
        Ok(())
    }

    /// What was loaded.
    pub const fn summary(&self) -> &Summary {
        &self.proof.summary
    }

    /// Puts it in its place. Nobody may hold its [`ControlDb`] any more.
    pub async fn arrive(self) -> Result<(), CopyError> {
        let Self {
            databases, target, ..
        } = self;
        databases.close().await?;
        match target {
            Target::Folder { apart: from, root } => {
                apart(async move { Ok(arrive(&from, &root)?) }).await
            }
            Target::Server { server, apart } => {
                let arrived = server.arrive(&apart).await;
                server.tenant_pool.close().await;
                server.close();
                Ok(arrived?)
            }
        }
    }
}

/// Control's own copy only.
fn check(reader: &Reader<impl Read>) -> Result<(), CopyError> {
    match &reader.header().subject {
        Subject::Control => Ok(()),
        other @ Subject::Tenant { .. } => Err(CopyError::OtherSubject {
            found: other.to_string(),
            wanted: Subject::Control.to_string(),
        }),
    }
}

async fn on_sqlite(
    mut config: DbConfig,
    kernel: Kernel,
    migrations: MigrationSet,
    source: impl Read,
) -> Result<Arriving, CopyError> {
    let root = config.data_dir.clone();
    free(&root)?;
    let folder = root.join("arriving");
    make_dir(&folder)?;
    let files = Files::new(folder.clone(), config.sqlite.clone());
    discard(&files.control())?;
    let reader = Reader::new(source)?;
    check(&reader)?;
    let plan = migrations.control().clone();
    let proof = build::on_sqlite(
        &config.sqlite,
        kernel.now(),
        &files.control(),
        &plan,
        None,
        reader,
    )?;
    config.data_dir.clone_from(&folder);
    let databases = Databases::open(config, kernel, migrations).await?;
    Ok(Arriving {
        databases,
        proof,
        target: Target::Folder {
            apart: folder,
            root,
        },
    })
}

/// Neither control nor a tenant may be there.
fn free(root: &Path) -> Result<(), CopyError> {
    let control = root.join("control.db");
    if control.try_exists().map_err(CopyError::Read)? {
        return Err(CopyError::Occupied(control.display().to_string()));
    }
    let tenants = root.join("tenants");
    match std::fs::read_dir(&tenants) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(CopyError::Read(error)),
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(CopyError::Occupied(tenants.display().to_string())),
        },
    }
}

async fn on_postgres(
    config: DbConfig,
    kernel: Kernel,
    migrations: MigrationSet,
    source: impl Read,
) -> Result<Arriving, CopyError> {
    let reader = Reader::new(source)?;
    check(&reader)?;
    let server = Homes::own_server(&config, &kernel)?;
    if let Some(found) = server.occupied().await? {
        return Err(CopyError::Occupied(found));
    }
    let apart = server.begin_apart().await?;
    let plan = migrations.control().clone();
    let made = match server.inside(&apart).await {
        Ok(mut loan) => build::on_postgres(&mut loan.conn, &plan, kernel.now(), None, reader).await,
        Err(error) => Err(error.into()),
    };
    let proof = match made {
        Ok(proof) => proof,
        Err(error) => {
            if let Err(left) = server.drop_apart(&apart).await {
                tracing::warn!(database = apart, error = %left, "a draft stays behind for a while");
            }
            return Err(error);
        }
    };
    let databases = Databases::open_as(config, kernel, migrations, Some(&apart)).await?;
    Ok(Arriving {
        databases,
        proof,
        target: Target::Server {
            server: Box::new(server),
            apart,
        },
    })
}

/// For a control that came from elsewhere: its tenants have no databases here yet. Answers those that
/// had one there.
pub async fn vacate(tx: &mut ControlTx, engine: Engine) -> Result<Vec<TenantId>, DbError> {
    let housed: Vec<(TenantId,)> = tx
        .all(
            sql!("SELECT id FROM tenants WHERE database <> '' ORDER BY id"),
            &args![],
        )
        .await?;
    tx.execute(
        sql!(
            "UPDATE tenants SET engine = $1, cluster = 'default', database = '', schema_name = '', \
             schema_version = 0"
        ),
        &args![engine.name()],
    )
    .await?;
    Ok(housed.into_iter().map(|(id,)| id).collect())
}
