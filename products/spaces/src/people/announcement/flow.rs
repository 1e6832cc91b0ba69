//! Announcing, changing and taking back, in the caller's transaction.

use gantry_audit::{Facts, Target};
use gantry_db::Tx;
use gantry_kernel::{IdentityId, Scope, Timestamp, UnitId};

use super::{Announcement, AnnouncementId, Headline, Words, store};
use crate::branch;
use crate::people::error::Error;
use crate::people::record::{Act, record};
use crate::permission::BRANCH_READ;
use crate::student::flow::By;

/// What is announced.
#[derive(Debug, Clone)]
pub(super) struct New {
    pub(super) branch_id: Option<UnitId>,
    pub(super) title: Headline,
    pub(super) body: Option<Words>,
    pub(super) from_at: Option<Timestamp>,
    pub(super) until_at: Option<Timestamp>,
    pub(super) pinned: bool,
}

pub(super) async fn create(
    tx: &mut Tx,
    by: &By,
    person: IdentityId,
    new: &New,
) -> Result<Announcement, Error> {
    match new.branch_id {
        Some(id) => {
            let branch = branch::store::by_id(tx, &by.scope, id).await?;
            branch.ok_or(Error::BranchUnknown)?;
        }
        None if by.scope != Scope::All => return Err(Error::NotForAll),
        None => {}
    }
    let now = tx.now();
    let row = Announcement {
        id: tx.kernel().id(),
        branch_id: new.branch_id,
        title: new.title.clone(),
        body: new.body.clone(),
        from_at: new.from_at.unwrap_or(now),
        until_at: new.until_at,
        pinned: new.pinned,
        version: 1,
        created_by: person,
        created_at: now,
        updated_at: now,
    };
    check(&row)?;
    store::insert(tx, &row).await?;
    told(tx, by, "spaces.announcement.created", &row).await?;
    Ok(row)
}

fn check(row: &Announcement) -> Result<(), Error> {
    match row.until_at {
        Some(until) if until <= row.from_at => Err(Error::EndsBeforeItBegins),
        _ => Ok(()),
    }
}

pub(super) async fn update(
    tx: &mut Tx,
    by: &By,
    id: AnnouncementId,
    version: i64,
    change: impl FnOnce(&mut Announcement),
) -> Result<Announcement, Error> {
    let mut row = writable(tx, by, id).await?;
    if row.version != version {
        return Err(Error::Stale);
    }
    change(&mut row);
    check(&row)?;
    row.version += 1;
    row.updated_at = tx.now();
    if !store::update(tx, &row).await? {
        return Err(Error::Stale);
    }
    told(tx, by, "spaces.announcement.updated", &row).await?;
    Ok(row)
}

pub(super) async fn delete(
    tx: &mut Tx,
    by: &By,
    id: AnnouncementId,
    version: i64,
) -> Result<(), Error> {
    let row = writable(tx, by, id).await?;
    if !store::delete(tx, id, version).await? {
        return Err(Error::Stale);
    }
    told(tx, by, "spaces.announcement.deleted", &row).await
}

pub(super) async fn find(
    tx: &mut Tx,
    scope: &Scope,
    id: AnnouncementId,
) -> Result<Announcement, Error> {
    let row = store::by_id(tx, scope, id).await?;
    row.ok_or(Error::NotFound)
}

/// What is shown at every desk is changed only by who reaches every desk.
async fn writable(tx: &mut Tx, by: &By, id: AnnouncementId) -> Result<Announcement, Error> {
    let row = find(tx, &by.scope, id).await?;
    if row.branch_id.is_none() && by.scope != Scope::All {
        return Err(Error::NotForAll);
    }
    Ok(row)
}

async fn told(tx: &mut Tx, by: &By, action: &'static str, row: &Announcement) -> Result<(), Error> {
    let facts = Facts::new()
        .with("from_at", row.from_at)
        .with("until_at", row.until_at)
        .with("pinned", row.pinned)
        .with("version", row.version);
    let act = Act {
        action,
        event: "spaces.announcement.changed",
        target: Target::new("announcement", row.id),
        subject: row.id.to_string(),
        readers: BRANCH_READ,
        branch: row.branch_id,
    };
    Ok(record(tx, by, act, facts).await?)
}
