//! Closing one's account: the person is forgotten here at once. What they did stays in audit rows under an id that
//! leads to nobody, mails already sent are forgotten with the outbox's retention, and what workspaces hold about
//! them is the workspaces'.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{DbError, Tx, args, sql};
use gantry_http::{Cookie, NoContent, ReplyExt, RequestContext, SESSION_COOKIE, UserCx, With};
use gantry_kernel::{IdentityId, TenantId};
use serde_json::json;

use crate::account::{email_change, store};
use crate::link::{self, Purpose};
use crate::member;
use crate::password::lockout;
use crate::role::OPERATOR;
use crate::{Error, Identity, mail, session};

/// Closes the caller's account. Refused to the last owner of a workspace and to the last operator: somebody must
/// remain who can let others in.
pub(crate) async fn close(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<With<NoContent>, Error> {
    let (person, actor, origin) = (cx.principal().identity, cx.actor(), cx.origin());
    let state = Arc::clone(&identity);
    identity
        .control
        .write(async move |tx| {
            let account = store::by_id(tx, person).await?.ok_or(Error::NotFound)?;
            if is_last_operator(tx, person).await? {
                return Err(Error::LastOperator);
            }
            let tenants = memberships(tx, person).await?;
            for tenant in &tenants {
                let before = member::store::grants(tx, *tenant, person).await?;
                member::store::remove(tx, *tenant, person).await?;
                let target = Target::new("identity", person);
                let left = Entry::new(actor, "identity.member.left", target).about(*tenant);
                let left = left.before(member::api::facts(&before)).origin(&origin);
                gantry_audit::append(tx, left).await?;
            }
            let key = state.account_key(&account.email);
            lockout::clear_all(tx, &key).await?;
            link::forget(tx, Purpose::Reset, &person.to_string()).await?;
            email_change::store::forget(tx, person).await?;
            mail::put(
                tx,
                mail::ACCOUNT_CLOSED,
                &account.email,
                json!({ "name": account.name }),
            )
            .await?;
            // Also those in which they act as somebody else: these are not theirs, and stay.
            session::store::revoke_all(tx, person, None, "account_closed").await?;
            forget_invitations(tx, person).await?;
            store::delete(tx, person).await?;
            let entry = Entry::new(
                actor,
                "identity.account.closed",
                Target::new("identity", person),
            );
            let facts = Facts::new().with("workspaces_left", tenants.len());
            gantry_audit::append(tx, entry.before(facts).origin(&origin)).await?;
            Ok::<_, Error>(())
        })
        .await?;
    identity.changed();
    Ok(NoContent.with_cookie(Cookie::remove(SESSION_COOKIE)))
}

/// Answered invitations keep the address they went to.
async fn forget_invitations(tx: &mut Tx, person: IdentityId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from invitations where accepted_by = $1"),
        &args![person],
    )
    .await?;
    Ok(())
}

async fn memberships(tx: &mut Tx, person: IdentityId) -> Result<Vec<TenantId>, DbError> {
    let rows: Vec<(TenantId,)> = tx
        .all(
            sql!("select tenant_id from memberships where identity_id = $1 order by tenant_id"),
            &args![person],
        )
        .await?;
    Ok(rows.into_iter().map(|(tenant,)| tenant).collect())
}

/// Whether the platform would be left without an operator who can sign in.
pub(crate) async fn is_last_operator(tx: &mut Tx, person: IdentityId) -> Result<bool, DbError> {
    let (own, others): (i64, i64) = tx
        .one(
            sql!(
                "select coalesce(sum(case when p.identity_id = $2 then 1 else 0 end), 0),
                        coalesce(sum(case when p.identity_id <> $2 and i.state = 'active' then 1
                                          else 0 end), 0)
                 from platform_grants p join identities i on i.id = p.identity_id
                 where p.role = $1 and i.verified_at is not null"
            ),
            &args![OPERATOR, person],
        )
        .await?;
    Ok(own > 0 && others == 0)
}
