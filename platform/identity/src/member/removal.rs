//! Forgetting a workspace that is no more. Its row in the directory stays, so that nothing goes with that by itself.

use gantry_db::{DbError, Sql, Tx, args, sql};
use gantry_kernel::TenantId;

/// Removes everything that identity holds because of the workspace. People stay, and so does what the audit log says.
pub(crate) async fn forget_tenant(tx: &mut Tx, tenant: TenantId) -> Result<(), DbError> {
    let all: [Sql; 9] = [
        sql!(
            "delete from email_tokens where purpose = 'invite' and subject in
             (select id from invitations where tenant_id = $1)"
        ),
        sql!("delete from invitations where tenant_id = $1"),
        sql!("delete from memberships where tenant_id = $1"),
        sql!("delete from custom_roles where tenant_id = $1"),
        sql!("delete from service_accounts where tenant_id = $1"),
        sql!("delete from oidc_providers where tenant_id = $1"),
        sql!("delete from oidc_links where scope = $1"),
        sql!("delete from tenant_security where tenant_id = $1"),
        // They opened this one alone.
        sql!("delete from sessions where only_tenant_id = $1 or operator_tenant_id = $1"),
    ];
    for statement in all {
        tx.execute(statement, &args![tenant]).await?;
    }
    Ok(())
}
