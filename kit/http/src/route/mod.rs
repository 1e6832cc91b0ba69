//! Routes as data: what a module offers, what each operation demands, and how requests find it.

mod access;
mod builder;
mod routes;
mod table;

pub use access::AccessRule;
#[doc(hidden)]
pub use access::Call;
pub(crate) use access::{Caller, Member};
pub use builder::{Bound, Declared, Route};
pub(crate) use routes::Endpoint;
pub use routes::{Options, Routes};
pub(crate) use table::Found;
pub use table::{BuildError, Table};
