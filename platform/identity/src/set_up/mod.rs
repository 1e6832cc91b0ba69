//! The first operator: there are no default accounts, so the first start prints a link that makes one.

use std::sync::Arc;

use gantry_audit::{Entry, Target};
use gantry_db::DbError;
use gantry_http::{Body, Created, PublicCx, RequestContext};
use gantry_kernel::{Actor, Email, IdentityId, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{self, PersonName};
use crate::link::{self, INSTALLATION, Purpose};
use crate::password::{Owner, accept};
use crate::{Error, Identity};

impl Identity {
    /// The one-time link that makes the first operator; `None` once there is one. Each call makes a new link
    /// and kills the one before: the newest print-out counts.
    pub async fn set_up_link(&self) -> Result<Option<String>, Error> {
        let lifetime = self.config.set_up_link.get();
        let token = self
            .control
            .write(async move |tx| {
                if account::store::has_operator(tx).await? {
                    return Ok::<_, DbError>(None);
                }
                link::forget(tx, Purpose::SetUp, INSTALLATION).await?;
                link::mint(tx, Purpose::SetUp, INSTALLATION, lifetime)
                    .await
                    .map(Some)
            })
            .await?;
        Ok(token.map(|token| Purpose::SetUp.url(&self.public_url, &token)))
    }
}

/// The first operator.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetUp {
    /// What stands after `#token=` in the printed link.
    token: Secret<String>,
    /// The operator's address.
    email: Email,
    /// The operator's name.
    name: PersonName,
    /// 12 to 128 characters of any kind.
    #[schemars(extend("minLength" = 12, "maxLength" = 128))]
    password: Secret<String>,
}

/// The account that was made.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Operator {
    /// The operator.
    identity: IdentityId,
}

/// Makes the first operator, whose address counts as confirmed: whoever reads the server's output could
/// confirm anything. Works once, and never when there is an operator.
pub(crate) async fn set_up(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(input): Body<SetUp>,
) -> Result<Created<Operator>, Error> {
    let SetUp {
        token,
        email,
        name,
        password,
    } = input;
    let looked = token.clone();
    // A stranger without the link must not get to spend a hash.
    identity
        .control
        .read(async move |tx| link::peek(tx, Purpose::SetUp, looked.expose()).await)
        .await?
        .ok_or(Error::LinkGone)?;
    let owner = Owner::new(email.as_str(), name.as_str());
    accept(&identity, "/password", &password, &owner).await?;
    let hash = identity.hasher.hash(password).await?;
    let origin = cx.origin();
    let id = identity
        .control
        .write(async move |tx| {
            let used = link::consume(tx, Purpose::SetUp, token.expose()).await?;
            if used.is_none() || account::store::has_operator(tx).await? {
                return Err(Error::LinkGone);
            }
            let id = account::store::make_confirmed(tx, &email, name.as_str(), Some(&hash))
                .await?
                .ok_or(Error::AddressTaken)?;
            account::store::make_operator(tx, id).await?;
            let entry = Entry::new(
                Actor::Anonymous,
                "identity.operator.created",
                Target::new("identity", id),
            );
            gantry_audit::append(tx, entry.origin(&origin)).await?;
            Ok(id)
        })
        .await?;
    identity.changed();
    Ok(Created::at("/api/v1/me", Operator { identity: id }))
}
