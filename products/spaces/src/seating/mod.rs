//! Who sits where and when: zones and seats on a map, shifts, closures, rules, claims on seats, and what is free.
//!
//! `time` holds the arithmetic, `claim` the promise that nobody's seat is given to somebody else at the same time.

pub mod availability;
pub mod claim;
pub mod closure;
mod error;
pub mod map;
pub mod permission;
pub mod policy;
mod record;
pub mod routes;
pub mod seat;
pub mod shift;
pub mod time;
pub mod zone;

pub use error::{CODES, Error};
pub(crate) use record::{Change, hall, open_hall, record};
