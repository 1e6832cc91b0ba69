//! Lifting the lock of an account: by the link in the mail about it, by an operator, or from a shell.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::Tx;
use gantry_http::{Body, Json, NoContent, PlatformCx, PublicCx, ReplyExt, RequestContext, With};
use gantry_kernel::{Actor, Email, IdentityId, Origin};
use schemars::JsonSchema;
use serde::Serialize;

use super::{AccountKey, Guesser, Known, lockout};
use crate::account::{self, Account};
use crate::link::{self, Purpose};
use crate::sign_up::api::{Address, LinkToken};
use crate::{Error, Identity};

/// Lifts the locks of an account by the link from the mail. The browser counts as one of the owner's from now on,
/// so that it is not locked out again while the guessing goes on.
pub(crate) async fn unlock(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(input): Body<LinkToken>,
) -> Result<With<NoContent>, Error> {
    let (origin, state) = (cx.origin(), Arc::clone(&identity));
    let key = identity
        .control
        .write(async move |tx| {
            let subject = link::consume(tx, Purpose::Unlock, input.token.expose()).await?;
            let id: IdentityId = subject
                .and_then(|id| id.parse().ok())
                .ok_or(Error::LinkGone)?;
            let account = account::store::by_id(tx, id)
                .await?
                .filter(Account::may_sign_in)
                .ok_or(Error::LinkGone)?;
            let key = state.account_key(&account.email);
            lift(tx, &key, id, Actor::Identity(id), &origin).await?;
            Ok::<_, Error>(key)
        })
        .await?;
    identity.forgive(&Guesser::new(key, Known::Nobody));
    Ok(NoContent.with_cookie(identity.device(&cx, &key).cookie))
}

/// An account whose locks were lifted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Unlocked {
    /// Whose account it is.
    identity: IdentityId,
    /// Locks that were lifted: of strangers together, of single devices, of single sessions.
    locks: i64,
}

/// Lifts the locks of an account for an operator.
pub(crate) async fn unlock_account(
    identity: Arc<Identity>,
    cx: PlatformCx,
    Body(input): Body<Address>,
) -> Result<Json<Unlocked>, Error> {
    let (actor, origin) = (cx.actor(), cx.origin());
    let done = lift_by_staff(&identity, input.email, actor, origin).await?;
    Ok(Json(done))
}

impl Identity {
    /// Lifts the locks of an account; says how many there were. Errors: no confirmed account has this address.
    pub async fn rescue_unlock(self: &Arc<Self>, email: &Email) -> Result<i64, Error> {
        let origin = Origin::default();
        let done = lift_by_staff(self, email.clone(), Actor::Rescue, origin).await?;
        Ok(done.locks)
    }
}

async fn lift_by_staff(
    identity: &Identity,
    email: Email,
    actor: Actor,
    origin: Origin,
) -> Result<Unlocked, Error> {
    let key = identity.account_key(&email);
    let done = identity
        .control
        .write(async move |tx| {
            let account = account::store::by_email(tx, &email)
                .await?
                .filter(|account| account.verified_at.is_some())
                .ok_or(Error::NotFound)?;
            let locks = lift(tx, &key, account.id, actor, &origin).await?;
            Ok::<_, Error>(Unlocked {
                identity: account.id,
                locks,
            })
        })
        .await?;
    identity.forgive(&Guesser::new(key, Known::Nobody));
    Ok(done)
}

async fn lift(
    tx: &mut Tx,
    key: &AccountKey,
    id: IdentityId,
    actor: Actor,
    origin: &Origin,
) -> Result<i64, Error> {
    let locks = lockout::clear_all(tx, key).await?;
    let entry = Entry::new(
        actor,
        "identity.account.unlocked",
        Target::new("identity", id),
    );
    let facts = Facts::new().with("locks", locks);
    gantry_audit::append(tx, entry.after(facts).origin(origin)).await?;
    Ok(locks)
}
