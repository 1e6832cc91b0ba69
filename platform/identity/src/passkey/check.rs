//! The one place that holds an authenticator's answer against what is stored: for log-in, second factor and step-up.

use gantry_audit::{Entry, Facts, Target};
use gantry_db::Tx;
use gantry_kernel::{Actor, IdentityId, Origin};
use gantry_webauthn::{Answer, Asked, Shown, Verdict};
use serde_json::json;

use super::ceremony::{self, Ceremony, Purpose};
use super::store::{self, Stored};
use super::{PasskeyError, UserHandle};
use crate::account::{self, Account};
use crate::session::{Method, Methods};
use crate::{Error, Identity, mail};

/// Asks `person` for one of their passkeys, or whoever it is for any.
pub(super) async fn ask(
    state: &Identity,
    tx: &mut Tx,
    purpose: &Purpose,
    person: Option<IdentityId>,
) -> Result<Asked, Error> {
    let known = match person {
        Some(person) => store::keys(&store::list(tx, person).await?)?,
        None => Vec::new(),
    };
    if person.is_some() && known.is_empty() {
        return Err(PasskeyError::None.into());
    }
    let (options, kept) = state.passkeys.ask(&known)?;
    let ceremony = Ceremony {
        identity_id: person,
        user_handle: None,
        state: kept,
    };
    Ok(ceremony::open(tx, purpose, &ceremony, options).await?)
}

/// Holds an answer against what is stored: whose it is and what it proves, or `None` when it does not hold. Then the
/// transaction must be committed all the same: the ceremony is over. `person` is who must give it, where that is known;
/// otherwise the answer must name the account itself. Errors: [`PasskeyError::CeremonyGone`].
pub(crate) async fn check(
    state: &Identity,
    tx: &mut Tx,
    purpose: &Purpose,
    person: Option<IdentityId>,
    answer: &Answer,
    origin: &Origin,
) -> Result<Option<(Account, Methods)>, Error> {
    let ceremony = ceremony::close(tx, purpose, &answer.ceremony).await?;
    let ceremony = ceremony.ok_or(PasskeyError::CeremonyGone)?;
    let Some(shown) = Shown::parse(&answer.credential) else {
        return Ok(None);
    };
    let Some(stored) = store::by_credential(tx, shown.key()).await? else {
        return Ok(None);
    };
    let account = account::store::by_id(tx, stored.identity_id).await?;
    let Some(account) = account.filter(Account::may_sign_in) else {
        return Ok(None);
    };
    let expected = person.is_none_or(|person| person == account.id);
    let handle = UserHandle::uuid(stored.user_handle);
    if !expected || !shown.is_of(handle, person.is_none()) {
        return Ok(None);
    }
    let key = stored.key()?;
    match state.passkeys.judge(&ceremony.state, &shown, &key)? {
        Verdict::Right(key) => {
            store::used(tx, stored.id, &key).await?;
            Ok(Some((account, methods(key.syncable()))))
        }
        Verdict::Copied => {
            tell_of_copy(tx, &stored, &account, origin).await?;
            Ok(None)
        }
        Verdict::Wrong => Ok(None),
    }
}

/// What a passkey proves. Whether it can leave its authenticator is that one's word.
pub(super) fn methods(syncable: bool) -> Methods {
    let key = if syncable {
        Method::SoftwareKey
    } else {
        Method::HardwareKey
    };
    Methods::new([key, Method::Presence, Method::MultiFactor])
}

/// An authenticator counts how often it signed. One that counts backwards is not the only one with this key.
async fn tell_of_copy(
    tx: &mut Tx,
    stored: &Stored,
    account: &Account,
    origin: &Origin,
) -> Result<(), Error> {
    if !store::copied(tx, stored.id).await? {
        return Ok(());
    }
    let target = Target::new("identity", account.id);
    let entry = Entry::new(Actor::Anonymous, "identity.passkey.copied", target);
    let facts = Facts::new().with("passkey", stored.id.to_string());
    gantry_audit::append(tx, entry.denied().after(facts).origin(origin)).await?;
    let what = "a passkey was refused, because it seems that there is a copy of it: remove it, and make a new one";
    let params = json!({ "what": what });
    mail::put(tx, mail::FACTORS_CHANGED, &account.email, params).await?;
    Ok(())
}
