//! Branches: the halls of a tenant, and the units that grants are scoped to.

pub mod api;
pub mod flow;
mod model;
pub mod store;
pub mod units;

pub use model::{Address, Branch, BranchFields, BranchName, City, NotAZone, ZoneName};
