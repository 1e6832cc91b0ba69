//! Tokens of API clients: signed access tokens for minutes, opaque refresh tokens for days.

pub(crate) mod access;
pub(crate) mod api;
pub(crate) mod cache;
pub(crate) mod refresh;

pub(crate) use access::{AccessTokens, TokenError};

use gantry_signing::{Hurry, KeyChange, SigningKey};

use crate::{Error, Identity};

/// For commands of somebody with a shell on the server.
impl Identity {
    /// All signing keys, the active one first.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, Error> {
        Ok(self.keys.list().await?)
    }

    /// See [`gantry_signing::SigningKeys::rotate`].
    pub async fn rotate_keys(&self, hurry: Hurry) -> Result<Vec<KeyChange>, Error> {
        Ok(self.keys.rotate(hurry).await?)
    }

    /// See [`gantry_signing::SigningKeys::rotate_now`].
    pub async fn rotate_keys_now(&self) -> Result<Vec<KeyChange>, Error> {
        Ok(self.keys.rotate_now().await?)
    }

    /// See [`gantry_signing::SigningKeys::revoke`]. Errors: [`Error::NotFound`].
    pub async fn revoke_key(&self, kid: &str) -> Result<Vec<KeyChange>, Error> {
        self.keys.revoke(kid).await?.ok_or(Error::NotFound)
    }
}
