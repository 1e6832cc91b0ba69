//! Who may become a student: where they come from, how far talking has come, when to call again, and the day they come.

pub mod api;
mod flow;
pub(crate) mod routes;
pub(crate) mod store;

pub(crate) use store::forget_student;

use gantry_db::from_row;
use gantry_kernel::{CivilDate, Email, IdentityId, Timestamp, UnitId, define_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::phone::Phone;
use crate::student::{Name, Notes, StudentId, stored_words};

define_id! {
    /// Somebody who may become a student.
    pub struct LeadId;
}

stored_words! {
    #[schemars(rename = "LeadSource")]
    /// How somebody came to ask.
    Source {
        /// Through the door.
        WalkIn = "walk_in",
        /// By telephone.
        Phone = "phone",
        /// By the website.
        Website = "website",
        /// A student sent them.
        Referral = "referral",
        /// By social media.
        Social = "social",
        /// Any other way.
        Other = "other",
    }
}

stored_words! {
    #[schemars(rename = "LeadStage")]
    /// How far it has come.
    Stage {
        /// Nobody talked to them yet.
        New = "new",
        /// Somebody did.
        Contacted = "contacted",
        /// They saw the hall.
        Visited = "visited",
        /// They are a student.
        Won = "won",
        /// They will not come.
        Lost = "lost",
    }
}

/// Somebody who may become a student.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lead {
    /// Identifier.
    pub id: LeadId,
    /// The branch they asked.
    pub branch_id: UnitId,
    /// Full name.
    pub name: Name,
    /// Phone in E.164.
    pub phone: Phone,
    /// E-mail address.
    pub email: Option<Email>,
    /// How they came to ask.
    pub source: Source,
    /// How far it has come.
    pub stage: Stage,
    /// When to talk to them again.
    pub follow_up_on: Option<CivilDate>,
    /// Free text.
    pub notes: Option<Notes>,
    /// The student they became.
    pub student_id: Option<StudentId>,
    /// Counts changes; the `ETag` of the single lead.
    pub version: i64,
    /// Who entered it.
    pub created_by: IdentityId,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

from_row!(Lead {
    id,
    branch_id,
    name,
    phone,
    email,
    source,
    stage,
    follow_up_on,
    notes,
    student_id,
    version,
    created_by,
    created_at,
    updated_at,
});

/// Who else has the phone of a lead, of those the caller may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SamePhone {
    /// Students, ten at most.
    pub students: Vec<StudentId>,
    /// Other leads, ten at most.
    pub leads: Vec<LeadId>,
}
