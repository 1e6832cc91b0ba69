//! What every product needs that writes invoices: GST worked out, numbers of parties and of documents, and the documents
//! themselves. Nothing here does I/O; who is charged and where things are stored is the products' affair.

mod amount;
mod document;
mod gstin;
mod pdf;
mod series;
mod tax;
mod words;

pub use amount::{in_words, plain, shown};
pub use document::{Document, Line, Paid, Party, Reference, Title, Totals};
pub use gstin::{Gstin, NotAGstin, NotAState, StateCode};
pub use pdf::{Paper, PdfError, pdf};
pub use series::{FiscalYear, Kind, NotAPrefix, Prefix};
pub use tax::{NotARate, Pricing, Rate, Supply, Taxed, fraction, tax};
pub use words::{Hsn, NotAnHsn};
