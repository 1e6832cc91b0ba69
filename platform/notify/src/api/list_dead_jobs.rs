//! `GET /api/v1/admin/jobs/dead`.

use std::sync::Arc;

use gantry_http::{Page, PageQuery, PlatformCx, Query, RequestContext};
use gantry_jobs::admin::{self, DeadJob};
use gantry_kernel::{JobId, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::read;
use crate::{Error, Notify};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Filter {
    /// A tenant's id; without it, the platform's own jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    #[serde(flatten)]
    page: PageQuery,
}

pub(crate) async fn list_dead_jobs(
    notify: Arc<Notify>,
    cx: PlatformCx,
    Query(filter): Query<Filter>,
) -> Result<Page<DeadJob>, Error> {
    let before: Option<JobId> = cx.cursor(&filter.page, &filter.tenant)?;
    let limit = filter.page.size() + 1;
    let rows = read(&notify, filter.tenant, async move |tx| {
        Ok(admin::list_dead(tx, before, limit).await?)
    })
    .await?;
    Ok(cx.page(&filter.page, &filter.tenant, rows, |row: &DeadJob| row.id)?)
}
