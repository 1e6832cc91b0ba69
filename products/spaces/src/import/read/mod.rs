//! From the bytes somebody uploaded to typed rows or precise faults. Nothing here touches a database or a
//! clock, so the same file read twice gives the same answer: resuming a half-done import rests on that.
//!
//! `encoding` makes text, `separator` and `records` make rows of cells, `sheet` finds the header,
//! `field` knows what columns are called, `mapping` says which one means what, and `row` with `date` (and the crate's `phone`) makes values.

pub mod date;
pub mod encoding;
pub mod fault;
mod field;
pub mod mapping;
pub mod records;
pub mod row;
pub mod separator;
pub mod sheet;
mod value;

pub use encoding::{Encoding, decode};
pub use fault::{Fault, FileFault};
pub use field::Field;
pub use mapping::{BadMapping, Mapping};
pub use row::{Draft, Reader};
pub use separator::Separator;
pub use sheet::Sheet;
