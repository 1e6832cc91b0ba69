//! Rows as they are shown.

use gantry_db::{DbError, Tx};
use gantry_kernel::{IdentityId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::Kind;
use crate::works::{Work, WorkId, WorkKind, WorkState};
use crate::{Answer, Backup, BackupId, Cause, Copied, CopyState, Evidence, State, evidence};

/// A backup.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BackupView {
    pub(crate) id: BackupId,
    /// Its name in the store, as `gantry backup ls` shows it.
    name: String,
    state: State,
    cause: Cause,
    /// The version of Gantry that took it; null for those older than this field.
    program: Option<String>,
    started_at: Timestamp,
    /// When it was over, proofs included.
    finished_at: Option<Timestamp>,
    /// Databases in it: control and tenants.
    databases: i64,
    /// Those that were restored to scratch and found equal.
    proven: i64,
    /// Those that are missing, or were not.
    failed: i64,
    /// The length of all its files.
    bytes: i64,
    /// When the last of its copies in other stores was complete; null if one was not, or there is none.
    copied_at: Option<Timestamp>,
    /// Where else it lies, and what was last seen of it there.
    copies: Vec<CopyView>,
    /// When all of it was last looked at again.
    verified_at: Option<Timestamp>,
    /// When retention removed its files.
    removed_at: Option<Timestamp>,
    error: Option<String>,
}

/// A copy of a backup in another store.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BackupCopyView")]
pub(crate) struct CopyView {
    /// Which of the configured stores.
    store: Kind,
    state: CopyState,
    /// What is wrong with it.
    error: Option<String>,
    /// When all of it was last read there and found equal.
    whole_at: Option<Timestamp>,
    /// When it was last looked at.
    looked_at: Timestamp,
}

impl From<Copied> for CopyView {
    fn from(row: Copied) -> Self {
        Self {
            store: row.store,
            state: row.state,
            error: row.error,
            whole_at: row.whole_at,
            looked_at: row.looked_at,
        }
    }
}

impl BackupView {
    /// Rows as they are shown, with what is known of their copies.
    pub(crate) async fn of(tx: &mut Tx, rows: Vec<Backup>) -> Result<Vec<Self>, DbError> {
        let ids = || rows.iter().map(|row| row.id);
        let mut copies = match (ids().min(), ids().max()) {
            (Some(oldest), Some(newest)) => evidence::copies_of(tx, oldest, newest).await?,
            _ => Vec::new(),
        };
        let with_copies = rows.into_iter().map(|row| {
            let own = copies.extract_if(.., |copy| copy.backup_id == row.id);
            let own = own.map(Into::into).collect();
            Self::new(row, own)
        });
        Ok(with_copies.collect())
    }

    fn new(row: Backup, copies: Vec<CopyView>) -> Self {
        Self {
            copies,
            id: row.id,
            name: row.name,
            state: row.state,
            cause: row.cause,
            program: row.program,
            started_at: row.started_at,
            finished_at: row.finished_at,
            databases: row.places,
            proven: row.proven,
            failed: row.failed,
            bytes: row.bytes,
            copied_at: row.copied_at,
            verified_at: row.verified_at,
            removed_at: row.removed_at,
            error: row.error,
        }
    }
}

/// The proof of one database of a backup.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DatabaseView {
    /// `control`, or a tenant's id.
    pub(crate) place: String,
    /// Whether it was restored to scratch and found equal, the last time.
    proven: bool,
    /// Why not.
    error: Option<String>,
    /// When the snapshot was taken.
    taken_at: Option<Timestamp>,
    /// The length of its file.
    bytes: i64,
    /// SHA-256 of its file.
    sha256: Option<String>,
    rows: i64,
    /// SHA-256 of its contents, which is the same on both engines.
    content: Option<String>,
    /// When it was last restored to scratch and found equal.
    proven_at: Option<Timestamp>,
    /// How long that took, in milliseconds.
    proof_ms: Option<i64>,
    /// What the API was asked over the restored copy, and how it answered; null when it was not asked.
    answers: Option<Vec<Answer>>,
}

impl From<Evidence> for DatabaseView {
    fn from(row: Evidence) -> Self {
        Self {
            proven: row.error.is_none() && row.proven_at.is_some(),
            place: row.place,
            error: row.error,
            taken_at: row.taken_at,
            bytes: row.bytes,
            sha256: row.sha256,
            rows: row.row_count,
            content: row.content,
            proven_at: row.proven_at,
            proof_ms: row.restore_us.map(|us| us / 1_000),
            answers: row.answers.map(|answers| answers.0),
        }
    }
}

/// Something an operator asked for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct WorkView {
    pub(crate) id: WorkId,
    kind: WorkKind,
    state: WorkState,
    /// The backup that is looked at or restored from; of one that is taken, what it became.
    backup: Option<BackupId>,
    /// The tenant that is taken back.
    tenant: Option<TenantId>,
    reason: Option<String>,
    asked_by: IdentityId,
    /// How much there is to do, as far as is known by now: a copy and a proof for each database.
    steps: i64,
    steps_done: i64,
    /// What a restore did.
    restored: Option<RestoredView>,
    /// What went wrong, or was found wrong.
    error: Option<String>,
    asked_at: Timestamp,
    ended_at: Option<Timestamp>,
}

/// What a restore did.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct RestoredView {
    /// The moment the tenant was taken back to.
    pub(crate) taken_at: Timestamp,
    /// The number of its new life.
    pub(crate) incarnation: i64,
    pub(crate) rows: i64,
    /// Mails that are held for review.
    pub(crate) mails_held: i64,
    /// Its former database, which is kept.
    pub(crate) former: String,
}

impl Work {
    /// What it did, if it is a restore in place. Written by this program in this form; another form is
    /// another program's business.
    pub(crate) fn restored(&self) -> Option<RestoredView> {
        self.outcome
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
    }
}

impl From<Work> for WorkView {
    fn from(row: Work) -> Self {
        Self {
            restored: row.restored(),
            id: row.id,
            kind: row.kind,
            state: row.state,
            backup: row.backup_id,
            tenant: row.tenant_id,
            reason: row.reason,
            asked_by: row.asked_by,
            steps: row.steps,
            steps_done: row.steps_done,
            error: row.error,
            asked_at: row.asked_at,
            ended_at: row.ended_at,
        }
    }
}
