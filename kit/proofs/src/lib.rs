//! Texts by which people and programs prove themselves: codes of authenticator apps, characters for paper, keys of
//! programs. Made and recognised here; what is stored of them, and who is believed, is identity's.

pub mod api_key;
pub mod base32;
pub mod totp;
