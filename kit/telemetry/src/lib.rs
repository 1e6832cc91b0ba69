//! What a process measures about itself, and the trace that a request belongs to.
//!
//! Whoever does the work keeps its own counts ([`Histogram`], atomics) and never a lock on the way. A
//! [`Registry`] is handed around at start; what has something to tell joins it as a [`Source`], and is
//! asked only when somebody looks. Nothing here is global, and nothing is named by what a stranger sent:
//! labels come from the program's own text (route templates, tables, kinds of jobs).

mod family;
mod histogram;
mod history;
mod lookups;
mod process;
mod registry;
pub mod trace;

pub use family::{Family, Kind, Sample, Source, Value};
pub use histogram::{Histogram, Snapshot};
pub use history::{Cache, Health, History, Numbers, Point, Route, Table, Usage, Window};
pub use lookups::Lookups;
pub use process::Process;
pub use registry::{CONTENT_TYPE, Registry};
