//! A tenant's database on its way to another home: copied there while it is used, brought up to what
//! changed since, and once more while writes are refused. Then one control transaction makes the
//! directory point there. Until that, nothing but the copy has happened.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use gantry_kernel::TenantId;

use super::read::Reader;
use super::tenants::load;
use super::{CopyError, Loaded, Summary, apart, build, delta};
use crate::homes::{At, Home};
use crate::sqlite::{Files, Mode, SqliteConn};
use crate::{ControlTx, DbError, TenantDb, Tenants, directory};

/// The longest a copy may take.
const LONGEST: Duration = Duration::from_hours(6);

/// A tenant's database and its equal elsewhere. Dropped before it is adopted it leaves what was copied
/// behind, for the next attempt to overwrite.
pub struct Relocation {
    tenants: Tenants,
    loaded: Loaded,
    /// What the new database holds.
    held: Scratch,
}

/// A copy in a file that goes with this.
struct Scratch {
    path: PathBuf,
    summary: Summary,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a scratch file stays for a day");
        }
    }
}

impl Scratch {
    fn open(&self) -> Result<BufReader<File>, CopyError> {
        let file = File::open(&self.path).map_err(CopyError::Read)?;
        Ok(BufReader::with_capacity(1 << 20, file))
    }
}

impl Tenants {
    /// Copies a tenant into another home while it is used. Its present database stays in use, as it is,
    /// until [`Relocation::adopt`].
    pub async fn relocate(&self, id: TenantId, to: &Home) -> Result<Relocation, CopyError> {
        let from = self.present(id).await?;
        if Home::of(&from) == *to {
            return Err(DbError::Unsupported(format!("{id} is in {to} already")).into());
        }
        let held = self.scratch(&self.get(id).await?).await?;
        let (source, control, home) = (held.open()?, self.control().clone(), to.clone());
        let loaded = apart(async move { load(control, from, home, source).await }).await?;
        Ok(Relocation {
            tenants: self.clone(),
            loaded,
            held,
        })
    }

    /// Refuses writes to a tenant, in every process, until [`Tenants::let_in`] or for good: what was
    /// acknowledged before is in its database. Reads go on.
    pub async fn hold_off(&self, id: TenantId) -> Result<(), DbError> {
        let tenant = self.present(id).await?;
        self.fence(&tenant).await
    }

    /// Lets writes in again; nothing happens where they are not refused.
    pub async fn let_in(&self, id: TenantId) -> Result<(), DbError> {
        let tenant = self.present(id).await?;
        self.lift(&tenant).await
    }

    /// Gives up what [`Tenants::relocate`] has copied, or may have: its number is used up, so that it will never be adopted
    /// and may be removed whenever there is time ([`Tenants::remove_database`]). Answers the address of the copy.
    pub async fn give_up_copy(
        &self,
        tx: &mut ControlTx,
        id: TenantId,
        home: &Home,
    ) -> Result<String, DbError> {
        let number = directory::give_up_life(tx, id).await?;
        Ok(match self.shared().homes.at(home)? {
            At::Files(_) => Files::name(id, number),
            At::Server(server) => server.name(id, number),
        })
    }

    /// Removes a database that is no tenant's any more; [`DbError::Unsupported`] for one that the
    /// directory points to.
    pub async fn remove_database(&self, home: &Home, address: &str) -> Result<(), DbError> {
        let (engine, cluster) = (home.engine().name(), home.cluster().to_owned());
        let wanted = address.to_owned();
        let in_use = self
            .control()
            .read(async |tx| directory::is_at(tx, engine, &cluster, &wanted).await)
            .await?;
        if in_use {
            return Err(DbError::Unsupported(format!("{address} is in use")));
        }
        match self.shared().homes.at(home)? {
            At::Files(place) => {
                let (files, address) = (place.files.clone(), address.to_owned());
                crate::database::blocking(move || files.remove(&address)).await
            }
            At::Server(server) => {
                server.tenant_pool.forget(Some(&server.spot(address)));
                server.drop_database(address).await
            }
        }
    }

    async fn present(&self, id: TenantId) -> Result<directory::Tenant, DbError> {
        self.control()
            .read(async |tx| directory::by_id(tx, id).await)
            .await?
            .filter(|tenant| !tenant.database.is_empty())
            .ok_or(DbError::TenantMissing(id))
    }

    async fn scratch(&self, db: &TenantDb) -> Result<Scratch, CopyError> {
        let shared = self.shared();
        let folder = if shared.config.data_dir.as_os_str().is_empty() {
            std::env::temp_dir().join("gantry-scratch")
        } else {
            shared.config.data_dir.join("scratch")
        };
        let (name, now) = (shared.kernel.id::<TenantId>(), shared.kernel.now());
        let path = apart(async move { build::scratch(&folder, name, now) }).await?;
        let file = File::create_new(&path).map_err(CopyError::Write)?;
        let out = BufWriter::with_capacity(1 << 20, file);
        match db.copy_to(LONGEST, out).await {
            Ok((mut out, summary)) => {
                let scratch = Scratch { path, summary };
                out.flush().map_err(CopyError::Write)?;
                Ok(scratch)
            }
            Err(error) => {
                std::fs::remove_file(&path).map_err(CopyError::Write)?;
                Err(error)
            }
        }
    }
}

impl Relocation {
    /// Makes the new database equal to the present one as it is now, and compares the two by the hashes
    /// of all their rows; how many rows had changed since the last time. When writes are held off, the
    /// two are equal until they are let in.
    pub async fn follow(&mut self) -> Result<u64, CopyError> {
        let db = self.tenants.get(self.loaded.from.id).await?;
        let next = self.tenants.scratch(&db).await?;
        if next.summary.header.schema != self.held.summary.header.schema {
            return Err(CopyError::Differs(
                "its schema changed between two copies".to_owned(),
            ));
        }
        if next.summary.content == self.held.summary.content {
            return Ok(0);
        }
        let (before, after) = (self.held.open()?, next.open()?);
        let changes =
            apart(async move { delta::between(Reader::new(before)?, Reader::new(after)?) }).await?;
        let rows = changes
            .iter()
            .map(|change| change.gone.len().max(change.new.len()) as u64)
            .sum();
        self.apply(changes).await?;
        let (_, now) = self.loaded.db().copy_to(LONGEST, std::io::sink()).await?;
        if now.content != next.summary.content {
            return Err(CopyError::Differs(
                "the two databases differ after the changes were made in both".to_owned(),
            ));
        }
        self.held = next;
        Ok(rows)
    }

    async fn apply(&self, changes: Vec<delta::Change>) -> Result<(), CopyError> {
        let (control, home) = (self.tenants.control().clone(), self.loaded.home.clone());
        let address = self.loaded.address.clone();
        apart(async move {
            let shared = control.shared();
            match shared.homes.at(&home)? {
                At::Files(place) => {
                    let path = place.files.at(&address);
                    let conn = SqliteConn::open(&path, Mode::Write, &shared.config.sqlite)?;
                    delta::on_sqlite(&conn, changes)
                }
                At::Server(server) => {
                    let loan = server.inside(&address).await?;
                    delta::on_postgres(&loan.conn, changes).await
                }
            }
        })
        .await
    }

    /// What the new database holds.
    pub const fn summary(&self) -> &Summary {
        &self.held.summary
    }

    /// The address of the database that is left.
    pub fn replaced(&self) -> &str {
        self.loaded.replaced()
    }

    /// Ends all use of the present database by processes that have not heard of the move, while the
    /// directory still points to it: nobody reads there what is about to be no longer so. Nobody can use
    /// the tenant until [`Relocation::adopt`], or until [`Tenants::reopen`].
    pub async fn close_former(&self) -> Result<(), DbError> {
        match self.tenants.shared().homes.of(&self.loaded.from)? {
            At::Files(_) => Ok(()),
            At::Server(server) => server.shut(&self.loaded.from.database).await,
        }
    }

    /// Makes the directory point to the new database; [`DbError::Stale`] when the tenant has begun
    /// another life since. Call [`Relocation::adopted`] after the commit.
    pub async fn adopt(&self, tx: &mut ControlTx) -> Result<(), DbError> {
        self.loaded.adoption().adopt(tx).await
    }

    /// After the commit of [`Relocation::adopt`]: whoever still holds the former database in this
    /// process has to ask for it anew.
    pub fn adopted(&self) {
        self.tenants.leave_for_good(self.loaded.from.id);
    }
}

impl Tenants {
    /// Undoes [`Relocation::close_former`] for a move that did not come about.
    pub async fn reopen(&self, id: TenantId) -> Result<(), DbError> {
        let tenant = self.present(id).await?;
        match self.shared().homes.of(&tenant)? {
            At::Files(_) => Ok(()),
            At::Server(server) => server.unshut(&tenant.database).await,
        }
    }
}
