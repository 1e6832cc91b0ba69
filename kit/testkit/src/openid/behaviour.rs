//! What a provider can be told to do wrong.

use std::collections::BTreeMap;

use serde_json::Value;

use super::wire::Told;

/// How an ID token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// As most providers do.
    Rs256,
    /// RSA with the newer padding.
    Ps256,
    /// On the curve P-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// Not at all.
    None,
    /// HMAC under the bytes of the published RSA key.
    HmacOfPublicKey,
    /// HMAC under the client's secret.
    HmacOfClientSecret,
    /// With a key of somebody else, under a published name.
    Stranger,
    /// Right, and then a claim was changed.
    Tampered,
}

/// What is wrong with an answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Leads elsewhere.
    Redirect(String),
    /// Never ends.
    Huge,
    /// Never comes.
    Silent,
    /// Only this status.
    Status(u16),
    /// A page instead of JSON.
    Page,
    /// This instead.
    Json(Value),
}

impl Fault {
    pub(super) fn told(&self) -> Told {
        match self {
            Self::Redirect(to) => Told::redirect(to),
            Self::Huge => Told::huge(),
            Self::Silent => Told::silence(),
            Self::Status(status) => Told::status(*status),
            Self::Page => Told::page(),
            Self::Json(value) => Told::json(value),
        }
    }
}

/// How the provider behaves.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// Who is in front of it.
    pub subject: String,
    /// Their address.
    pub email: String,
    /// Whether it was confirmed there.
    pub email_verified: bool,
    /// How tokens are signed.
    pub signing: Signing,
    /// Members of the token's header to set; null removes one.
    pub header: Value,
    /// Claims to set; null removes one.
    pub claims: Value,
    /// Members of the description to set; null removes one.
    pub description: Value,
    /// Set: answers name the issuer (RFC 9207), a text names that one.
    pub names_issuer: Option<Value>,
    /// Clients need no secret.
    pub public_client: bool,
    /// What is wrong, by path.
    pub faults: BTreeMap<&'static str, Fault>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            subject: "subject-1".to_owned(),
            email: "person@example.com".to_owned(),
            email_verified: true,
            signing: Signing::Rs256,
            header: Value::Null,
            claims: Value::Null,
            description: Value::Null,
            names_issuer: None,
            public_client: false,
            faults: BTreeMap::new(),
        }
    }
}
