//! Passwords: what is accepted, and what guessing costs. How they are hashed is in `kit/passwords`.

pub(crate) mod address;
pub(crate) mod api;
pub(crate) mod device;
pub(crate) mod guesser;
pub(crate) mod lockout;
mod proof;
pub(crate) mod rate;
pub(crate) mod rules;
pub(crate) mod unlock;

pub(crate) use guesser::{AccountKey, Guesser, Known};
pub(crate) use proof::prove;
pub(crate) use rules::{Owner, accept};
