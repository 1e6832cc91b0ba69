//! Students: who studies here, found by name, code or phone, each in one branch.
//!
//! A student is the pair of phone and name: siblings share a parent's phone, so the phone alone is not
//! unique, and the same name on the same phone is the same person entered twice.

pub mod api;
pub mod flow;
pub mod list;
mod model;
pub mod neighbours;
pub mod store;

pub(crate) use model::stored_words;
pub use model::{
    Code, Gender, MAX_NAME, Name, NotACode, NotNotes, Notes, Status, Student, StudentFields,
    StudentId, has_letters,
};
