//! The rules of a branch over HTTP.

use std::sync::Arc;

use gantry_http::{Body, Path, RequestContext, TenantCx, Versioned};
use gantry_kernel::{Problem, UnitId};

use super::{Policy, Rules, flow, store};
use crate::seating::{Error, hall};
use crate::student::api::by;

/// `GET /branches/{branch}/policy`
pub async fn get<S>(
    _: Arc<S>,
    cx: TenantCx,
    Path(branch): Path<UnitId>,
) -> Result<Versioned<Policy>, Error> {
    let scope = cx.scope.clone();
    let policy = cx
        .db
        .read(async move |tx| {
            hall(tx, &scope, branch).await?;
            Ok::<_, Error>(store::current(tx, branch).await?)
        })
        .await?;
    Ok(versioned(policy))
}

/// `PUT /branches/{branch}/policy`
pub async fn replace<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(branch), Body(rules)): (Path<UnitId>, Body<Rules>),
) -> Result<Versioned<Policy>, Problem> {
    let (version, by) = (cx.if_match()?, by(&cx));
    let policy = cx
        .db
        .write(async move |tx| flow::replace(tx, &by, branch, version, &rules).await)
        .await?;
    Ok(versioned(policy))
}

fn versioned(policy: Policy) -> Versioned<Policy> {
    Versioned {
        version: policy.version,
        body: policy,
    }
}
