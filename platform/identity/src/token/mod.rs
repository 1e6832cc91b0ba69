//! Tokens of API clients: signed access tokens for minutes, opaque refresh tokens for days.

pub(crate) mod access;
pub(crate) mod api;
pub(crate) mod cache;
pub(crate) mod keys;
pub(crate) mod refresh;

pub(crate) use access::{AccessTokens, TokenError};
pub(crate) use keys::{KeyError, SigningKeys};
