//! `GET /api/v1/admin/mails`.

use std::sync::Arc;

use gantry_http::{Page, PageQuery, PlatformCx, Query, RequestContext};
use gantry_jobs::{
    OutboxState,
    outbox::{self, Listed, OutboxId},
};
use gantry_kernel::{TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::read;
use crate::{Error, Notify};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Filter {
    /// A tenant's id; without it, the platform's own mails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    /// Only mails in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<OutboxState>,
    #[serde(flatten)]
    page: PageQuery,
}

pub(crate) async fn list_mails(
    notify: Arc<Notify>,
    cx: PlatformCx,
    Query(filter): Query<Filter>,
) -> Result<Page<Listed>, Error> {
    let filters = (filter.tenant, filter.state);
    let before: Option<(Timestamp, OutboxId)> = cx.cursor(&filter.page, &filters)?;
    let limit = filter.page.size() + 1;
    let rows = read(&notify, filter.tenant, async move |tx| {
        Ok(outbox::list(tx, filter.state, before, limit).await?)
    })
    .await?;
    let cursor = |row: &Listed| (row.created_at, row.id);
    Ok(cx.page(&filter.page, &filters, rows, cursor)?)
}
