//! Requests to addresses that people chose, such as the sign-in provider of a workspace.
//!
//! Whoever may name an address must not get at what only this machine can reach: the metadata service of a cloud, a
//! database on the private network, Gantry itself. So a host is resolved once, every address it has must belong to
//! the public internet, and the connection goes to the very address that was looked at. Redirects are not followed;
//! time, size and number of requests are bounded. The operator can name private hosts that are meant
//! ([`OutboundSettings::allow_private`]).

mod address;
mod caller;
mod client;
mod connect;
mod error;
mod operator;
mod places;
mod settings;
mod wire;

pub use address::not_public;
pub use caller::Caller;
pub use client::{Outbound, Request, Response};
pub use connect::{Resolve, SystemResolver};
pub use error::OutboundError;
pub use operator::{Post, Posted, Poster};
pub use settings::OutboundSettings;
