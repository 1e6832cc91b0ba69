//! A workspace's limits, for its members.

use std::sync::Arc;

use gantry_http::{Json, TenantCx};
use schemars::JsonSchema;
use serde::Serialize;

use super::{MEMBERS, store};
use crate::{Error, Tenancy};

/// All limits of a workspace.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LimitList {
    limits: Vec<LimitView>,
}

/// One limit.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LimitView {
    /// What is limited.
    name: String,
    /// The most there may be.
    value: i64,
    /// How many members there are. Null for what a product counts in the workspace's own database;
    /// the product's lists show that.
    used: Option<i64>,
}

pub(crate) async fn list(
    tenancy: Arc<Tenancy>,
    cx: TenantCx,
    (): (),
) -> Result<Json<LimitList>, Error> {
    let id = cx.tenant();
    let members = tenancy.members.clone();
    let (set, joined) = tenancy
        .control
        .read(async |tx| {
            let joined = members.get()?.count(tx, id).await?;
            Ok::<_, Error>((store::overrides(tx, id).await?, joined))
        })
        .await?;
    let limits = tenancy
        .config
        .limits
        .iter()
        .map(|(name, default)| LimitView {
            name: name.clone(),
            value: set
                .iter()
                .find(|row| row.name == *name)
                .map_or(*default, |row| row.value),
            used: (name == MEMBERS).then_some(joined),
        });
    Ok(Json(LimitList {
        limits: limits.collect(),
    }))
}
