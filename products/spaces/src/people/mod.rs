//! What a hall knows of people besides their being students: documents and numbers of identity, those who may become students, who brought whom,
//! what they ask for, and what everybody is told.

pub mod announcement;
pub mod document;
pub mod error;
pub mod lead;
pub mod number;
pub mod permission;
mod record;
pub mod referral;
pub mod routes;
pub mod ticket;

use std::sync::Arc;

use gantry_db::{DbError, Tx, args, sql};
use gantry_files::Links;
use gantry_jobs::JobKind;
use gantry_kernel::crypto::Keyring;
use gantry_kernel::{Kernel, UnitId};
use gantry_runtime::{SealedColumns, sealed_column};

use crate::allowance::Allowance;
use crate::student::StudentId;

/// What the routes of this feature share.
#[derive(Clone)]
pub struct People {
    /// Time and randomness.
    pub kernel: Kernel,
    /// What numbers of identity are sealed with.
    pub keyring: Arc<Keyring>,
    /// Links to the files of documents.
    pub links: Links,
    /// How many students there may be.
    pub allowance: Allowance,
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").finish_non_exhaustive()
    }
}

impl People {
    /// With links that begin with `public_url`.
    pub fn new(
        kernel: Kernel,
        keyring: Arc<Keyring>,
        public_url: &str,
        allowance: Allowance,
    ) -> Self {
        Self {
            allowance,
            links: Links::new(&keyring, public_url),
            kernel,
            keyring,
        }
    }
}

/// The kinds of job of this feature.
pub fn jobs() -> Vec<JobKind> {
    vec![ticket::job::kind()]
}

/// The columns of sealed values of this feature.
pub fn sealed() -> SealedColumns {
    SealedColumns {
        tenant: vec![sealed_column!("student_numbers", "id", "sealed_number")],
        ..SealedColumns::default()
    }
}

/// A student goes: what is theirs alone goes with them, and what others are part of forgets them.
pub(crate) async fn forget_student(tx: &mut Tx, id: StudentId) -> Result<(), DbError> {
    document::forget(tx, id).await?;
    number::forget(tx, id).await?;
    ticket::forget_student(tx, id).await?;
    lead::forget_student(tx, id).await?;
    referral::forget_student(tx, id).await
}

/// Whether anything here belongs to a branch.
pub(crate) async fn is_in_branch(tx: &mut Tx, id: UnitId) -> Result<bool, DbError> {
    tx.one(
        sql!(
            "select exists (select 1 from leads where branch_id = $1)
                 or exists (select 1 from tickets where branch_id = $1)
                 or exists (select 1 from announcements where branch_id = $1)"
        ),
        &args![id],
    )
    .await
}
