//! Why a request got no answer that can be used.

use std::net::IpAddr;

/// A request that was refused here, or failed there. The text names no secret, and is for the log: what answers at a
/// private address is nobody's business who may only name it.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The address is not one that is requested, whatever stands behind it.
    #[error("the address is refused: {0}")]
    Address(&'static str),
    /// The host has an address that is not public.
    #[error("{host} has the address {address}, which is {why}")]
    NotPublic {
        /// As named.
        host: String,
        /// What it resolves to.
        address: IpAddr,
        /// Which kind of address that is.
        why: &'static str,
    },
    /// The host has no address.
    #[error("{0} cannot be resolved")]
    Unresolved(String),
    /// As many requests as are made at once are under way, in all or to this host.
    #[error("too many requests are under way")]
    Busy,
    /// It took too long.
    #[error("no whole answer in time")]
    Timeout,
    /// Nobody answers, or not over TLS.
    #[error("cannot connect: {0}")]
    Connect(#[source] std::io::Error),
    /// No certificates to trust could be loaded.
    #[error("no certificate authorities: {0}")]
    Roots(String),
    /// What came was no HTTP.
    #[error("the connection broke: {0}")]
    Http(#[source] hyper::Error),
    /// A request on a kept connection came to nothing.
    #[error("{}", root(.0))]
    Call(#[source] hyper_util::client::legacy::Error),
    /// A redirect; it is not followed.
    #[error("the answer is a redirect")]
    Redirect,
    /// More than is read.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// Not what was asked for.
    #[error("the answer is not {0}")]
    ContentType(&'static str),
}

impl OutboundError {
    /// Whether nothing of the request can have arrived.
    pub fn is_before_sending(&self) -> bool {
        match self {
            Self::Http(_)
            | Self::Timeout
            | Self::Redirect
            | Self::TooLarge(_)
            | Self::ContentType(_) => false,
            Self::Call(error) => error.is_connect(),
            _ => true,
        }
    }
}

/// What is at the bottom of an error: the layers above only say that it failed.
fn root(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(below) = at.source() {
        // What connecting failed with tells more than the error of the system below it.
        if let Some(own) = below.downcast_ref::<OutboundError>() {
            return own.to_string();
        }
        at = below;
    }
    at.to_string()
}
