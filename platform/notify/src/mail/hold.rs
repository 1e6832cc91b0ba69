//! Mail that waits for a mail server to be configured.
//!
//! Control remembers which places hold mail, written before the mail is marked as held, so the list
//! may name a place without held mail but never misses one.

use gantry_db::{ControlDb, DbError, Tenants, args, sql};
use gantry_jobs::{Place, outbox};
use gantry_kernel::{TenantId, Timestamp};

/// Why such mail is held; also what marks it for release.
pub(crate) const NOT_CONFIGURED: &str = "no mail server is configured";

/// Released per transaction.
const BATCH: u32 = 200;

fn key(place: Option<TenantId>) -> String {
    place.map(|tenant| tenant.to_string()).unwrap_or_default()
}

/// Remembers that a place is about to hold mail.
pub(crate) async fn hold(control: &ControlDb, place: &Place) -> Result<(), DbError> {
    let key = key(place.tenant());
    control
        .write(async move |tx| {
            let now = tx.now();
            tx.execute(
                sql!(
                    "insert into notify_holds (place, since) values ($1, $2)
                     on conflict (place) do update set since = excluded.since"
                ),
                &args![key, now],
            )
            .await
        })
        .await?;
    Ok(())
}

/// The places that may hold mail, and since when they said so.
pub(crate) async fn places(control: &ControlDb) -> Result<Vec<(String, Timestamp)>, DbError> {
    control
        .read(async |tx| {
            tx.all(
                sql!("select place, since from notify_holds order by place"),
                &args![],
            )
            .await
        })
        .await
}

/// Puts a place's held mail back into its queue, then forgets the place unless another process has
/// held mail there meanwhile; answers how many mails.
pub(crate) async fn release(
    control: &ControlDb,
    tenants: &Tenants,
    place: String,
    since: Timestamp,
) -> Result<usize, DbError> {
    let mut released = 0;
    loop {
        let batch = if place.is_empty() {
            control
                .write(async |tx| outbox::release_held(tx, NOT_CONFIGURED, BATCH).await)
                .await?
        } else {
            let id: TenantId = place
                .parse()
                .map_err(|_| DbError::Other("a held place that is no tenant id".to_owned()))?;
            tenants
                .get(id)
                .await?
                .write(async |tx| outbox::release_held(tx, NOT_CONFIGURED, BATCH).await)
                .await?
        };
        released += batch;
        if batch == 0 {
            break;
        }
    }
    control
        .write(async move |tx| {
            tx.execute(
                sql!("delete from notify_holds where place = $1 and since = $2"),
                &args![place, since],
            )
            .await
        })
        .await?;
    Ok(released)
}
