//! What everybody at a desk is told, from a time on and until another.

pub mod api;
mod flow;
pub(crate) mod routes;
mod store;

use gantry_db::from_row;
use gantry_kernel::{IdentityId, Text, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

define_id! {
    /// An announcement.
    pub struct AnnouncementId;
}

/// What is said, in one line.
pub type Headline = Text<1, 160>;
/// More words.
pub type Words = Text<1, 4000>;

/// An announcement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Announcement {
    /// Identifier.
    pub id: AnnouncementId,
    /// At whose desk; at every desk when absent.
    pub branch_id: Option<UnitId>,
    /// What is said, in one line.
    pub title: Headline,
    /// More words.
    pub body: Option<Words>,
    /// Since when it is shown.
    pub from_at: Timestamp,
    /// Until when; for good when absent.
    pub until_at: Option<Timestamp>,
    /// Whether it stands above the others.
    pub pinned: bool,
    /// Counts changes; the `ETag` of the single announcement.
    pub version: i64,
    /// Who entered it.
    pub created_by: IdentityId,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

from_row!(Announcement {
    id,
    branch_id,
    title,
    body,
    from_at,
    until_at,
    pinned,
    version,
    created_by,
    created_at,
    updated_at,
});
