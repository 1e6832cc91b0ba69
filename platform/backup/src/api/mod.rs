//! What operators and owners see of backups, and what operators ask for.

pub(crate) mod ask;
pub(crate) mod list;
pub(crate) mod own;
mod views;

pub(crate) use views::RestoredView;
