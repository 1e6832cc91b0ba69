//! Bringing a hall's existing list in: upload, mapping, dry run, run, undo.

pub mod api;
pub mod flow;
pub mod job;
mod model;
pub mod plan;
pub mod read;
pub mod run;
pub mod store;
pub mod undo;

pub use model::{
    FileColumn, Import, ImportId, ImportRow, MAX_FILE, Outcome, State, Tally, UploadFault,
};
