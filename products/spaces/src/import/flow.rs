//! The acts on an import, in the caller's transaction.

use gantry_audit::{Entry, Facts, Target, append};
use gantry_db::Tx;
use gantry_jobs::{NewJob, enqueue};
use gantry_kernel::{IdentityId, UnitId};

use super::job::{self, EXPIRY, KEPT, Work};
use super::model::{FileColumn, Import, ImportId, MAX_FILE, State, UploadFault};
use super::read::fault::shortened;
use super::read::{Mapping, Sheet, decode};
use super::store::{self, NewImport, Viewer};
use crate::branch;
use crate::error::Error;
use crate::events::import_changed;
use crate::student::flow::By;

/// Most characters of a column's sample.
const MAX_SAMPLE: usize = 40;

/// Recognises an uploaded file: encoding, separator, header, and what the columns may mean.
pub fn recognise(
    content: Vec<u8>,
    file_name: Option<String>,
    default_branch: Option<UnitId>,
) -> Result<NewImport, Error> {
    if content.len() > MAX_FILE {
        return Err(UploadFault::TooLarge.into());
    }
    let decoded = decode(&content)?;
    let sheet = Sheet::open(&decoded.text)?;
    let total_rows = sheet.count()?;
    let first = sheet.rows().next();
    let cell = |index: usize| first.as_ref().and_then(|row| row.cells.get(index));
    let columns = (0..sheet.columns.len()).filter_map(|index| {
        let column = sheet.column(index)?;
        let sample =
            cell(index).map_or_else(String::new, |cell| shortened(cell.trim(), MAX_SAMPLE));
        Some(FileColumn { column, sample })
    });
    Ok(NewImport {
        file_name,
        encoding: decoded.encoding,
        separator: sheet.separator,
        header_line: sheet.header_line,
        columns: columns.collect(),
        mapping: Mapping::propose(&sheet.columns),
        default_branch,
        total_rows,
        content,
    })
}

/// Keeps an upload as a draft.
pub async fn create(
    tx: &mut Tx,
    by: &By,
    identity: IdentityId,
    new: &NewImport,
) -> Result<Import, Error> {
    known_branch(tx, by, new.default_branch).await?;
    let import = store::insert(tx, new, &by.scope, identity).await?;
    let expiry = NewJob::new(
        EXPIRY,
        &Work {
            import_id: import.id,
        },
    );
    let at = tx.now() + KEPT;
    enqueue(tx, expiry.at(at)).await?;
    record(tx, by, "spaces.import.uploaded", &import).await?;
    Ok(import)
}

async fn known_branch(tx: &mut Tx, by: &By, id: Option<UnitId>) -> Result<(), Error> {
    match id {
        Some(id) if branch::store::by_id(tx, &by.scope, id).await?.is_none() => {
            Err(Error::BranchUnknown)
        }
        _ => Ok(()),
    }
}

async fn find(tx: &mut Tx, by: &By, identity: IdentityId, id: ImportId) -> Result<Import, Error> {
    let viewer = Viewer::new(&by.scope, identity);
    store::by_id(tx, viewer, id).await?.ok_or(Error::NotFound)
}

fn names(import: &Import) -> Vec<String> {
    import
        .columns
        .iter()
        .map(|column| column.column.header.clone())
        .collect()
}

/// Changes what the columns mean and where rows without a branch go; `None` leaves either as it is.
pub async fn remap(
    tx: &mut Tx,
    by: &By,
    identity: IdentityId,
    id: ImportId,
    mapping: Option<&Mapping>,
    default_branch: Option<Option<UnitId>>,
) -> Result<Import, Error> {
    let import = find(tx, by, identity, id).await?;
    if !matches!(import.state, State::Draft | State::Checked) {
        return Err(Error::ImportState(import.state));
    }
    let mapping = mapping.unwrap_or(&import.mapping);
    mapping.fits(&names(&import))?;
    let default_branch = default_branch.unwrap_or(import.default_branch);
    known_branch(tx, by, default_branch).await?;
    Ok(store::set_mapping(tx, id, mapping, default_branch).await?)
}

/// Starts the dry run.
pub async fn check(
    tx: &mut Tx,
    by: &By,
    identity: IdentityId,
    id: ImportId,
) -> Result<Import, Error> {
    let import = find(tx, by, identity, id).await?;
    if !matches!(import.state, State::Draft | State::Checked) {
        return Err(Error::ImportState(import.state));
    }
    import.mapping.complete(&names(&import))?;
    let import = store::begin(tx, id, State::Checking, &by.scope, identity).await?;
    import_changed(tx, &import).await?;
    enqueue(tx, job::job(id)).await?;
    Ok(import)
}

/// Starts the run, or goes on with one that was given up.
pub async fn start(
    tx: &mut Tx,
    by: &By,
    identity: IdentityId,
    id: ImportId,
) -> Result<Import, Error> {
    let import = find(tx, by, identity, id).await?;
    import.mapping.complete(&names(&import))?;
    let import = match import.state {
        State::Draft | State::Checked => {
            store::begin(tx, id, State::Running, &by.scope, identity).await?
        }
        State::Failed => store::resume(tx, id, State::Running, &by.scope, identity).await?,
        state => return Err(Error::ImportState(state)),
    };
    enqueue(tx, job::job(id)).await?;
    record(tx, by, "spaces.import.started", &import).await?;
    Ok(import)
}

/// Undoes an import: one at work stops at its next chunk, one that wrote nothing is cancelled.
pub async fn reverse(
    tx: &mut Tx,
    by: &By,
    identity: IdentityId,
    id: ImportId,
) -> Result<Import, Error> {
    let import = find(tx, by, identity, id).await?;
    let import = match import.state {
        State::Draft | State::Checking | State::Checked => {
            store::delete_file(tx, id).await?;
            store::set_state(tx, id, State::Cancelled, None).await?
        }
        State::Running | State::Done | State::Failed | State::Undoing | State::Expired => {
            let import = store::resume(tx, id, State::Undoing, &by.scope, identity).await?;
            enqueue(tx, job::job(id)).await?;
            import
        }
        state => return Err(Error::ImportState(state)),
    };
    record(tx, by, "spaces.import.reversal_asked", &import).await?;
    Ok(import)
}

async fn record(tx: &mut Tx, by: &By, action: &'static str, import: &Import) -> Result<(), Error> {
    let facts = Facts::new()
        .with("state", import.state.as_str())
        .with("total_rows", import.total_rows)
        .with("default_branch", import.default_branch);
    let entry = Entry::new(by.actor, action, Target::new("import", import.id))
        .origin(&by.origin)
        .after(facts);
    append(tx, entry).await?;
    Ok(import_changed(tx, import).await?)
}
