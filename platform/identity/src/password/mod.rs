//! Passwords: what is accepted, how it is stored, where it is hashed, and what guessing costs.

pub(crate) mod address;
pub(crate) mod api;
mod breached;
pub mod calibrate;
mod common;
pub(crate) mod device;
pub(crate) mod guesser;
pub(crate) mod lockout;
pub(crate) mod phc;
pub(crate) mod pool;
mod proof;
pub(crate) mod rate;
pub(crate) mod rules;
pub(crate) mod stored;
mod strength;
pub(crate) mod unlock;

pub(crate) use breached::Breached;
pub(crate) use guesser::{AccountKey, Guesser, Known};
pub(crate) use phc::{Cost, HashError, MAX_MEMORY_KIB, MAX_WORK_KIB};
pub(crate) use pool::{Hasher, PoolError, PoolSize};
pub(crate) use proof::prove;
pub(crate) use rules::{Owner, accept};
pub(crate) use strength::Strength;
