//! Files over HTTP.

use std::sync::Arc;

use gantry_db::DbError;
use gantry_files::{File, FileId, FileName, Media, Opens, Variant};
use gantry_http::{
    Created, Download, Json, Path, PublicCx, Query, ReplyExt, RequestContext, TenantCx, Upload,
    With,
};
use gantry_kernel::Problem;
use http::{HeaderValue, header};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::keep::{FileKey, Object};
use crate::take::{Uploader, take};
use crate::{Error, Files, rows};

/// What a file may do where it is shown: nothing.
const POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/// What comes with an upload.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct UploadQuery {
    /// What the file is called, to be shown beside it.
    #[serde(default)]
    pub(crate) name: Option<FileName>,
}

/// `POST /files`
pub(crate) async fn upload(
    files: Arc<Files>,
    cx: TenantCx,
    (Query(query), upload): (Query<UploadQuery>, Upload),
) -> Result<Created<File>, Problem> {
    let by = Uploader {
        identity: cx.principal.identity,
        actor: cx.actor(),
        origin: cx.origin(),
    };
    let declared = upload.content_type.as_deref();
    let file = take(&files, &cx.db, by, query.name, declared, upload.bytes).await?;
    Ok(Created::at(
        format!("{}/{}", cx.request().path(), file.id),
        file,
    ))
}

/// `GET /files/{file}`: one's own uploads; whoever else may know of a file is told by the record that holds it.
pub(crate) async fn get(
    _: Arc<Files>,
    cx: TenantCx,
    Path(id): Path<FileId>,
) -> Result<Json<File>, Error> {
    let person = cx.principal.identity;
    let file = cx
        .db
        .read(async move |tx| gantry_files::by_id(tx, id).await)
        .await?;
    let own = file.filter(|file| file.uploaded_by == person);
    own.map(Json).ok_or(Error::NotFound)
}

/// `GET /api/v1/files/{link}`
pub(crate) async fn open(
    files: Arc<Files>,
    _: PublicCx,
    Path(link): Path<String>,
) -> Result<With<Download>, Error> {
    let opens = files.links.read(&link, files.kernel.now())?;
    let (file, plain) = read(&files, opens).await?;
    let ending = file.media.ending();
    let name = match &file.name {
        Some(name)
            if name
                .as_str()
                .to_lowercase()
                .ends_with(&format!(".{ending}")) =>
        {
            name.to_string()
        }
        Some(name) => format!("{name}.{ending}"),
        None => format!("{}.{ending}", file.id),
    };
    let download = Download::new(name, file.media.as_str(), plain);
    // A picture was made here; a document came from somewhere, and no browser of ours opens it in its place.
    let download = match file.media {
        Media::Jpeg | Media::Png => download.inline(),
        Media::Pdf => download,
    };
    Ok(download.with_header(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    ))
}

async fn read(files: &Files, opens: Opens) -> Result<(File, Vec<u8>), Error> {
    let Opens {
        tenant,
        file,
        variant,
    } = opens;
    let db = match files.tenants.get(tenant).await {
        Err(DbError::TenantMissing(_)) => return Err(Error::NotFound),
        other => other?,
    };
    let found = db
        .read(async move |tx| {
            let stored = gantry_files::by_id(tx, file).await?;
            match stored.filter(File::is_readable) {
                Some(stored) => Ok(Some((stored, rows::sealed_key(tx, file).await?))),
                None => Ok::<_, DbError>(None),
            }
        })
        .await?;
    let (stored, sealed_key) = found.ok_or(Error::NotFound)?;
    if variant == Variant::Small && !stored.media.is_image() {
        return Err(Error::NotFound);
    }
    let object = Object {
        tenant,
        file,
        variant,
    };
    let key = FileKey::opened(&files.keyring, file, &sealed_key)?;
    let _turn = files.reading.acquire().await;
    let Some(bytes) = files.keep.get(object).await? else {
        // The row says that they are there: a folder or bucket that was changed, or a database restored after the grace.
        tracing::error!(tenant.id = %tenant, file.id = %file, "the bytes of a file are not where they are kept");
        return Err(Error::NotFound);
    };
    Ok((stored, key.open(object, &bytes)?))
}
