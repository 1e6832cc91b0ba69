//! Loading a copy as the next life of a tenant: beside the database in use, which stays as it is, and
//! then one control transaction that makes the directory point to the new one.

use std::io::Read;

use gantry_kernel::TenantId;

use super::build::{self, plan_of};
use super::read::Reader;
use super::{CopyError, Proof, Stamp, Subject, Summary, apart};
use crate::database::blocking;
use crate::directory::{self, Address};
use crate::homes::{At, Home};
use crate::sqlite::{Files, drafted, make_dir, parent};
use crate::{ControlDb, ControlTx, DbError, TenantDb, Tenants};

/// A tenant's next life, complete and compared with its copy, but not yet in the directory.
pub struct Loaded {
    db: TenantDb,
    proof: Proof,
    pub(super) from: directory::Tenant,
    incarnation: i64,
    pub(super) home: Home,
    pub(super) address: String,
    schema_version: i64,
}

impl Loaded {
    /// The new database, to prepare it before anybody uses it.
    pub const fn db(&self) -> &TenantDb {
        &self.db
    }

    /// What was loaded.
    pub const fn summary(&self) -> &Summary {
        &self.proof.summary
    }

    /// The number of the new life.
    pub const fn incarnation(&self) -> i64 {
        self.incarnation
    }

    /// Where the database used until now is; it is left as it is.
    pub fn replaced(&self) -> &str {
        &self.from.database
    }

    /// What makes it the tenant's.
    pub fn adoption(&self) -> Adoption {
        Adoption {
            tenant: self.from.id,
            before: self.from.incarnation,
            incarnation: self.incarnation,
            home: self.home.clone(),
            address: self.address.clone(),
            schema_version: self.schema_version,
        }
    }
}

/// A tenant's move into its next life.
#[derive(Clone, Debug)]
pub struct Adoption {
    tenant: TenantId,
    before: i64,
    incarnation: i64,
    home: Home,
    address: String,
    schema_version: i64,
}

impl Adoption {
    /// Makes the directory point to the new life; [`DbError::Stale`] when the tenant has begun another
    /// one since. Call [`Tenants::replaced`] after the commit.
    pub async fn adopt(&self, tx: &mut ControlTx) -> Result<(), DbError> {
        let to = Address {
            engine: self.home.engine().name(),
            cluster: self.home.cluster().to_owned(),
            database: self.address.clone(),
        };
        directory::move_to(
            tx,
            self.tenant,
            self.before,
            self.incarnation,
            &to,
            self.schema_version,
        )
        .await
    }
}

impl Tenants {
    /// Proves that a copy (of control or of any tenant) can be restored: loads it into a scratch database
    /// of this engine, checks its foreign keys (and the file, on SQLite), compares a copy of it with the
    /// given one table by table, migrates it to this program's schema, and removes it.
    pub async fn prove(&self, source: impl Read + Send + 'static) -> Result<Proof, CopyError> {
        build::prove(self.shared(), source).await
    }

    /// Loads a copy of a tenant's contents as its next life. The tenant goes on with its present
    /// database until [`Adoption::adopt`]; one that is never adopted is overwritten by the next attempt.
    pub async fn load(
        &self,
        id: TenantId,
        source: impl Read + Send + 'static,
    ) -> Result<Loaded, CopyError> {
        let from = self
            .control()
            .read(async |tx| directory::by_id(tx, id).await)
            .await?
            .ok_or(DbError::TenantMissing(id))?;
        let home = if from.cluster.is_empty() {
            self.own_home()?
        } else {
            Home::of(&from)
        };
        let control = self.control().clone();
        apart(async move { load(control, from, home, source).await }).await
    }

    /// After the commit of [`Adoption::adopt`]: whoever still holds the former database ([`Loaded::replaced`]) loses it. A
    /// write that reaches it from now on is refused ([`DbError::Moving`], or no connection), never acknowledged and left
    /// behind. As often as asked.
    pub async fn replaced(&self, id: TenantId, former: &str) -> Result<(), DbError> {
        self.leave_for_good(id);
        if former.is_empty() {
            return Ok(());
        }
        let tenant = self
            .control()
            .read(async |tx| directory::by_id(tx, id).await)
            .await?
            .ok_or(DbError::TenantMissing(id))?;
        // A restore stays in the home the tenant had.
        match self.shared().homes.of(&tenant)? {
            At::Files(place) => {
                let (files, former) = (place.files.clone(), former.to_owned());
                blocking(move || files.fence_for_good(&former)).await
            }
            At::Server(server) => server.shut(former).await,
        }
    }
}

/// Loads a copy as the next life of a tenant in a home of its own or of another kind.
pub(super) async fn load(
    control: ControlDb,
    from: directory::Tenant,
    home: Home,
    source: impl Read,
) -> Result<Loaded, CopyError> {
    let shared = control.shared();
    let reader = Reader::new(source)?;
    let header = reader.header();
    let created_at = match header.subject {
        Subject::Tenant { id, created_at, .. } if id == from.id => created_at,
        _ => {
            return Err(CopyError::OtherSubject {
                found: header.subject.to_string(),
                wanted: format!("tenant {}", from.id),
            });
        }
    };
    let plan = plan_of(shared, header);
    let incarnation = from.next_life();
    let stamp = Stamp {
        id: from.id,
        slug: from.slug.clone(),
        incarnation,
        created_at,
    };
    let (address, proof) = match shared.homes.at(&home)? {
        At::Files(place) => {
            let address = Files::name(from.id, incarnation);
            let path = place.files.at(&address);
            // Elsewhere the tenant may never have been here.
            make_dir(parent(&path)?)?;
            let proof = drafted(&path, |draft| {
                let (sqlite, now) = (&shared.config.sqlite, shared.kernel.now());
                build::on_sqlite(sqlite, now, draft, &plan, Some(&stamp), reader)
            })?;
            (address, proof)
        }
        At::Server(server) => {
            let address = server.name(from.id, incarnation);
            let draft = server.new_draft().await?;
            let made = match server.inside(&draft).await {
                Ok(mut loan) => {
                    let now = shared.kernel.now();
                    build::on_postgres(&mut loan.conn, &plan, now, Some(&stamp), reader).await
                }
                Err(error) => Err(error.into()),
            };
            let named = match made {
                Ok(proof) => server
                    .name_draft(&draft, &address)
                    .await
                    .map(|()| proof)
                    .map_err(CopyError::from),
                Err(error) => Err(error),
            };
            if named.is_err()
                && let Err(error) = server.drop_database(&draft).await
            {
                tracing::warn!(database = draft, %error, "a draft stays behind for a while");
            }
            (address, named?)
        }
    };
    Ok(Loaded {
        db: TenantDb::at(&control, from.id, &home, &address)?,
        schema_version: plan.version(),
        proof,
        from,
        incarnation,
        home,
        address,
    })
}
