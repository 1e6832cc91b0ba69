//! What people are told of what others do with their access.

use gantry_db::{DbError, Tx};
use gantry_kernel::{IdentityId, TenantId};
use gantry_notices::{Notice, tell, withdraw};

use crate::invitation::InvitationId;
use crate::role::Grant;

const INVITED: &str = "identity.invitation.received";

/// Somebody else changed what they may do in a workspace.
pub(crate) async fn role_changed(
    tx: &mut Tx,
    tenant: TenantId,
    person: IdentityId,
    grants: &[Grant],
) -> Result<(), DbError> {
    let roles: Vec<&str> = grants.iter().map(|grant| grant.role.as_str()).collect();
    let notice = Notice::to_person("identity.role.changed", person);
    tell(tx, notice.in_tenant(tenant).with("roles", roles)).await
}

/// Somebody invites them. The link that accepts is in the mail.
pub(crate) async fn invited(
    tx: &mut Tx,
    tenant: TenantId,
    person: IdentityId,
    invitation: InvitationId,
    role: (&str, &str),
) -> Result<(), DbError> {
    let (key, title) = role;
    let notice = Notice::to_person(INVITED, person)
        .in_tenant(tenant)
        .with("invitation", invitation.to_string())
        .with("role", key)
        .with("role_title", title)
        .once(invitation);
    tell(tx, notice).await
}

/// The invitation was taken or taken back.
pub(crate) async fn invitation_over(tx: &mut Tx, invitation: InvitationId) -> Result<(), DbError> {
    withdraw(tx, INVITED, &invitation.to_string()).await
}
