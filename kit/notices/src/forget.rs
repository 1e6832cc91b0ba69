//! Notices that go.

use gantry_db::{DbError, Tx, args, sql};
use gantry_events::{Event, emit};
use gantry_kernel::{IdentityId, TenantId, Timestamp};

use crate::notice::happening;

/// Forgets everything kept for a person, who is forgotten themself.
pub async fn forget_person(tx: &mut Tx, person: IdentityId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from notices where person_id = $1"),
        &args![person],
    )
    .await
    .map(drop)
}

/// Forgets what a person was told about a workspace they no longer belong to.
pub async fn forget_member(
    tx: &mut Tx,
    tenant: TenantId,
    person: IdentityId,
) -> Result<(), DbError> {
    let gone = tx
        .execute(
            sql!("delete from notices where tenant_id = $1 and person_id = $2"),
            &args![tenant, person],
        )
        .await?;
    if gone > 0 {
        removed(tx, person).await?;
    }
    Ok(())
}

/// Forgets what anybody was told about a workspace that is no more.
pub async fn forget_tenant(tx: &mut Tx, tenant: TenantId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from notices where tenant_id = $1"),
        &args![tenant],
    )
    .await
    .map(drop)
}

/// Takes back what was told under this name (see [`Notice::once`](crate::Notice::once)), because it does not hold any
/// more.
pub async fn withdraw(tx: &mut Tx, kind: &str, name: &str) -> Result<(), DbError> {
    let people: Vec<(IdentityId,)> = tx
        .all(
            sql!("delete from notices where happening = $1 returning person_id"),
            &args![happening(kind, name)],
        )
        .await?;
    for (person,) in people {
        removed(tx, person).await?;
    }
    Ok(())
}

async fn removed(tx: &mut Tx, person: IdentityId) -> Result<(), DbError> {
    let event = Event::new("notify.notice.removed");
    emit(tx, event.person(person)).await.map(drop)
}

/// Removes up to `limit` notices that were read before `before`; answers how many.
pub async fn sweep(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, DbError> {
    tx.execute(
        sql!(
            "delete from notices where id in
             (select id from notices where read_at < $1 order by read_at limit $2)"
        ),
        &args![before, limit],
    )
    .await
}
