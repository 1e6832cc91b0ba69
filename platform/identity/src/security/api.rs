//! Seeing and setting what a workspace asks of its members.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_http::{Body, Json, RequestContext, TenantCx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::store;
use crate::factor::FactorError;
use crate::{Error, Identity, events};

/// What the workspace asks of its members.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Security {
    /// Members can work here only in a session confirmed by a second factor. Keys of service accounts are not asked.
    require_second_factor: bool,
}

/// What is asked today.
pub(crate) async fn get_security(
    identity: Arc<Identity>,
    cx: TenantCx,
    (): (),
) -> Result<Json<Security>, Error> {
    let tenant = cx.tenant();
    let require_second_factor = identity
        .control
        .read(async move |tx| store::second_factor(tx, tenant).await)
        .await?;
    Ok(Json(Security {
        require_second_factor,
    }))
}

/// Sets it for everybody, the caller too: whoever demands a second factor has one, or would be shut out at once.
pub(crate) async fn set_security(
    identity: Arc<Identity>,
    cx: TenantCx,
    Body(wanted): Body<Security>,
) -> Result<Json<Security>, Error> {
    let confirmed = cx
        .principal
        .session()
        .is_some_and(|session| session.multi_factor);
    if wanted.require_second_factor && !confirmed {
        return Err(FactorError::OwnFirst.into());
    }
    let (tenant, actor, origin) = (cx.tenant(), cx.actor(), cx.origin());
    let required = wanted.require_second_factor;
    identity
        .control
        .write(async move |tx| {
            let before = store::second_factor(tx, tenant).await?;
            store::set_second_factor(tx, tenant, required).await?;
            if before != required {
                events::access_changed(tx, tenant).await?;
            }
            let entry = Entry::new(
                actor,
                "identity.security.changed",
                Target::new("tenant", tenant),
            );
            let facts = |required: bool| Facts::new().with("require_second_factor", required);
            let entry = entry
                .about(tenant)
                .before(facts(before))
                .after(facts(required));
            gantry_audit::append(tx, entry.origin(&origin)).await?;
            Ok::<_, Error>(())
        })
        .await?;
    identity.changed();
    Ok(Json(wanted))
}
