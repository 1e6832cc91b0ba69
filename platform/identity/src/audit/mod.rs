//! What was done in a workspace and to its members: control's rows about it and its own, in one list.

use std::sync::Arc;

use gantry_audit::{Cursor, Filter, Outcome, Record};
use gantry_http::{Page, PageQuery, Query, RequestContext, TenantCx};
use gantry_kernel::{IdentityId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Identity};

/// Which rows to list.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Listing {
    /// Only acts of this person.
    actor: Option<IdentityId>,
    /// Only this action, for example `identity.member.removed`.
    action: Option<String>,
    /// Only things of this kind.
    target_kind: Option<String>,
    /// Only this thing.
    target_id: Option<String>,
    /// Only what was `done`, or only what was `denied`.
    outcome: Option<Outcome>,
    /// Not before this instant.
    from: Option<Timestamp>,
    /// Before this instant.
    until: Option<Timestamp>,
    #[serde(flatten)]
    page: PageQuery,
}

#[derive(Serialize)]
struct Narrowed<'a> {
    actor: Option<IdentityId>,
    action: Option<&'a str>,
    target_kind: Option<&'a str>,
    target_id: Option<&'a str>,
    outcome: Option<Outcome>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// Lists the audit log of the workspace, newest first.
pub(crate) async fn list_audit(
    identity: Arc<Identity>,
    cx: TenantCx,
    Query(query): Query<Listing>,
) -> Result<Page<Record>, Error> {
    let narrowed = Narrowed {
        actor: query.actor,
        action: query.action.as_deref(),
        target_kind: query.target_kind.as_deref(),
        target_id: query.target_id.as_deref(),
        outcome: query.outcome,
        from: query.from,
        until: query.until,
    };
    let after: Option<Cursor> = cx.cursor(&query.page, &narrowed)?;
    let limit = query.page.size() + 1;
    let own = Filter {
        tenant: None,
        actor: query.actor,
        action: query.action.clone(),
        target_kind: query.target_kind.clone(),
        target_id: query.target_id.clone(),
        outcome: query.outcome,
        from: query.from,
        until: query.until,
    };
    let about = Filter {
        tenant: Some(cx.tenant()),
        ..own.clone()
    };
    let mut rows = identity
        .control
        .read(async move |tx| gantry_audit::list(tx, &about, after, limit).await)
        .await?;
    for row in &mut rows {
        // How many rows control has tells how busy everybody else is.
        row.sequence = None;
    }
    rows.extend(
        cx.db
            .read(async move |tx| gantry_audit::list(tx, &own, after, limit).await)
            .await?,
    );
    for row in &mut rows {
        hide_staff(row);
    }
    rows.sort_by_key(|row| std::cmp::Reverse((row.at, row.id)));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(cx.page(&query.page, &narrowed, rows, |last| Cursor::from(last))?)
}

/// A tenant may know that the platform's staff acted, not from where and with what they work.
fn hide_staff(row: &mut Record) {
    if matches!(
        row.actor_kind.as_str(),
        "operator" | "impersonator" | "rescue"
    ) {
        row.ip = None;
        row.user_agent = None;
    }
}
