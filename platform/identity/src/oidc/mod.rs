//! Signing in by others: OpenID Connect providers of the installation, and of workspaces.
//!
//! What a provider says is believed as far as those who chose it are: the installation's providers sign in anywhere; a
//! workspace's provider opens that workspace alone and never confirms an address. An account is found by (issuer, subject)
//! among the links of those who trust the provider, never by e-mail, and linked only by somebody who is signed in and has
//! just proven it. The protocol is in `kit/openid`.

pub(crate) mod attempts;
pub(crate) mod config;
mod error;
pub(crate) mod link;
pub(crate) mod log_in;
pub(crate) mod provider;
pub(crate) mod settings;
pub(crate) mod store;

pub(crate) use error::{CODES, ProviderError};

use gantry_http::{Cookie, RequestContext};
use gantry_kernel::{TenantId, define_id};
use gantry_openid::Attempt;

define_id! {
    /// A provider of a workspace.
    pub struct ProviderId;
}

define_id! {
    /// An account at a provider that belongs to an account here.
    pub struct LinkId;
}

/// By what a session began where a provider vouched for the person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vouched {
    pub(crate) link: LinkId,
    /// The one workspace that believes it.
    pub(crate) only: Option<TenantId>,
}

/// What a browser holds between leaving and coming back.
const COOKIE: &str = "__Host-gantry_sign_in";
/// How long somebody may take at the provider.
const LIFETIME: std::time::Duration = std::time::Duration::from_mins(10);

fn cookie(attempt: &Attempt) -> Cookie {
    Cookie::new(COOKIE, attempt.secret().expose().clone()).max_age(LIFETIME)
}

fn held(cx: &impl RequestContext) -> Result<Attempt, ProviderError> {
    let value = cx.request().cookie(COOKIE).unwrap_or_default();
    Attempt::parse(value).ok_or(ProviderError::Gone)
}

/// Where browsers come back to: built from the configured address only.
fn redirect_uri(public_url: &str) -> String {
    format!("{}/sign-in/callback", public_url.trim_end_matches('/'))
}
