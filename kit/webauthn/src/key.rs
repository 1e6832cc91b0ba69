//! Keys as they are kept, and as they are shown.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use webauthn_rs::prelude::{Credential, Passkey, PublicKeyCredential};

use super::Error;

/// A passkey: its public part, its counter and its flags.
#[derive(Clone, Debug)]
pub struct Key(pub(crate) Passkey);

impl Key {
    /// As kept.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(Self(serde_json::from_str(text)?))
    }

    /// To be kept. Nothing in it is secret.
    pub fn text(&self) -> Result<String, Error> {
        Ok(serde_json::to_string(&self.0)?)
    }

    /// The authenticator's name for it.
    pub fn id(&self) -> &[u8] {
        self.0.cred_id()
    }

    /// Whether the authenticator copies such keys to others of its owner, by its own word.
    pub fn syncable(&self) -> bool {
        self.credential().backup_eligible
    }

    /// Whether it has copied this one.
    pub fn synced(&self) -> bool {
        self.credential().backup_state
    }

    /// How a browser is told of it.
    pub(crate) fn descriptor(&self) -> Result<Value, Error> {
        let id = URL_SAFE_NO_PAD.encode(self.id());
        let mut descriptor = json!({ "type": "public-key", "id": id });
        if let Some(transports) = self.credential().transports {
            descriptor["transports"] = serde_json::to_value(transports)?;
        }
        Ok(descriptor)
    }

    fn credential(&self) -> Credential {
        self.0.clone().into()
    }
}

/// An answer that names a key; whether it holds is still to be seen.
#[derive(Debug)]
pub struct Shown(pub(crate) PublicKeyCredential);

impl Shown {
    /// `None` for what no browser sends.
    pub fn parse(credential: &Map<String, Value>) -> Option<Self> {
        let credential = Value::Object(credential.clone());
        serde_json::from_value(credential).ok().map(Self)
    }

    /// The authenticator's name for the key.
    pub fn key(&self) -> &[u8] {
        self.0.get_credential_id()
    }

    /// Whether it is of the account with this name. An authenticator may leave the name out when it was told which keys
    /// to use; `named` demands it.
    pub fn is_of(&self, handle: Uuid, named: bool) -> bool {
        match self.0.get_user_unique_id() {
            Some(given) => given == handle.as_bytes(),
            None => !named,
        }
    }

    /// Whether the page that asked was inside a page of another site. What cannot be read is refused later.
    pub(crate) fn is_framed(&self) -> bool {
        let client: Option<Value> = serde_json::from_slice(&self.0.response.client_data_json).ok();
        client.is_some_and(|client| client["crossOrigin"] == true)
    }
}
