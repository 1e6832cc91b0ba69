//! The tables `imports`, `import_files` and `import_rows`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{IdentityId, Scope, Timestamp, UnitId};

use super::model::{FileColumn, Import, ImportId, ImportRow, Outcome, State, Tally};
use super::read::{Encoding, Mapping, Separator};
use crate::student::{StudentId, store as students};

/// What an upload was recognised as.
#[derive(Debug, Clone)]
pub struct NewImport {
    /// The name the uploader gave.
    pub file_name: Option<String>,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Recognised encoding.
    pub encoding: Encoding,
    /// Recognised separator.
    pub separator: Separator,
    /// Line of the header.
    pub header_line: u32,
    /// Columns with samples.
    pub columns: Vec<FileColumn>,
    /// Proposed mapping.
    pub mapping: Mapping,
    /// Branch of rows that name none.
    pub default_branch: Option<UnitId>,
    /// Data rows.
    pub total_rows: u32,
}

/// Whose imports a caller sees: with the whole tenant in reach all of them, otherwise their own, as the
/// rows may be about branches they do not reach.
#[derive(Debug, Clone, Copy)]
pub struct Viewer(Option<IdentityId>);

impl Viewer {
    /// The view of somebody with this scope.
    pub fn new(scope: &Scope, identity: IdentityId) -> Self {
        Self(if *scope == Scope::All {
            None
        } else {
            Some(identity)
        })
    }
}

fn json(value: &impl serde::Serialize) -> Result<serde_json::Value, DbError> {
    serde_json::to_value(value).map_err(|error| DbError::Other(format!("json: {error}")))
}

/// A new import in state draft, with its file.
pub async fn insert(
    tx: &mut Tx,
    new: &NewImport,
    scope: &Scope,
    created_by: IdentityId,
) -> Result<Import, DbError> {
    let id: ImportId = tx.kernel().id();
    let now = tx.now();
    let import = tx
        .one(
            sql!(
                "insert into imports (id, state, scope, created_by, file_name, file_size, encoding,
                                      separator, header_line, columns, mapping, default_branch,
                                      total_rows, next_row, accepted_rows, rejected_rows, noted_rows,
                                      removed_rows, kept_rows, created_at, updated_at)
                 values ($1, 'draft', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, 0, 0, 0, 0,
                         $13, $13)
                 returning *"
            ),
            &args![
                id,
                scope.unit_filter(),
                created_by,
                new.file_name,
                i64::try_from(new.content.len()).unwrap_or(i64::MAX),
                new.encoding.as_str(),
                new.separator.as_str(),
                new.header_line,
                json(&new.columns)?,
                json(&new.mapping)?,
                new.default_branch,
                new.total_rows,
                now,
            ],
        )
        .await?;
    tx.execute(
        sql!("insert into import_files (import_id, content) values ($1, $2)"),
        &args![id, new.content],
    )
    .await?;
    Ok(import)
}

/// One import.
pub async fn by_id(tx: &mut Tx, viewer: Viewer, id: ImportId) -> Result<Option<Import>, DbError> {
    tx.opt(
        sql!(
            "select * from imports
             where id = $1 and (cast($2 as text) is null or created_by = $2)"
        ),
        &args![id, viewer.0],
    )
    .await
}

/// One import for the worker, which acts for whoever started it.
pub async fn for_work(tx: &mut Tx, id: ImportId) -> Result<Option<Import>, DbError> {
    by_id(tx, Viewer(None), id).await
}

/// Imports, newest first, from before `before`.
pub async fn page(
    tx: &mut Tx,
    viewer: Viewer,
    before: Option<(Timestamp, ImportId)>,
    limit: i64,
) -> Result<Vec<Import>, DbError> {
    tx.all(
        sql!(
            "select * from imports
             where (cast($1 as text) is null or created_by = $1)
               and (cast($2 as bigint) is null or (created_at, id) < ($2, $3))
             order by created_at desc, id desc
             limit $4"
        ),
        &args![
            viewer.0,
            before.map(|(at, _)| at),
            before.map(|(_, id)| id),
            limit
        ],
    )
    .await
}

/// The bytes, while they are kept.
pub async fn file(tx: &mut Tx, id: ImportId) -> Result<Option<Vec<u8>>, DbError> {
    tx.opt(
        sql!("select content from import_files where import_id = $1"),
        &args![id],
    )
    .await
}

/// Forgets the bytes.
pub async fn delete_file(tx: &mut Tx, id: ImportId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from import_files where import_id = $1"),
        &args![id],
    )
    .await?;
    Ok(())
}

/// Changes what the columns mean; a dry run made before says nothing any more.
pub async fn set_mapping(
    tx: &mut Tx,
    id: ImportId,
    mapping: &Mapping,
    default_branch: Option<UnitId>,
) -> Result<Import, DbError> {
    clear_rows(tx, id).await?;
    let now = tx.now();
    tx.one(
        sql!(
            "update imports
             set mapping = $2, default_branch = $3, state = 'draft', next_row = 0,
                 accepted_rows = 0, rejected_rows = 0, noted_rows = 0, failure = null,
                 updated_at = $4
             where id = $1
             returning *"
        ),
        &args![id, json(mapping)?, default_branch, now],
    )
    .await
}

/// Sets everything back to the first row and enters `state` with the reach of `by`, who asks for it.
pub async fn begin(
    tx: &mut Tx,
    id: ImportId,
    state: State,
    scope: &Scope,
    by: IdentityId,
) -> Result<Import, DbError> {
    clear_rows(tx, id).await?;
    let now = tx.now();
    tx.one(
        sql!(
            "update imports
             set state = $2, scope = $3, asked_by = $4, next_row = 0, accepted_rows = 0,
                 rejected_rows = 0, noted_rows = 0, failure = null, updated_at = $5
             where id = $1
             returning *"
        ),
        &args![id, state, scope.unit_filter(), by, now],
    )
    .await
}

async fn clear_rows(tx: &mut Tx, id: ImportId) -> Result<(), DbError> {
    tx.execute(
        sql!("delete from import_rows where import_id = $1"),
        &args![id],
    )
    .await?;
    Ok(())
}

/// Enters `state` where the import stands, with the reach that `by`, who asks for it, has now.
pub async fn resume(
    tx: &mut Tx,
    id: ImportId,
    state: State,
    scope: &Scope,
    by: IdentityId,
) -> Result<Import, DbError> {
    tx.execute(
        sql!("update imports set scope = $2, asked_by = $3 where id = $1"),
        &args![id, scope.unit_filter(), by],
    )
    .await?;
    set_state(tx, id, state, None).await
}

/// Enters a state, keeping the rows.
pub async fn set_state(
    tx: &mut Tx,
    id: ImportId,
    state: State,
    failure: Option<&str>,
) -> Result<Import, DbError> {
    let over = matches!(
        state,
        State::Done | State::Undone | State::Cancelled | State::Expired
    );
    let now = tx.now();
    tx.one(
        sql!(
            "update imports
             set state = $2, failure = $3, updated_at = $4, finished_at = $5
             where id = $1
             returning *"
        ),
        &args![id, state, failure, now, over.then_some(now)],
    )
    .await
}

/// Adds a chunk to the progress.
pub async fn advance(tx: &mut Tx, id: ImportId, tally: Tally) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "update imports
             set next_row = next_row + $2, accepted_rows = accepted_rows + $3,
                 rejected_rows = rejected_rows + $4, noted_rows = noted_rows + $5,
                 removed_rows = removed_rows + $6, kept_rows = kept_rows + $7, updated_at = $8
             where id = $1"
        ),
        &args![
            id,
            tally.rows,
            tally.accepted,
            tally.rejected,
            tally.noted,
            tally.removed,
            tally.kept,
            now
        ],
    )
    .await?;
    Ok(())
}

/// Records the outcome of a row. A second outcome for the same line is a defect and fails.
pub async fn insert_row(tx: &mut Tx, id: ImportId, row: &ImportRow) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into import_rows (import_id, line, outcome, student_id, faults, note, cells)
             values ($1, $2, $3, $4, $5, $6, $7)"
        ),
        &args![
            id,
            row.line,
            row.outcome,
            row.student_id,
            json(&row.faults)?,
            row.note,
            json(&row.cells)?
        ],
    )
    .await?;
    Ok(())
}

/// Rows by line, from after `after`.
pub async fn rows(
    tx: &mut Tx,
    id: ImportId,
    outcome: Option<Outcome>,
    after: Option<u32>,
    limit: i64,
) -> Result<Vec<ImportRow>, DbError> {
    tx.all(
        sql!(
            "select line, outcome, student_id, faults, note, cells from import_rows
             where import_id = $1 and (cast($2 as text) is null or outcome = $2) and line > $3
             order by line
             limit $4"
        ),
        &args![id, outcome, after.unwrap_or(0), limit],
    )
    .await
}

/// Lines and students that the run created and no undo has looked at yet.
pub async fn created(
    tx: &mut Tx,
    id: ImportId,
    limit: i64,
) -> Result<Vec<(u32, StudentId)>, DbError> {
    tx.all(
        sql!(
            "select line, student_id from import_rows
             where import_id = $1 and outcome = 'created'
             order by line
             limit $2"
        ),
        &args![id, limit],
    )
    .await
}

/// Removes a student of this import within the scope that nobody edited since; the answer is their branch, if there was one.
pub async fn remove_untouched(
    tx: &mut Tx,
    id: ImportId,
    scope: &Scope,
    student: StudentId,
) -> Result<Option<UnitId>, DbError> {
    let removed: Option<(UnitId,)> = tx
        .opt(
            sql!(
                "delete from students where id = $1 and import_id = $2 and version = 1
                                        and ($3 = '*' or $3 like '%' || branch_id || '%')
                                        and not exists (select 1 from student_documents d where d.student_id = $1)
                                        and not exists (select 1 from student_numbers n where n.student_id = $1)
                                        and not exists (select 1 from tickets t where t.student_id = $1)
                                        and not exists (select 1 from referrals r where r.referrer_id = $1)
                                        and not exists (select 1 from dues d where d.student_id = students.id)
                                        and not exists (select 1 from payments p where p.student_id = students.id)
                                        and not exists (select 1 from refunds r where r.student_id = students.id)
                 returning branch_id"
            ),
            &args![student, id, scope.unit_filter()],
        )
        .await?;
    if removed.is_some() {
        students::count_in(tx, -1).await?;
    }
    Ok(removed.map(|(branch,)| branch))
}

/// The branch of a student who is still there.
pub async fn branch_of(tx: &mut Tx, student: StudentId) -> Result<Option<UnitId>, DbError> {
    let found = tx
        .opt::<(UnitId,)>(
            sql!("select branch_id from students where id = $1"),
            &args![student],
        )
        .await?;
    Ok(found.map(|(branch,)| branch))
}

/// Changes the outcome of a row.
pub async fn set_outcome(
    tx: &mut Tx,
    id: ImportId,
    line: u32,
    outcome: Outcome,
    note: Option<&str>,
) -> Result<(), DbError> {
    tx.execute(
        sql!("update import_rows set outcome = $3, note = $4 where import_id = $1 and line = $2"),
        &args![id, line, outcome, note],
    )
    .await?;
    Ok(())
}
