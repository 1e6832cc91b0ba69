//! Beginning to act as somebody else. It ends as any session does.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{Tx, args, sql};
use gantry_http::{Body, Created, PlatformCx, RequestContext, With};
use gantry_kernel::{IdentityId, TenantId, Text};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::Impersonation;
use crate::account::{self, Account};
use crate::session::Methods;
use crate::session::api::{Mode, SignedIn};
use crate::session::begin::{Start, begin};
use crate::{Error, Identity, mail, member};

/// As whom to act, where, and why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Impersonate {
    /// The member.
    person: IdentityId,
    /// The workspace, by id or slug; the session opens no other.
    workspace: String,
    /// Told to the person and kept in the workspace's audit log; no personal data.
    reason: Text<10, 200>,
    /// `token` (the default) or `cookie`.
    #[serde(default)]
    mode: Mode,
}

/// Begins a session as a member of a workspace. Operators are never impersonated: nobody gets at the platform's
/// powers in another's name.
pub(crate) async fn impersonate(
    identity: Arc<Identity>,
    cx: PlatformCx,
    Body(input): Body<Impersonate>,
) -> Result<With<Created<SignedIn>>, Error> {
    let Impersonate {
        person,
        workspace,
        reason,
        mode,
    } = input;
    let (actor, origin, operator) = (cx.actor(), cx.origin(), cx.principal().identity);
    let config = identity.config.clone();
    let begun = identity
        .control
        .write(async move |tx| {
            let account = account::store::by_id(tx, person)
                .await?
                .filter(Account::may_sign_in)
                .ok_or(Error::NotFound)?;
            let tenant = member::store::tenant_of(tx, person, &workspace)
                .await?
                .ok_or(Error::NotFound)?;
            if is_operator(tx, person).await? {
                return Err(Error::StaffNotImpersonated);
            }
            let reason = reason.as_str().to_owned();
            note(tx, &account, &reason, tenant).await?;
            let entry = Entry::new(
                actor,
                "identity.impersonation.started",
                Target::new("identity", person),
            );
            let entry = entry
                .about(tenant)
                .after(Facts::new().with("reason", reason.as_str()));
            gantry_audit::append(tx, entry.origin(&origin)).await?;
            let start = Start {
                person,
                mode,
                methods: Methods::new([]),
                impersonation: Some(Impersonation {
                    operator,
                    tenant,
                    reason,
                }),
                brought: None,
                vouched: None,
            };
            begin(tx, &start, &origin, &config).await
        })
        .await?;
    begun.reply(&identity, None).await
}

/// The person hears of it, whatever the operator says.
async fn note(tx: &mut Tx, to: &Account, reason: &str, tenant: TenantId) -> Result<(), Error> {
    let workspace: String = tx
        .one(
            sql!("select name from tenants where id = $1"),
            &args![tenant],
        )
        .await?;
    let params = json!({ "workspace": workspace, "reason": reason });
    mail::put(tx, mail::IMPERSONATED, &to.email, params).await?;
    Ok(())
}

async fn is_operator(tx: &mut Tx, person: IdentityId) -> Result<bool, Error> {
    let roles: i64 = tx
        .one(
            sql!("select count(*) from platform_grants where identity_id = $1"),
            &args![person],
        )
        .await?;
    Ok(roles > 0)
}
