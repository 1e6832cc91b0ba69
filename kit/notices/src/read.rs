//! What people see of their notices, and that they saw it.

use gantry_db::{DbError, FromRow, Row, Tx, args, from_row, sql};
use gantry_events::{Event, emit};
use gantry_kernel::{IdentityId, Slug, TenantId, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::NoticeId;

/// Unread notices are counted up to here.
pub const COUNTED: i64 = 100;

/// The workspace a notice is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Which one.
    pub id: TenantId,
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
}

/// A notice as its person sees it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Which one.
    pub id: NoticeId,
    /// What kind of thing happened.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// The workspace it is about; `None` for the account and the platform.
    pub tenant: Option<About>,
    /// Ids and short values.
    pub subjects: Value,
    /// When it was read.
    pub read_at: Option<Timestamp>,
}

impl FromRow for Kept {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let id: Option<TenantId> = row.get("tenant_id")?;
        let tenant = match id {
            Some(id) => Some(About {
                id,
                slug: row.get("slug")?,
                name: row.get("name")?,
            }),
            None => None,
        };
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            at: row.get("at")?,
            tenant,
            subjects: row.get("subjects")?,
            read_at: row.get("read_at")?,
        })
    }
}

/// Whose notices, and which of them. Those of a closed workspace are nobody's until it is opened again.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// Whose.
    pub person: IdentityId,
    /// Only those about this workspace.
    pub only: Option<TenantId>,
}

/// Up to `limit` notices that arrived before `before`, the last to arrive first.
pub async fn list(
    tx: &mut Tx,
    filter: Filter,
    unread: bool,
    before: Option<NoticeId>,
    limit: i64,
) -> Result<Vec<Kept>, DbError> {
    tx.all(
        sql!(
            "select n.id, n.kind, n.at, n.subjects, n.read_at, t.id as tenant_id, t.slug, t.name
             from notices n left join tenants t on t.id = n.tenant_id
             where n.person_id = $1
               and (n.tenant_id is null or t.state <> 'closed')
               and (cast($2 as text) is null or n.tenant_id = $2)
               and ($3 = false or n.read_at is null)
               and (cast($4 as text) is null or n.id < $4)
             order by n.id desc limit $5"
        ),
        &args![filter.person, filter.only, unread, before, limit],
    )
    .await
}

/// How many are unread, counted up to [`COUNTED`].
pub async fn unread(tx: &mut Tx, filter: Filter) -> Result<i64, DbError> {
    tx.one(
        sql!(
            "select count(*) from
             (select n.id from notices n left join tenants t on t.id = n.tenant_id
              where n.person_id = $1 and n.read_at is null
                and (n.tenant_id is null or t.state <> 'closed')
                and (cast($2 as text) is null or n.tenant_id = $2)
              limit $3) as counted"
        ),
        &args![filter.person, filter.only, COUNTED],
    )
    .await
}

/// Which notices were read.
#[derive(Clone, Debug)]
pub enum Mark {
    /// These; those that are not there are passed over.
    These(Vec<NoticeId>),
    /// This one and all that arrived before it.
    UpTo(NoticeId),
}

/// Notes what was read, and tells the person's other clients if that is news.
pub async fn mark_read(tx: &mut Tx, filter: Filter, mark: &Mark) -> Result<(), DbError> {
    let changed = match mark {
        Mark::These(ids) => {
            let mut changed = 0;
            for id in ids {
                changed += mark_between(tx, filter, Some(*id), *id).await?;
            }
            changed
        }
        Mark::UpTo(last) => mark_between(tx, filter, None, *last).await?,
    };
    if changed > 0 {
        let event = Event::new("notify.notice.read");
        emit(tx, event.person(filter.person)).await?;
    }
    Ok(())
}

async fn mark_between(
    tx: &mut Tx,
    filter: Filter,
    first: Option<NoticeId>,
    last: NoticeId,
) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update notices set read_at = $5
             where person_id = $1 and read_at is null and id <= $4
               and (cast($3 as text) is null or id >= $3)
               and (cast($2 as text) is null or tenant_id = $2)
               and (tenant_id is null or tenant_id in (select id from tenants where state <> 'closed'))"
        ),
        &args![filter.person, filter.only, first, last, now],
    )
    .await
}

/// A notice in the file of what is held about a person.
#[derive(Clone, Debug, Serialize)]
pub struct Exported {
    id: NoticeId,
    kind: String,
    at: Timestamp,
    tenant_id: Option<TenantId>,
    subjects: Value,
    read_at: Option<Timestamp>,
}

from_row!(Exported {
    id,
    kind,
    at,
    tenant_id,
    subjects,
    read_at
});

/// Everything that is kept for a person, the last to arrive first; there are at most [`MOST`](crate::MOST).
pub async fn all(tx: &mut Tx, person: IdentityId) -> Result<Vec<Exported>, DbError> {
    tx.all(
        sql!(
            "select id, kind, at, tenant_id, subjects, read_at
             from notices where person_id = $1 order by id desc"
        ),
        &args![person],
    )
    .await
}
