//! `GET /billing-documents/{document}/pdf`

use std::sync::Arc;

use gantry_http::{Download, Path, Query, TenantCx};
use gantry_invoices::{Paper, pdf};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DocumentId;
use super::api::find;
use crate::money::error::Error;
use crate::student::stored_words;

stored_words! {
    /// What a document is printed on.
    PaperKind {
        /// Sheets of A4.
        A4 = "a4",
        /// A roll of 80 mm.
        Thermal = "thermal",
    }
}

/// What a document is printed on.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub struct PrintOn {
    /// `a4` when absent.
    #[serde(default)]
    pub paper: Option<PaperKind>,
}

/// The document as it was issued, for a printer.
pub async fn print<S>(
    _: Arc<S>,
    cx: TenantCx,
    (Path(id), Query(query)): (Path<DocumentId>, Query<PrintOn>),
) -> Result<Download, Error> {
    let whole = find(&cx, id).await?;
    let paper = match query.paper.unwrap_or(PaperKind::A4) {
        PaperKind::A4 => Paper::A4,
        PaperKind::Thermal => Paper::Thermal,
    };
    let document = whole.document;
    // Drawing takes some milliseconds, which the threads that answer others are not to spend.
    let drawn = tokio::task::spawn_blocking(move || pdf(&document, paper)).await;
    let bytes = drawn
        .map_err(|error| Error::Document(error.to_string()))?
        .map_err(|error| Error::Document(error.to_string()))?;
    let name = format!("{}.pdf", whole.issued.number.replace('/', "-"));
    Ok(Download::new(name, "application/pdf", bytes))
}
