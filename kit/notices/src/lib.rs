//! What concerns a person and must not be missed: kept in control until they read it, and for a while after.
//!
//! [`tell`] runs in the transaction of what happened. In control the notice is written there and then; in a tenant's
//! database, and for the platform's operators, a job of that transaction brings it to control, where nobody is told the
//! same happening twice. `platform/notify` does that job, shows people theirs and lets old ones go. Each change is an event
//! for the person, wherever they are.
//!
//! Who belongs where is not known here. The module that knows says so with [`forget_member`] and [`forget_person`].

mod arrive;
mod forget;
mod notice;
mod read;

pub use arrive::arrive;
pub use forget::{forget_member, forget_person, forget_tenant, sweep, withdraw};
pub use notice::{DELIVER, Notice, NoticeId, Telling, To, tell};
pub use read::{About, COUNTED, Exported, Filter, Kept, Mark, all, list, mark_read, unread};

use gantry_db::Migrations;

/// The most notices that are kept of one person. Of more, those that were read go first, then the oldest.
pub const MOST: i64 = 500;

/// The table, in control.
pub const MIGRATIONS: Migrations = gantry_db::migrations! {
    module: "notices",
    control: ["0001_notices"],
    tenant: [],
};
