//! Reading the order from a place on.

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{IdentityId, TenantId, Timestamp, UnitId};
use serde_json::Value;

/// An event as it lies there, with what decides who may know of it:
///
/// - no permission and no person: every member of the tenant;
/// - no permission, a person: that person;
/// - a permission: who holds it over the unit, or over the whole tenant if there is none; and the person, who must hold it
///   over anything at all;
/// - in control, about no tenant, a platform permission and no person: the operators who hold it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its place.
    pub seq: i64,
    /// When the transaction that left it began.
    pub at: Timestamp,
    /// What happened.
    pub kind: String,
    /// Ids; none when there were too many.
    pub subjects: Value,
    /// The unit the subjects belong to.
    pub unit_id: Option<UnitId>,
    /// What a reader must hold.
    pub permission: Option<String>,
    /// Whom it is for.
    pub person_id: Option<IdentityId>,
}

from_row!(Told {
    seq,
    at,
    kind,
    subjects,
    unit_id,
    permission,
    person_id
});

/// The first and the last place there is; both 0 before the first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The oldest event that is kept.
    pub first: i64,
    /// The newest.
    pub last: i64,
}

impl Span {
    /// Whether everything after `seq` is still there.
    #[must_use]
    pub const fn continues(&self, seq: i64) -> bool {
        seq <= self.last && seq + 1 >= self.first
    }
}

/// What is there.
pub async fn span(tx: &mut Tx) -> Result<Span, DbError> {
    let (first, last): (Option<i64>, Option<i64>) = tx
        .one(
            sql!("select min(seq) as first_seq, max(seq) as last_seq from events"),
            &args![],
        )
        .await?;
    Ok(Span {
        first: first.unwrap_or(0),
        last: last.unwrap_or(0),
    })
}

/// Up to `limit` events of a tenant's own database after `seq`.
pub async fn events_of_tenant(tx: &mut Tx, seq: i64, limit: u32) -> Result<Vec<Told>, DbError> {
    tx.all(
        sql!(
            "select seq, at, kind, subjects, unit_id, permission, person_id
             from events where seq > $1 order by seq limit $2"
        ),
        &args![seq, limit],
    )
    .await
}

/// Up to `limit` events of control after `seq` that are about `tenant`, or about no tenant and for `person`, who may be an
/// operator.
pub async fn events_about(
    tx: &mut Tx,
    tenant: TenantId,
    person: Option<IdentityId>,
    seq: i64,
    limit: u32,
) -> Result<Vec<Told>, DbError> {
    tx.all(
        sql!(
            "select seq, at, kind, subjects, unit_id, permission, person_id
             from events
             where seq > $1
               and (tenant_id = $2
                    or (tenant_id is null and person_id = $3)
                    or (tenant_id is null and person_id is null and permission is not null
                        and cast($3 as text) is not null))
             order by seq limit $4"
        ),
        &args![seq, tenant, person, limit],
    )
    .await
}

/// Which life of the tenant this database is.
pub async fn incarnation(tx: &mut Tx) -> Result<i64, DbError> {
    let (incarnation,) = tx
        .one::<(i64,)>(sql!("select incarnation from _meta"), &args![])
        .await?;
    Ok(incarnation)
}
