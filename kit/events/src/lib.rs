//! Events for whoever watches: what a transaction did, told to the people who may know it, in one order.
//!
//! [`emit`] runs in the transaction of the effect and leaves a row without a place in any order. The relay, a leased
//! job of `kit/runtime`, gives rows their sequence ([`relay`]). Writers cannot do that themselves: of two transactions the
//! one that took the earlier number may commit later, and a reader that had seen the later one would never see it.
//!
//! A tenant's stream is the tenant's own events and control's about the tenant, each in its order; [`Cursor`] is a place in
//! both. Who sees what is the reader's to decide, from the event's permission, unit and person: see [`Told`].

mod cursor;
mod emit;
mod hub;
mod read;
mod relay;

pub use cursor::Cursor;
pub use emit::{Event, EventId, MAX_SUBJECTS, emit};
pub use hub::{Hub, Subscription};
pub use read::{Span, Told, events_about, events_of_tenant, incarnation, span};
pub use relay::{
    BATCH, KEPT, MOST, Relayed, Waiting, announce_elsewhere, due, relay, sweep, waiting,
};

use gantry_db::{Migration, Migrations};

const EVENTS: Migration =
    Migration::new("0001_events", include_str!("../migrations/0001_events.sql"));

/// The tables of this crate, the same in both kinds of database.
pub const MIGRATIONS: Migrations = Migrations {
    module: "events",
    control: &[EVENTS],
    tenant: &[EVENTS],
};

/// Whom to wake for events of the platform's operators, where others are woken by the id of a tenant or a person.
pub const OPERATORS: &str = "operators";

/// The channel on which processes tell each other that there is something new.
pub const CHANNEL: &str = "gantry_events";
