//! Fee plans: what a branch sells, by which measure and at which price.

pub mod api;
pub mod flow;
mod model;
pub mod quote;
pub mod store;

pub use model::{Package, Period, Plan, PlanFields, PlanId, PlanName, Price, Terms};
