//! Reading rows back, newest first.

use gantry_db::{DbError, FromRow, Row, Tx, args, sql};
use gantry_kernel::{IdentityId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{append::AuditId, entry::Outcome};

/// One row as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Record {
    /// The row's id.
    pub id: AuditId,
    /// When it happened.
    pub at: Timestamp,
    /// `system`, `anonymous`, `identity`, `operator`, `service`, `impersonator` or `rescue`.
    pub actor_kind: String,
    /// The person or service account, where there is one; of an `impersonator` the operator.
    pub actor_id: Option<IdentityId>,
    /// Whose rights an `impersonator` used.
    pub on_behalf_of: Option<IdentityId>,
    /// Stable dotted name of the act.
    pub action: String,
    /// What kind of thing it was done to.
    pub target_kind: String,
    /// Which one.
    pub target_id: Option<String>,
    /// The tenant a platform row is about.
    pub tenant_id: Option<TenantId>,
    /// Whether it was done or refused.
    pub outcome: Outcome,
    /// Facts before the act.
    pub before: Option<Value>,
    /// Facts after it.
    pub after: Option<Value>,
    /// Address of the caller.
    pub ip: Option<String>,
    /// The caller's program, shortened.
    pub user_agent: Option<String>,
    /// The request's id, as in the logs.
    pub request_id: Option<String>,
    /// Whether it is in the hash chain of its database, as it is about a second after it was written.
    /// Until then only the database itself keeps it from being changed.
    pub sealed: bool,
    /// Its place in that chain; a tenant is not told that of rows in the platform's.
    pub sequence: Option<i64>,
}

impl FromRow for Record {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let outcome: String = row.get("outcome")?;
        let sequence: Option<i64> = row.get("sequence")?;
        Ok(Self {
            id: row.get("id")?,
            at: row.get("at")?,
            actor_kind: row.get("actor_kind")?,
            actor_id: row.get("actor_id")?,
            on_behalf_of: row.get("on_behalf_of")?,
            action: row.get("action")?,
            target_kind: row.get("target_kind")?,
            target_id: row.get("target_id")?,
            tenant_id: row.get("tenant_id")?,
            outcome: if outcome == "done" {
                Outcome::Done
            } else {
                Outcome::Denied
            },
            before: row.get("facts_before")?,
            after: row.get("facts_after")?,
            ip: row.get("ip")?,
            user_agent: row.get("user_agent")?,
            request_id: row.get("request_id")?,
            sealed: sequence.is_some(),
            sequence,
        })
    }
}

/// Which rows are wanted; an absent field does not narrow.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Rows about this tenant (in control; a tenant's own database holds only its own).
    pub tenant: Option<TenantId>,
    /// Acts of this person.
    pub actor: Option<IdentityId>,
    /// Exactly this action.
    pub action: Option<String>,
    /// Things of this kind.
    pub target_kind: Option<String>,
    /// This thing.
    pub target_id: Option<String>,
    /// Only done or only denied.
    pub outcome: Option<Outcome>,
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
}

/// Where the previous page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    at: Timestamp,
    id: AuditId,
}

impl From<&Record> for Cursor {
    fn from(last: &Record) -> Self {
        Self {
            at: last.at,
            id: last.id,
        }
    }
}

/// Up to `limit` rows that match, newest first, that come after `after` in that order. Ask for one
/// more than shown to know whether a next page exists.
pub async fn list(
    tx: &mut Tx,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Record>, DbError> {
    tx.all(
        sql!(
            "select id, at, actor_kind, actor_id, on_behalf_of, action, target_kind, target_id,
                    tenant_id, outcome, facts_before, facts_after, ip, user_agent, request_id,
                    (select seq from audit_chain where row_id = audit.id) as sequence
             from audit
             where (cast($1 as text) is null or tenant_id = $1)
               and (cast($2 as text) is null or actor_id = $2)
               and (cast($3 as text) is null or action = $3)
               and (cast($4 as text) is null or target_kind = $4)
               and (cast($5 as text) is null or target_id = $5)
               and (cast($6 as text) is null or outcome = $6)
               and (cast($7 as bigint) is null or at >= $7)
               and (cast($8 as bigint) is null or at < $8)
               and (cast($9 as bigint) is null or at < $9 or (at = $9 and id < $10))
             order by at desc, id desc
             limit $11"
        ),
        &args![
            filter.tenant,
            filter.actor,
            filter.action.as_deref(),
            filter.target_kind.as_deref(),
            filter.target_id.as_deref(),
            filter.outcome.map(Outcome::as_str),
            filter.from,
            filter.until,
            after.map(|cursor| cursor.at),
            after.map(|cursor| cursor.id),
            limit,
        ],
    )
    .await
}
