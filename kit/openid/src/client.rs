//! What a provider knows Gantry as.

use gantry_kernel::Secret;

use crate::Issuer;

/// How the client shows the provider who it is (OpenID Connect Core 1.0, section 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_secret_basic`.
    Basic(Secret<String>),
    /// `client_secret_post`.
    Post(Secret<String>),
    /// A public client; PKCE alone binds the code.
    None,
}

/// A registration at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The provider.
    pub issuer: Issuer,
    /// The name it gave us; the audience of its ID tokens.
    pub id: String,
    /// The secret it gave us.
    pub auth: ClientAuth,
}
