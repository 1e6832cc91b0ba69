//! What follows when an account gets a factor or loses one.

use gantry_audit::{Entry, Facts, Target};
use gantry_db::Tx;
use gantry_kernel::{Actor, IdentityId, Origin, SessionId};
use serde_json::json;

use super::store::{Settled, settle};
use super::{Kind, recovery, totp};
use crate::account::Account;
use crate::session::{Method, Methods};
use crate::{Error, challenge, mail, passkey, session};

/// A factor that was just stored, by whom and in which session.
pub(crate) struct NewFactor<'a> {
    pub(crate) account: &'a Account,
    pub(crate) session: SessionId,
    pub(crate) kind: Kind,
    /// What it was shown to work with.
    pub(crate) methods: Methods,
    pub(crate) origin: &'a Origin,
}

/// Notes a new factor. With the first one the account gets recovery codes, which are returned, and every session that
/// began without a second factor ends, except the one at hand: there the new factor has just been shown.
pub(crate) async fn added(tx: &mut Tx, new: &NewFactor<'_>) -> Result<Option<Vec<String>>, Error> {
    let person = new.account.id;
    let first = settle(tx, person).await? == Settled::First;
    let mut ended = 0;
    let codes = if first {
        challenge::forget(tx, person).await?;
        let methods = new.methods.clone().with(Method::MultiFactor);
        session::store::confirm(tx, new.session, &methods).await?;
        ended = session::store::revoke_single_factor(tx, person, "second_factor_added").await?;
        Some(recovery::replace(tx, person).await?)
    } else {
        None
    };
    let entry = Entry::new(
        Actor::Identity(person),
        "identity.factor.added",
        Target::new("identity", person),
    );
    let facts = Facts::new()
        .with("kind", new.kind.as_str())
        .with("first", first)
        .with("sessions_ended", ended);
    gantry_audit::append(tx, entry.after(facts).origin(new.origin)).await?;
    let what = match new.kind {
        Kind::Totp => "an authenticator app was added",
        Kind::Passkey => "a passkey was added",
        Kind::RecoveryCode => "new recovery codes were made",
    };
    let params = json!({ "what": what });
    mail::put(tx, mail::FACTORS_CHANGED, &new.account.email, params).await?;
    Ok(codes)
}

/// Notes that a factor is gone. After the last one recovery codes are no good, and no session counts as confirmed by a
/// factor that the account has no more.
pub(crate) async fn removed(
    tx: &mut Tx,
    account: &Account,
    kind: Kind,
    origin: &Origin,
) -> Result<(), Error> {
    let last = settle(tx, account.id).await? == Settled::Last;
    if last {
        forget_what_hangs_on_factors(tx, account.id).await?;
    }
    challenge::forget(tx, account.id).await?;
    let entry = Entry::new(
        Actor::Identity(account.id),
        "identity.factor.removed",
        Target::new("identity", account.id),
    );
    let facts = Facts::new().with("kind", kind.as_str()).with("last", last);
    gantry_audit::append(tx, entry.after(facts).origin(origin)).await?;
    let what = match (kind, last) {
        (_, true) => "the last second factor was removed: the password alone signs in again",
        (Kind::Passkey, false) => "a passkey was removed",
        (Kind::Totp | Kind::RecoveryCode, false) => "an authenticator app was removed",
    };
    let params = json!({ "what": what });
    mail::put(tx, mail::FACTORS_CHANGED, &account.email, params).await?;
    Ok(())
}

/// Leaves an account with its password alone.
pub(crate) async fn remove_all(tx: &mut Tx, person: IdentityId) -> Result<(), Error> {
    totp::store::remove(tx, person).await?;
    passkey::store::remove(tx, person, None).await?;
    settle(tx, person).await?;
    forget_what_hangs_on_factors(tx, person).await
}

async fn forget_what_hangs_on_factors(tx: &mut Tx, person: IdentityId) -> Result<(), Error> {
    recovery::store::forget(tx, person).await?;
    session::store::forget_second_factor(tx, person).await?;
    Ok(())
}
