//! Writing a row, in the transaction of the effect it tells about.

use std::net::IpAddr;

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{MAX_USER_AGENT, define_id};

use crate::{chain::DELAY, entry::Entry, facts::bounded};

define_id! {
    /// One audit row.
    pub struct AuditId;
}

/// Longest request id that is kept, in characters; the longest that `kit/http` accepts is shorter.
const MAX_REQUEST_ID: usize = 128;
/// Longest id of a target, in characters.
const MAX_TARGET_ID: usize = 128;

/// Appends `entry` with this transaction's time. The row exists exactly if the effect does.
///
/// That it wants to be sealed is told by a hint, of which one serves all rows of the next moments. Control
/// has no hints, and needs none: it is looked at every second, so that a log-in wakes nobody.
pub async fn append(tx: &mut Tx, entry: Entry) -> Result<AuditId, DbError> {
    let id = tx.kernel().id::<AuditId>();
    let at = tx.now();
    let before = entry.before.into_json().map(|facts| facts.to_string());
    let after = entry.after.into_json().map(|facts| facts.to_string());
    tx.execute(
        sql!(
            "insert into audit (id, at, actor_kind, actor_id, on_behalf_of, action, target_kind,
                                target_id, tenant_id, outcome, facts_before, facts_after, ip, user_agent,
                                request_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
        ),
        &args![
            id,
            at,
            entry.actor.kind(),
            entry.actor.identity(),
            entry.actor.on_behalf_of(),
            entry.action,
            entry.target.kind,
            entry
                .target
                .id
                .as_deref()
                .map(|id| bounded(id, MAX_TARGET_ID)),
            entry.tenant,
            entry.outcome.as_str(),
            before,
            after,
            entry.origin.ip.as_ref().map(IpAddr::to_string),
            entry
                .origin
                .user_agent
                .as_deref()
                .map(|agent| bounded(agent, MAX_USER_AGENT)),
            entry
                .origin
                .request_id
                .as_deref()
                .map(|id| bounded(id, MAX_REQUEST_ID)),
        ],
    )
    .await?;
    if tx.place().is_some() {
        tx.note_due(at + DELAY);
    }
    Ok(id)
}
