//! The passkeys of the caller.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_http::{Body, Json, NoContent, Path, RequestContext, UserCx};
use gantry_kernel::{Actor, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::store::{self, Stored};
use super::{PasskeyId, PasskeyName};
use crate::factor::{self, Kind};
use crate::{Error, Identity, account};

/// A passkey as its owner sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PasskeyView {
    /// The passkey.
    id: PasskeyId,
    /// What its owner calls it.
    name: String,
    /// Whether the authenticator copies it to other devices of its owner.
    synced: bool,
    /// When it was registered.
    created_at: Timestamp,
    /// When it was last used.
    last_used_at: Option<Timestamp>,
    /// When it was last refused because it seems that somebody has a copy; null: never.
    copied_at: Option<Timestamp>,
}

impl PasskeyView {
    pub(crate) fn of(stored: &Stored) -> Result<Self, gantry_webauthn::Error> {
        Ok(Self {
            id: stored.id,
            name: stored.name.clone(),
            synced: stored.key()?.synced(),
            created_at: stored.created_at,
            last_used_at: stored.last_used_at,
            copied_at: stored.copied_at,
        })
    }
}

/// The passkeys of an account.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Passkeys {
    /// Oldest first.
    items: Vec<PasskeyView>,
}

/// Lists the caller's passkeys.
pub(crate) async fn list_passkeys(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<Json<Passkeys>, Error> {
    let person = cx.principal().identity;
    let rows = identity
        .control
        .read(async move |tx| store::list(tx, person).await)
        .await?;
    let items: Result<_, _> = rows.iter().map(PasskeyView::of).collect();
    Ok(Json(Passkeys { items: items? }))
}

/// Another name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    /// What to call it from now on.
    name: PasskeyName,
}

/// Renames one of the caller's passkeys.
pub(crate) async fn rename_passkey(
    identity: Arc<Identity>,
    cx: UserCx,
    (Path(id), Body(input)): (Path<PasskeyId>, Body<Rename>),
) -> Result<NoContent, Error> {
    let (person, origin) = (cx.principal().identity, cx.origin());
    identity
        .control
        .write(async move |tx| {
            if !store::rename(tx, person, id, input.name.as_str()).await? {
                return Err(Error::NotFound);
            }
            let target = Target::new("identity", person);
            let entry = Entry::new(Actor::Identity(person), "identity.passkey.renamed", target);
            let facts = Facts::new().with("passkey", id.to_string());
            gantry_audit::append(tx, entry.after(facts).origin(&origin)).await?;
            Ok(())
        })
        .await?;
    Ok(NoContent)
}

/// Removes one of the caller's passkeys.
pub(crate) async fn remove_passkey(
    identity: Arc<Identity>,
    cx: UserCx,
    Path(id): Path<PasskeyId>,
) -> Result<NoContent, Error> {
    let (person, origin) = (cx.principal().identity, cx.origin());
    identity
        .control
        .write(async move |tx| {
            let account = account::store::by_id(tx, person)
                .await?
                .ok_or(Error::NotFound)?;
            if !store::remove(tx, person, Some(id)).await? {
                return Err(Error::NotFound);
            }
            factor::removed(tx, &account, Kind::Passkey, &origin).await
        })
        .await?;
    identity.changed();
    Ok(NoContent)
}
