//! The jobs of this module: looking into what waits in quarantine, and removing what nothing needs.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target, append};
use gantry_db::{DbError, TenantDb, Tx};
use gantry_files::{FileId, LOOK, Look, State, Variant};
use gantry_jobs::{JobCx, JobError, JobKind, NewJob, enqueue};
use gantry_kernel::Actor;
use gantry_notices::{Notice, tell};

use crate::check::{Fault, look_into};
use crate::keep::{FileKey, Object};
use crate::rows::{self, Step};
use crate::{Files, take};

/// The kind of job that looks into a file in quarantine.
pub const CHECK: &str = "files.check";

/// The kinds of job of this module.
pub fn kinds(files: &Arc<Files>) -> Vec<JobKind> {
    let (checking, looking) = (Arc::clone(files), Arc::clone(files));
    vec![
        JobKind::new(CHECK, move |cx| run_check(Arc::clone(&checking), cx)),
        JobKind::new(LOOK, move |cx| run_look(Arc::clone(&looking), cx)),
    ]
}

/// Asks for a file to be looked into.
pub(crate) fn check(file_id: FileId) -> NewJob {
    NewJob::new(CHECK, &Look { file_id }).dedupe(format!("{CHECK}:{file_id}"))
}

async fn run_check(files: Arc<Files>, cx: JobCx) -> Result<(), JobError> {
    let Look { file_id } = cx.payload()?;
    let db = cx.tenant_db()?.clone();
    let waiting = db
        .read(async move |tx| {
            let file = gantry_files::by_id(tx, file_id).await?;
            match file.filter(|file| file.state == State::Quarantined) {
                Some(_) => rows::sealed_key(tx, file_id).await.map(Some),
                None => Ok::<_, DbError>(None),
            }
        })
        .await?;
    let verdict = match waiting {
        Some(sealed_key) => Some(look(&files, &db, file_id, &sealed_key).await?),
        None => None,
    };
    let lease = cx.lease.clone();
    db.write(async move |tx| {
        if let Some(verdict) = &verdict {
            judge(tx, file_id, verdict.as_ref().err()).await?;
        }
        lease.finish(tx).await
    })
    .await
}

async fn look(
    files: &Files,
    db: &TenantDb,
    file: FileId,
    sealed_key: &[u8],
) -> Result<Result<(), Fault>, JobError> {
    let retry = |error: &dyn std::fmt::Display| JobError::retry(error.to_string());
    let object = Object {
        tenant: db.id(),
        file,
        variant: Variant::Full,
    };
    let stored = files.keep.get(object).await.map_err(|e| retry(&e))?;
    let stored = stored.ok_or_else(|| JobError::retry("the bytes of the file are not there"))?;
    let key = FileKey::opened(&files.keyring, file, sealed_key).map_err(|e| retry(&e))?;
    let plain = key.open(object, &stored).map_err(|e| retry(&e))?;
    let looked = tokio::task::spawn_blocking(move || look_into(&plain)).await;
    looked.map_err(|e| retry(&e))
}

async fn judge(tx: &mut Tx, id: FileId, fault: Option<&Fault>) -> Result<(), DbError> {
    let refusal = fault.map(ToString::to_string);
    let to = if refusal.is_some() {
        State::Refused
    } else {
        State::Clean
    };
    let file = rows::moved(tx, id, State::Quarantined, to, refusal.as_deref()).await?;
    let Some(file) = file else {
        return Ok(());
    };
    if to == State::Refused {
        enqueue(tx, Look::job(id)).await?;
        let notice = Notice::to_person("files.file.refused", file.uploaded_by);
        tell(tx, notice.with("file", id.to_string()).once(id)).await?;
    }
    let facts = Facts::new()
        .with("state", to.as_str())
        .with("refusal", refusal);
    let entry = Entry::new(Actor::System, "files.file.checked", Target::new("file", id));
    append(tx, entry.after(facts)).await?;
    take::changed(tx, &file).await
}

/// What is marked first cannot be held any more, so nothing is deleted that a record holds.
async fn run_look(files: Arc<Files>, cx: JobCx) -> Result<(), JobError> {
    let Look { file_id } = cx.payload()?;
    let db = cx.tenant_db()?.clone();
    let step = db
        .write(async move |tx| rows::decide(tx, file_id).await)
        .await?;
    if step != Step::Nothing {
        for variant in [Variant::Full, Variant::Small] {
            let object = Object {
                tenant: db.id(),
                file: file_id,
                variant,
            };
            let deleted = files.keep.delete(object).await;
            deleted.map_err(|error| JobError::retry(error.to_string()))?;
        }
    }
    let lease = cx.lease.clone();
    db.write(async move |tx| {
        match step {
            Step::Nothing => {}
            Step::Remove => rows::removed(tx, file_id).await?,
            Step::Empty => rows::emptied(tx, file_id).await?,
        }
        lease.finish(tx).await
    })
    .await
}
