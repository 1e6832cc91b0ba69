//! Documents as PDF: A4 for an accountant, and 80 mm for the printer at the desk. Text stays text: it can be selected and searched.
//!
//! The font, Noto Sans Devanagari (SIL Open Font License, in `fonts`), has Latin letters, Devanagari and the rupee's sign. A letter of any other
//! script is shown as the font's empty box.

mod a4;
mod fonts;
mod sheet;
mod thermal;

use krilla::metadata::Metadata;

use crate::document::Document;
use fonts::Fonts;

/// What a document is printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// A sheet.
    A4,
    /// A roll of 80 mm; one page, as long as it must be.
    Thermal,
}

/// A document could not be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the document cannot be drawn: {0}")]
pub struct PdfError(String);

/// Draws a document. The same document gives the same pages always.
pub fn pdf(document: &Document, paper: Paper) -> Result<Vec<u8>, PdfError> {
    let fonts = Fonts::load()?;
    let pages = match paper {
        Paper::A4 => a4::pages(document, &fonts),
        Paper::Thermal => thermal::pages(document, &fonts),
    };
    let mut pdf = krilla::Document::new();
    pdf.set_metadata(
        Metadata::new()
            .title(format!("{} {}", document.title().as_str(), document.number))
            .authors(vec![document.seller.name.clone()])
            .language("en-IN".to_owned()),
    );
    for page in pages {
        page.draw(&mut pdf, &fonts)?;
    }
    pdf.finish().map_err(|error| PdfError(format!("{error:?}")))
}
