//! Sessions: one row per signed-in device, whether it holds a cookie or refresh tokens.

pub(crate) mod api;
pub(crate) mod begin;
pub(crate) mod csrf;
mod methods;
mod restored;
pub(crate) mod step_up;
pub(crate) mod store;

pub(crate) use methods::{Method, Methods};
pub use restored::end_restored;

use gantry_http::{RequestContext, SESSION_COOKIE};
use gantry_kernel::{Secret, SessionId, crypto};

/// The value of a session cookie: which session, and the secret that proves it.
///
/// The id is ours from the start and is made anew at every log-in; what a client sends before is never
/// adopted, so there is nothing to fixate.
#[derive(Clone, Debug)]
pub(crate) struct CookieValue {
    pub(crate) session: SessionId,
    pub(crate) secret: Secret<String>,
}

impl CookieValue {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.split_once('.')?;
        // 256 bits in base64url.
        if secret.len() != 43 {
            return None;
        }
        Some(Self {
            session: id.parse().ok()?,
            secret: Secret::new(secret.to_owned()),
        })
    }

    /// What the client holds already.
    pub(crate) fn of(cx: &impl RequestContext) -> Option<Self> {
        Self::parse(cx.request().cookie(SESSION_COOKIE)?)
    }

    pub(crate) fn text(&self) -> String {
        format!("{}.{}", self.session, self.secret.expose())
    }

    pub(crate) fn hash(&self) -> Vec<u8> {
        crypto::sha256(self.secret.expose().as_bytes()).to_vec()
    }
}
