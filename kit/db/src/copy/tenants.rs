//! Loading a copy as the next life of a tenant: beside the database in use, which stays as it is, and
//! then one control transaction that makes the directory point to the new one.

use std::io::Read;
use std::sync::Arc;

use gantry_kernel::TenantId;

use super::build::{self, plan_of};
use super::read::Reader;
use super::{CopyError, Proof, Stamp, Subject, Summary, apart};
use crate::databases::{Place, Shared};
use crate::sqlite::{Files, drafted};
use crate::{ControlTx, DbError, TenantDb, Tenants, args, directory, sql};

/// A tenant's next life, complete and compared with its copy, but not yet in the directory.
pub struct Loaded {
    db: TenantDb,
    proof: Proof,
    from: directory::Tenant,
    incarnation: i64,
    address: String,
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

    /// Makes the directory point to the new life; [`DbError::Stale`] when the tenant has begun another
    /// one since. Call [`Tenants::adopted`] after the commit.
    pub async fn adopt(&self, tx: &mut ControlTx) -> Result<(), DbError> {
        let id = self.from.id;
        begin_life(
            tx,
            id,
            self.from.incarnation,
            self.incarnation,
            &self.address,
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
    /// database until [`Loaded::adopt`]; one that is never adopted is overwritten by the next attempt.
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
        let shared = Arc::clone(self.shared());
        apart(async move { load(shared, from, source).await }).await
    }

    /// After the commit of [`Loaded::adopt`]: whoever still holds the former database loses it.
    pub async fn adopted(&self, loaded: &Loaded) -> Result<(), DbError> {
        self.close(loaded.from.id);
        match &self.shared().place {
            Place::Sqlite { .. } => Ok(()),
            Place::Postgres(server) => server.shut(&loaded.from.database).await,
        }
    }
}

/// Makes the directory point to the database of a tenant's next life; [`DbError::Stale`] when it has
/// begun another one since.
async fn begin_life(
    tx: &mut ControlTx,
    id: TenantId,
    before: i64,
    incarnation: i64,
    database: &str,
    schema_version: i64,
) -> Result<(), DbError> {
    let now = tx.now();
    let changed = tx
        .execute(
            sql!(
                "UPDATE tenants SET incarnation = $3, database = $4, schema_version = $5, \
                 version = version + 1, updated_at = $6 WHERE id = $1 AND incarnation = $2"
            ),
            &args![id, before, incarnation, database, schema_version, now],
        )
        .await?;
    if changed == 1 {
        Ok(())
    } else {
        Err(DbError::Stale)
    }
}

async fn load(
    shared: Arc<Shared>,
    from: directory::Tenant,
    source: impl Read,
) -> Result<Loaded, CopyError> {
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
    let plan = plan_of(&shared, header);
    let incarnation = from.incarnation + 1;
    let stamp = Stamp {
        id: from.id,
        slug: from.slug.clone(),
        incarnation,
        created_at,
    };
    let (address, proof) = match &shared.place {
        Place::Sqlite { files, .. } => {
            let address = Files::name(from.id, incarnation);
            let path = files.at(&address);
            let proof = drafted(&path, |draft| {
                build::on_sqlite(&shared, draft, &plan, Some(&stamp), reader)
            })?;
            (address, proof)
        }
        Place::Postgres(server) => {
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
        db: TenantDb::at(&shared, from.id, &address),
        schema_version: plan.version(),
        proof,
        from,
        incarnation,
        address,
    })
}
