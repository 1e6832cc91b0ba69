//! Working an import off: dry run, run and undo, at most 500 rows per transaction.
//!
//! Progress, effect and the right to do it stand in one transaction: the lease is held in the transaction
//! that enters the rows and counts them. Killed at any point, the next attempt reads the file again, makes
//! the same plan and goes on with the row after the last one counted.

use std::sync::Arc;
use std::time::Duration;

use gantry_audit::{Entry, Facts, Target, append};
use gantry_contracts::LIMIT_REACHED;
use gantry_db::{TenantDb, Tx};
use gantry_jobs::{JobError, Lease};
use gantry_kernel::Actor;

use super::model::{Import, ImportId, ImportRow, Outcome, State, Tally};
use super::plan::{Plan, PlannedRow};
use super::read::Field;
use super::read::fault::{Fault, Refusal};
use super::read::row::{BranchRef, Draft};
use super::store;
use super::undo;
use crate::branch;
use crate::events::{Touched, import_changed};
use crate::notices;
use crate::student::StudentFields;
use crate::student::neighbours::{Clash, Neighbours};
use crate::student::store::{self as students, Entrance};

/// Rows per transaction.
pub const CHUNK: usize = 500;
/// A chunk ends after this time even with fewer rows: others write to the same database, and a process that
/// dies soon has come a step further all the same.
const LONGEST_CHUNK: Duration = Duration::from_millis(250);

/// Whether there is more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Call again.
    More,
    /// Every row has its outcome, or the import is no longer in the state the task was made for.
    Over,
}

/// An import in one state, with all that is needed to work it off.
pub struct Task {
    id: ImportId,
    state: State,
    plan: Plan,
    limit: Option<i64>,
}

impl Task {
    /// Reads the import and, unless it is being undone, its file. `None` when there is nothing to do.
    /// `limit` is how many students there may be.
    ///
    /// Errors: fatal when the file is gone or no longer readable.
    pub async fn load(
        db: &TenantDb,
        id: ImportId,
        limit: Option<i64>,
    ) -> Result<Option<Self>, JobError> {
        let found = db
            .read(async move |tx| {
                let Some(import) = store::for_work(tx, id).await? else {
                    return Ok(None);
                };
                let file = match import.state {
                    State::Checking | State::Running => store::file(tx, id).await?,
                    _ => None,
                };
                // Days are those of the upload, so that a resumed run fills in the same.
                let branches = branch_refs(tx, &import).await?;
                Ok::<_, JobError>(Some((import, file, branches)))
            })
            .await?;
        let Some((import, file, branches)) = found else {
            return Ok(None);
        };
        let (mapping, default_branch) = (import.mapping, import.default_branch);
        match (import.state, file) {
            (State::Undoing, _) => Ok(Some(Self {
                id,
                state: import.state,
                plan: Plan::default(),
                limit,
            })),
            (State::Checking | State::Running, Some(file)) => {
                let reading = tokio::task::spawn_blocking(move || {
                    Plan::new(&file, &mapping, &branches, default_branch)
                });
                let plan = reading
                    .await
                    .map_err(|error| JobError::retry(error.to_string()))?;
                let plan = plan.map_err(|fault| JobError::fatal(fault.reason))?;
                Ok(Some(Self {
                    id,
                    state: import.state,
                    plan,
                    limit,
                }))
            }
            (State::Checking | State::Running, None) => {
                Err(JobError::fatal("the uploaded file is no longer there"))
            }
            _ => Ok(None),
        }
    }

    /// Works off one chunk in a transaction of its own, fenced by the lease.
    pub async fn step(
        self: &Arc<Self>,
        db: &TenantDb,
        lease: Option<Lease>,
    ) -> Result<Step, JobError> {
        let task = Arc::clone(self);
        db.write(async move |tx| {
            if let Some(lease) = &lease {
                lease.progress(tx).await?;
            }
            let step = task.chunk(tx).await?;
            if let (Step::Over, Some(lease)) = (step, &lease) {
                lease.finish(tx).await?;
            }
            Ok(step)
        })
        .await
    }

    async fn chunk(&self, tx: &mut Tx) -> Result<Step, JobError> {
        let import = match store::for_work(tx, self.id).await? {
            Some(import) if import.state == self.state => import,
            _ => return Ok(Step::Over),
        };
        let (tally, over) = if self.state == State::Undoing {
            undo::chunk(tx, &import, CHUNK).await?
        } else {
            self.rows(tx, &import).await?
        };
        store::advance(tx, self.id, tally).await?;
        if !over {
            import_changed(tx, &import).await?;
            return Ok(Step::More);
        }
        let state = match self.state {
            State::Checking => State::Checked,
            State::Running => State::Done,
            _ => State::Undone,
        };
        let import = store::set_state(tx, self.id, state, None).await?;
        import_changed(tx, &import).await?;
        if state == State::Done {
            notices::import_finished(tx, &import).await?;
        }
        if state != State::Checked {
            store::delete_file(tx, self.id).await?;
            record(tx, &import).await?;
        }
        Ok(Step::Over)
    }

    async fn rows(&self, tx: &mut Tx, import: &Import) -> Result<(Tally, bool), JobError> {
        let done = usize::try_from(import.rows_done).unwrap_or(usize::MAX);
        let rest = self.plan.rows.get(done..).unwrap_or_default();
        let chunk = rest.get(..CHUNK).unwrap_or(rest);
        let mut tally = Tally::default();
        let mut room = self.room(tx, import).await?;
        let started = tx.kernel().clock.monotonic();
        let mut worked = 0;
        let mut touched = Touched::default();
        for row in chunk {
            if tx.kernel().clock.monotonic().saturating_sub(started) > LONGEST_CHUNK {
                break;
            }
            worked += 1;
            let outcome = self.row(tx, row, import, room).await?;
            if let (Some(student), Ok(draft)) = (outcome.student_id, &row.outcome) {
                touched.note(draft.fields.branch_id, student);
            }
            tally.rows += 1;
            tally.noted += u32::from(outcome.note.is_some());
            if outcome.outcome == Outcome::Rejected {
                tally.rejected += 1;
            } else {
                tally.accepted += 1;
                room = room.map(|room| room - 1);
            }
            store::insert_row(tx, self.id, &outcome).await?;
        }
        touched.tell(tx).await?;
        Ok((tally, worked == rest.len()))
    }

    /// How many more students there may be; a dry run takes for entered what it found acceptable.
    async fn room(&self, tx: &mut Tx, import: &Import) -> Result<Option<i64>, JobError> {
        let Some(limit) = self.limit else {
            return Ok(None);
        };
        let there = students::count(tx).await?;
        let foreseen = match self.state {
            State::Checking => i64::from(import.accepted_rows),
            _ => 0,
        };
        Ok(Some(limit - there - foreseen))
    }

    async fn row(
        &self,
        tx: &mut Tx,
        row: &PlannedRow,
        import: &Import,
        room: Option<i64>,
    ) -> Result<ImportRow, JobError> {
        let Draft { fields, today, .. } = match &row.outcome {
            Ok(draft) => draft,
            Err(faults) => return Ok(rejected(row, faults.clone())),
        };
        let neighbours = Neighbours::of(tx, None, fields).await?;
        if let Some(clash) = neighbours.clash() {
            return Ok(rejected(row, vec![self.clash(fields, clash)]));
        }
        if let (Some(limit), Some(..=0)) = (self.limit, room) {
            return Ok(rejected(row, vec![beyond(limit)]));
        }
        let note = match row.sibling_of {
            Some(line) => Some(format!(
                "shares the phone with line {line}: taken as siblings"
            )),
            None if neighbours.share_phone(&import.scope) => Some(
                "shares the phone with a student who is already there: taken as siblings"
                    .to_owned(),
            ),
            None => None,
        };
        let (outcome, student_id) = if self.state == State::Checking {
            (Outcome::Acceptable, None)
        } else {
            let entrance = Entrance {
                today: *today,
                import_id: Some(self.id),
                reserved: &self.plan.codes,
            };
            (
                Outcome::Created,
                Some(students::insert(tx, fields, entrance).await?.0.id),
            )
        };
        Ok(ImportRow {
            line: row.line,
            outcome,
            student_id,
            faults: Vec::new(),
            note,
            cells: Vec::new(),
        })
    }

    fn clash(&self, fields: &StudentFields, clash: Clash) -> Fault {
        match clash {
            Clash::Person { .. } => self.plan.fault(
                Field::Name,
                fields,
                Refusal::new(
                    "student_exists",
                    "a student of this name with this phone is already there",
                    "remove the line, or change the student who is there",
                ),
            ),
            Clash::Code => self.plan.fault(
                Field::Code,
                fields,
                Refusal::new(
                    "code_taken",
                    "a student who is already there has this code",
                    "give another code, or leave it empty",
                ),
            ),
        }
    }
}

fn beyond(limit: i64) -> Fault {
    let refusal = Refusal::new(
        LIMIT_REACHED.code,
        format!("the workspace may have {limit} students and has them"),
        "remove students who have left or get a higher limit, then upload the rejected rows again",
    );
    refusal.at(None, "")
}

/// The branches within the reach of whoever started the import, on the day of the upload.
async fn branch_refs(tx: &mut Tx, import: &Import) -> Result<Vec<BranchRef>, JobError> {
    let branches = branch::store::all(tx, &import.scope).await?;
    let to_ref = |branch: branch::Branch| BranchRef {
        id: branch.id,
        code: branch.code.to_string(),
        name: branch.name.to_string(),
        active: branch.active,
        today: branch.time_zone.date_at(import.created_at),
    };
    Ok(branches.into_iter().map(to_ref).collect())
}

fn rejected(row: &PlannedRow, faults: Vec<Fault>) -> ImportRow {
    ImportRow {
        line: row.line,
        outcome: Outcome::Rejected,
        student_id: None,
        faults,
        note: None,
        cells: row.cells.clone(),
    }
}

async fn record(tx: &mut Tx, import: &Import) -> Result<(), JobError> {
    let action = match import.state {
        State::Done => "spaces.import.completed",
        _ => "spaces.import.reversed",
    };
    let facts = Facts::new()
        .with("accepted_rows", import.accepted_rows)
        .with("rejected_rows", import.rejected_rows)
        .with("removed_rows", import.removed_rows)
        .with("kept_rows", import.kept_rows);
    let entry = Entry::new(Actor::System, action, Target::new("import", import.id)).after(facts);
    append(tx, entry).await?;
    Ok(())
}
