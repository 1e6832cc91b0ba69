//! Events on their way to whoever watches: given their order, told to the other processes, and streamed.

mod listen;
mod relay;
mod route;
mod source;

pub(crate) use listen::hear;
pub(crate) use relay::PROBE;
pub(crate) use relay::{Relaying, jobs};
pub(crate) use route::{Streaming, routes};
