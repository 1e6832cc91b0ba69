//! Gantry put together: the list of modules, and the command line around it.
//!
//! Nothing here decides anything: what a module does is in its crate, how a process lives is in
//! `kit/runtime`. This is the only crate that names all modules, so that tests and tools can have
//! the same process as `gantry serve` without a second list.

mod app;
pub mod cli;
pub mod memory;
mod modules;
mod smoke;

pub use app::{App, Assembled};
