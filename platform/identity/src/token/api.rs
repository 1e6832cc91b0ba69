//! Refreshing tokens, and the public keys.

use std::sync::Arc;

use gantry_http::{Body, Json, PublicCx, RequestContext};
use gantry_kernel::Secret;
use gantry_signing::JwkSet;
use schemars::JsonSchema;
use serde::Deserialize;

use super::refresh::{self, Outcome};
use crate::session::api::SignedIn;
use crate::{Error, Identity};

/// A refresh token to exchange.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    /// The newest refresh token of the session.
    refresh_token: Secret<String>,
}

/// Exchanges a refresh token for a new pair. Each works once; one that comes back ends its session, except
/// within the grace period while its successor is unused, so that a lost answer can be asked for again.
pub(crate) async fn refresh(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(input): Body<Refresh>,
) -> Result<Json<SignedIn>, Error> {
    let (origin, config) = (cx.origin(), identity.config.clone());
    let token = input.refresh_token;
    let outcome = identity
        .control
        .write(async move |tx| refresh::rotate(tx, token.expose(), &origin, &config).await)
        .await?;
    match outcome {
        Outcome::Rotated {
            identity: person,
            session,
            methods,
            operator,
            token,
            expires,
        } => {
            let tokens = identity
                .tokens(person, session, &methods, operator, &token)
                .await?;
            let body = SignedIn {
                identity: person,
                session,
                session_expires_at: expires,
                tokens: Some(tokens),
            };
            Ok(Json(body))
        }
        Outcome::Refused => Err(Error::Refresh),
        Outcome::Reused { session } => {
            tracing::warn!(%session, "a used refresh token came back; the session was ended");
            identity.changed();
            Err(Error::Refresh)
        }
    }
}

/// The keys that verify access tokens.
pub(crate) async fn jwks(
    identity: Arc<Identity>,
    _: PublicCx,
    (): (),
) -> Result<Json<JwkSet>, Error> {
    Ok(Json(identity.access_tokens.key_set().await?.jwks()))
}
