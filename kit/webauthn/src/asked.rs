//! What goes to the browser, and what comes back.

use gantry_kernel::{Secret, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Error;

/// What the browser is handed, in the JSON of WebAuthn level 3.
pub type Options = Map<String, Value>;

/// What a page hands to the browser, and sends back with the answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Asked {
    /// Send it back with the credential; keep it secret.
    pub ceremony: String,
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
    pub public_key: Options,
    /// When the answer comes too late.
    pub expires_at: Timestamp,
}

/// What a browser got from an authenticator.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The `ceremony` that it answers.
    pub ceremony: Secret<String>,
    /// The credential, as `PublicKeyCredential.toJSON()` gives it.
    pub credential: Map<String, Value>,
}

/// The options that the library made.
pub(crate) fn options(made: &impl Serialize) -> Result<Options, Error> {
    Ok(serde_json::from_value(serde_json::to_value(made)?)?)
}
