//! Moving a tenant's database to another home: a state machine in control that a job drives.
//!
//! `requested` -> `copying` (the tenant is in use) -> `pausing` (writes are refused, the last changes
//! follow, all rows are compared by hash) -> `moved` (one control transaction makes the directory point to
//! the new database). Then a person confirms, and the former database goes, or reverts, which is a move
//! back that loses nothing. A process that dies leaves one of these states, and the next attempt begins
//! again at `copying`. Until `moved` the former database is the only one in use, from then on the new one:
//! the directory says so, and the former refuses writes for good.

pub(crate) mod api;
mod run;
pub(crate) mod store;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{ControlTx, DbError, Home, TenantState, directory};
use gantry_jobs::NewJob;
use gantry_notices::Notice;
use serde::{Deserialize, Serialize};

pub use run::job;
pub use store::{Move, MoveId, MoveState};

use crate::tenants::find;
use crate::{By, Error, Tenancy};

/// The kind of the job, which lives in control.
pub const MOVE: &str = "tenancy.move";

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Payload {
    id: MoveId,
}

async fn enqueue(tx: &mut ControlTx, id: MoveId) -> Result<(), DbError> {
    let job = NewJob::new(MOVE, &Payload { id }).dedupe(format!("{MOVE}:{id}"));
    gantry_jobs::enqueue(tx, job).await.map(drop)
}

impl Tenancy {
    /// Begins to move a tenant (its id or slug) to the home of this name.
    pub async fn begin_move(&self, key: &str, to: &str, by: By) -> Result<Move, Error> {
        let to = self
            .tenants
            .home(to)
            .ok_or_else(|| Error::UnknownHome(to.to_owned()))?;
        let key = key.to_owned();
        self.control
            .write(async move |tx| {
                let tenant = find(tx, &key).await?.ok_or(Error::NotFound)?;
                start(tx, &tenant, &to, &by).await
            })
            .await
    }

    /// A tenant's moves, newest first.
    pub async fn moves(&self, key: &str) -> Result<Vec<Move>, Error> {
        self.control
            .read(async |tx| {
                let tenant = find(tx, key).await?.ok_or(Error::NotFound)?;
                Ok(store::of_tenant(tx, tenant.id).await?)
            })
            .await
    }

    /// Makes a move final: the former database is removed soon after.
    pub async fn confirm_move(&self, key: &str, id: MoveId, by: By) -> Result<Move, Error> {
        let key = key.to_owned();
        self.control
            .write(async move |tx| {
                let one = settled(tx, &key, id).await?;
                let done = store::set_state(tx, id, MoveState::Confirmed).await?;
                enqueue(tx, id).await?;
                audit(tx, "tenancy.move.confirmed", &one, &by).await?;
                Ok(done)
            })
            .await
    }

    /// Begins a move back, with everything that was written since; the new move comes back.
    pub async fn revert_move(&self, key: &str, id: MoveId, by: By) -> Result<Move, Error> {
        let key = key.to_owned();
        let tenants = self.tenants.clone();
        self.control
            .write(async move |tx| {
                let one = settled(tx, &key, id).await?;
                let to = tenants
                    .home(&one.from_home)
                    .ok_or_else(|| Error::UnknownHome(one.from_home.clone()))?;
                store::set_state(tx, id, MoveState::Reverted).await?;
                audit(tx, "tenancy.move.reverted", &one, &by).await?;
                let tenant = directory::by_id(tx, one.tenant_id)
                    .await?
                    .ok_or(Error::NotFound)?;
                start(tx, &tenant, &to, &by).await
            })
            .await
    }
}

async fn start(
    tx: &mut ControlTx,
    tenant: &directory::Tenant,
    to: &Home,
    by: &By,
) -> Result<Move, Error> {
    if !matches!(tenant.state, TenantState::Active | TenantState::Suspended) {
        return Err(Error::WrongState(tenant.state));
    }
    let from = Home::of(tenant);
    if from == *to {
        return Err(Error::AlreadyThere(to.to_string()));
    }
    if let Some(open) = store::open(tx, tenant.id).await? {
        return Err(Error::MoveOpen(open.state));
    }
    let (from, to) = (from.to_string(), to.to_string());
    let begun = store::insert(tx, tenant.id, &from, &to, by.operator()).await?;
    enqueue(tx, begun.id).await?;
    audit(tx, "tenancy.move.requested", &begun, by).await?;
    Ok(begun)
}

/// The tenant's move, which has come about and awaits a decision.
async fn settled(tx: &mut ControlTx, key: &str, id: MoveId) -> Result<Move, Error> {
    let tenant = find(tx, key).await?.ok_or(Error::NotFound)?;
    let one = store::by_id(tx, id)
        .await?
        .filter(|one| one.tenant_id == tenant.id)
        .ok_or(Error::NotFound)?;
    if one.state == MoveState::Moved {
        Ok(one)
    } else {
        Err(Error::MoveState(one.state))
    }
}

/// Tells the operator who asked how it ended.
async fn tell(tx: &mut ControlTx, kind: &'static str, one: &Move) -> Result<(), DbError> {
    let Some(operator) = one.requested_by else {
        return Ok(());
    };
    let notice = Notice::to_person(kind, operator)
        .with("tenant", one.tenant_id.to_string())
        .with("move", one.id.to_string())
        .with("to", one.to_home.as_str())
        .once(one.id);
    gantry_notices::tell(tx, notice).await
}

async fn audit(
    tx: &mut ControlTx,
    action: &'static str,
    one: &Move,
    by: &By,
) -> Result<(), DbError> {
    let facts = Facts::new()
        .with("from", &one.from_home)
        .with("to", &one.to_home);
    let entry = Entry::new(by.actor, action, Target::new("move", one.id))
        .about(one.tenant_id)
        .after(facts)
        .origin(&by.origin);
    gantry_audit::append(tx, entry).await.map(drop)
}
