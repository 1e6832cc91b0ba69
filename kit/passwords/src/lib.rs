//! Passwords by themselves: how they are stored, where they are hashed, what that costs, and how strong they are.
//!
//! Nothing here knows accounts; who may try how often is for those who do.

mod breached;
pub mod calibrate;
mod common;
mod phc;
mod pool;
mod stored;
mod strength;

pub use breached::Breached;
pub use common::is_common;
pub use phc::{Cost, HashError, LEAST_MEMORY_KIB, MAX_MEMORY_KIB, MAX_WORK_KIB};
pub use pool::{Hasher, PoolError, PoolSize, StartError};
pub use stored::check as check_stored;
pub use strength::Strength;
