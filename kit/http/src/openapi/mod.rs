//! The `OpenAPI` 3.1 document, emitted from the route table: the same types that decode and encode describe
//! themselves, so the document cannot say something else than the server does.

mod closed;
mod describe;
mod document;
mod page;
mod schemas;

pub use describe::Describe;
pub(crate) use describe::describe;
pub(crate) use document::document;
pub(crate) use page::{DOCS_CSS, docs_page, escape, html};
pub(crate) use schemas::Schemas;
