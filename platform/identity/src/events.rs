//! What whoever watches a workspace is told of its people.

use std::fmt::Display;

use gantry_db::{DbError, Tx};
use gantry_events::{Event, emit};
use gantry_kernel::{ApiKeyId, IdentityId, TenantId};

use crate::role::{MEMBER_READ, SERVICE_READ};

/// Somebody came, went, or may do something else: for who sees the members, and for the person.
pub(crate) async fn member_changed(
    tx: &mut Tx,
    tenant: TenantId,
    person: IdentityId,
) -> Result<(), DbError> {
    changed(tx, "identity.member.changed", tenant, person).await?;
    let own = Event::new("identity.access.changed").about(person);
    emit(tx, own.in_tenant(tenant).person(person)).await?;
    Ok(())
}

/// An invitation was sent, taken or taken back.
pub(crate) async fn invitation_changed(
    tx: &mut Tx,
    tenant: TenantId,
    invitation: impl Display,
) -> Result<(), DbError> {
    changed(tx, "identity.invitation.changed", tenant, invitation).await
}

/// A role of the workspace's own carries something else: for who sees the roles, and, as whoever holds it may now do
/// something else, for everybody.
pub(crate) async fn role_changed(tx: &mut Tx, tenant: TenantId, key: &str) -> Result<(), DbError> {
    changed(tx, "identity.role.changed", tenant, key).await?;
    access_changed(tx, tenant).await
}

/// What members may do there, or what is asked of them before, is something else: for everybody.
pub(crate) async fn access_changed(tx: &mut Tx, tenant: TenantId) -> Result<(), DbError> {
    let all = Event::new("identity.access.changed").in_tenant(tenant);
    emit(tx, all).await.map(drop)
}

/// A service account came, went, or may do something else.
pub(crate) async fn service_changed(
    tx: &mut Tx,
    tenant: TenantId,
    service: IdentityId,
) -> Result<(), DbError> {
    let event = Event::new("identity.service.changed").about(service);
    emit(tx, event.in_tenant(tenant).holders(SERVICE_READ, None))
        .await
        .map(drop)
}

/// A service account got a key, or lost one.
pub(crate) async fn key_changed(
    tx: &mut Tx,
    tenant: TenantId,
    service: IdentityId,
    key: ApiKeyId,
) -> Result<(), DbError> {
    let event = Event::new("identity.api_key.changed")
        .about(key)
        .about(service);
    emit(tx, event.in_tenant(tenant).holders(SERVICE_READ, None))
        .await
        .map(drop)
}

async fn changed(
    tx: &mut Tx,
    kind: &'static str,
    tenant: TenantId,
    id: impl Display,
) -> Result<(), DbError> {
    let event = Event::new(kind).about(id).in_tenant(tenant);
    emit(tx, event.holders(MEMBER_READ, None)).await?;
    Ok(())
}
