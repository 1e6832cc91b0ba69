//! A new passkey of somebody who is signed in.

use std::sync::Arc;

use gantry_db::Tx;
use gantry_http::{Body, Created, RequestContext, UserCx};
use gantry_kernel::{IdentityId, Origin, Secret, SessionId};
use gantry_webauthn::{Account, Asked};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::api::PasskeyView;
use super::ceremony::{self, Ceremony, Purpose};
use super::check::methods;
use super::{MOST, PasskeyError, PasskeyName, UserHandle, store};
use crate::factor::{self, Kind, NewFactor};
use crate::{Error, Identity, account};

/// Asks for a new passkey.
pub(crate) async fn begin(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<Created<Asked>, Error> {
    let page = cx.request().header("origin");
    identity.passkeys.accept_page(page)?;
    let (person, purpose) = (cx.principal().identity, Purpose::register(cx.session().id));
    let mut random = [0; 16];
    identity.kernel.entropy.fill(&mut random);
    let fresh = UserHandle::from_uuid(uuid::Builder::from_random_bytes(random).into_uuid());
    let state = Arc::clone(&identity);
    let asked = identity
        .control
        .write(async move |tx| {
            let account = account::store::by_id(tx, person)
                .await?
                .ok_or(Error::NotFound)?;
            let known = store::list(tx, person).await?;
            if known.len() >= MOST {
                return Err(PasskeyError::TooMany.into());
            }
            let handle = known.first().map_or(fresh, |one| one.user_handle);
            let shown = Account {
                handle: handle.uuid(),
                address: account.email.as_str(),
                name: &account.name,
            };
            let (options, kept) = state.passkeys.ask_for_new(&shown, &store::keys(&known)?)?;
            let ceremony = Ceremony {
                identity_id: Some(person),
                user_handle: Some(handle),
                state: kept,
            };
            Ok::<_, Error>(ceremony::open(tx, &purpose, &ceremony, options).await?)
        })
        .await?;
    Ok(Created::at("/api/v1/me/passkeys", asked))
}

/// A new passkey.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// The `ceremony` that asked for it.
    ceremony: Secret<String>,
    /// What to call it.
    name: PasskeyName,
    /// The credential, as `PublicKeyCredential.toJSON()` gives it.
    credential: Map<String, Value>,
}

/// What a new passkey gives.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Registered {
    /// The passkey.
    passkey: PasskeyView,
    /// Codes for when it is lost, if it is the account's first second factor. They are shown this once.
    recovery_codes: Option<Vec<String>>,
}

/// Keeps a new passkey. With the first factor of an account its other sessions end, as with an authenticator app.
pub(crate) async fn finish(
    identity: Arc<Identity>,
    cx: UserCx,
    Body(input): Body<Registration>,
) -> Result<Created<Registered>, Error> {
    let session = (cx.principal().identity, cx.session().id);
    let (state, origin) = (Arc::clone(&identity), cx.origin());
    let kept = identity
        .control
        .write(async move |tx| keep(&state, tx, session, &input, &origin).await)
        .await?;
    identity.changed();
    // Only now, because the ceremony is over either way.
    let registered = kept.ok_or(PasskeyError::NewRefused)?;
    Ok(Created::at("/api/v1/me/passkeys", registered))
}

/// `None` when it does not hold.
async fn keep(
    state: &Identity,
    tx: &mut Tx,
    (person, session): (IdentityId, SessionId),
    input: &Registration,
    origin: &Origin,
) -> Result<Option<Registered>, Error> {
    let purpose = Purpose::register(session);
    let ceremony = ceremony::close(tx, &purpose, &input.ceremony).await?;
    let ceremony = ceremony.ok_or(PasskeyError::CeremonyGone)?;
    let made = state
        .passkeys
        .accept_new(&ceremony.state, &input.credential)?;
    let (Some(key), Some(handle)) = (made, ceremony.user_handle) else {
        return Ok(None);
    };
    let name = input.name.as_str();
    let Some(id) = store::insert(tx, person, name, handle, &key).await? else {
        return Ok(None);
    };
    let all = store::list(tx, person).await?;
    if all.len() > MOST {
        return Err(PasskeyError::TooMany.into());
    }
    let new = all.iter().find(|one| one.id == id).ok_or(Error::NotFound)?;
    let account = account::store::by_id(tx, person)
        .await?
        .ok_or(Error::NotFound)?;
    let shown = NewFactor {
        account: &account,
        session,
        kind: Kind::Passkey,
        methods: methods(key.syncable()),
        origin,
    };
    let recovery_codes = factor::added(tx, &shown).await?;
    Ok(Some(Registered {
        passkey: PasskeyView::of(new)?,
        recovery_codes,
    }))
}
