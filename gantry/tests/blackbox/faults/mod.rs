//! What breaks around Gantry, what people see of it, and that it mends by itself.

mod at_once;
mod clock;
mod damaged;
mod disk_full;
mod mail;
mod postgres_gone;
mod proxy;
mod stopping;

use std::time::Duration;

/// Long enough for a retry after a pause that grows, and for a lease that must run out first.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
