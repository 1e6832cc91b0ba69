//! Taking a file in: looked into, sealed, stored, and only then there.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target, append};
use gantry_contracts::{Limits, NotProvided};
use gantry_db::{TenantDb, Tx};
use gantry_events::{Event, emit};
use gantry_files::{File, FileId, FileName, Media, State, Variant};
use gantry_jobs::enqueue;
use gantry_kernel::crypto::{Sha256, hex};
use gantry_kernel::{Actor, IdentityId, Origin, Problem};

use crate::check::{Checked, Fault, Picture, Sniffed, make_anew};
use crate::keep::{FileKey, Object};
use crate::rows::{self, Arriving, MEGABYTES};
use crate::{Error, Files, jobs};

/// Who uploads.
#[derive(Debug, Clone)]
pub(crate) struct Uploader {
    pub(crate) identity: IdentityId,
    pub(crate) actor: Actor,
    pub(crate) origin: Origin,
}

/// Takes an upload in. When this returns the bytes are stored for good, and a job knows of them if nothing ever holds the file.
pub(crate) async fn take(
    files: &Arc<Files>,
    db: &TenantDb,
    by: Uploader,
    name: Option<FileName>,
    declared: Option<&str>,
    bytes: bytes::Bytes,
) -> Result<File, Error> {
    let declared = declared
        .and_then(Sniffed::declared)
        .ok_or(Error::TypeRefused)?;
    let found = Sniffed::of(&bytes);
    if found != Some(declared) {
        return Err(Error::TypeMismatch { found });
    }
    let checked = checked(files, declared, bytes).await?;
    let id: FileId = files.kernel.id();
    let key = FileKey::new(&*files.kernel.entropy);
    let mut sha256 = Sha256::new();
    sha256.update(&checked.full);
    let stored = checked.full.len() + checked.small.as_ref().map_or(0, Vec::len);
    let arriving = Arc::new(Arriving {
        id,
        media: checked.media,
        name,
        bytes: i64::try_from(stored).unwrap_or(i64::MAX),
        sha256: hex(&sha256.finish()),
        size: checked.size,
        sealed_key: key.sealed(&files.keyring, &*files.kernel.entropy, id)?,
        uploaded_by: by.identity,
    });
    let limits: &dyn Limits = files
        .limits
        .get()
        .map_err(|e: NotProvided| Problem::from(e))?;
    let limit = limits.limit(db.id(), MEGABYTES).await?;
    db.write(async move |tx| rows::reserve(tx, &arriving, limit).await)
        .await?;
    let forms = [
        (Variant::Full, Some(checked.full)),
        (Variant::Small, checked.small),
    ];
    for (variant, plain) in forms {
        let Some(plain) = plain else { continue };
        let object = Object {
            tenant: db.id(),
            file: id,
            variant,
        };
        let sealed = key.seal(&*files.kernel.entropy, object, &plain)?;
        files.keep.put(object, sealed).await?;
    }
    let by = Arc::new(by);
    db.write(async move |tx| arrived(tx, &by, id).await).await
}

/// Pictures are decoded a few at a time, on threads of their own.
async fn checked(files: &Files, declared: Sniffed, bytes: bytes::Bytes) -> Result<Checked, Error> {
    let Some(kind) = Picture::of(declared) else {
        return Ok(Checked {
            media: Media::Pdf,
            full: bytes.to_vec(),
            small: None,
            size: None,
        });
    };
    let turn = files.decoding.acquire().await;
    let made = tokio::task::spawn_blocking(move || make_anew(kind, &bytes)).await?;
    drop(turn);
    made.map_err(|fault: Fault| fault.into())
}

async fn arrived(tx: &mut Tx, by: &Uploader, id: FileId) -> Result<File, Error> {
    let media = gantry_files::by_id(tx, id).await?.map(|file| file.media);
    let state = match media {
        // What was made anew holds nothing that came in.
        Some(media) if media.is_image() => State::Clean,
        Some(_) => State::Quarantined,
        None => return Err(Error::NotFound),
    };
    let file = rows::arrived(tx, id, state).await?.ok_or(Error::NotFound)?;
    if state == State::Quarantined {
        enqueue(tx, jobs::check(id)).await?;
    }
    let facts = Facts::new()
        .with("media", file.media.as_str())
        .with("bytes", file.bytes)
        .with("sha256", file.sha256.as_str());
    let entry = Entry::new(by.actor, "files.file.uploaded", Target::new("file", id))
        .origin(&by.origin)
        .after(facts);
    append(tx, entry).await?;
    changed(tx, &file).await?;
    Ok(file)
}

/// Tells who uploaded it; for everybody else a file is part of the record that holds it.
pub(crate) async fn changed(tx: &mut Tx, file: &File) -> Result<(), gantry_db::DbError> {
    let event = Event::new("files.file.changed").about(file.id);
    emit(tx, event.person(file.uploaded_by)).await.map(drop)
}
