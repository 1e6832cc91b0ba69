//! Keys of service accounts: shown once, kept as a hash, good until they expire or are revoked.

pub(crate) mod api;
pub(crate) mod network;
pub(crate) mod store;
