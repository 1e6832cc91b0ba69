//! Passwords: what is accepted, how it is stored, where it is hashed, and what guessing costs.

pub(crate) mod api;
pub(crate) mod lockout;
pub(crate) mod phc;
pub(crate) mod pool;
mod proof;
pub(crate) mod rules;

pub(crate) use phc::{Cost, HashError, MAX_MEMORY_KIB};
pub(crate) use pool::{Hasher, PoolError, PoolSize};
pub(crate) use proof::{Proof, prove};
