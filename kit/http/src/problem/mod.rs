//! Problems on the wire (RFC 9457), and the register of every code with what it means.

pub mod codes;
mod registry;
mod render;

pub use registry::ErrorCode;
pub(crate) use registry::Registry;
pub(crate) use render::{Failure, Rendering, render};
