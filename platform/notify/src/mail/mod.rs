//! From an intent to a mail server's 250.

mod compose;
mod dead;
mod deliver;
mod hold;
mod place;
mod render;
mod retention;
mod send;

pub use compose::{Address, Unfit};
pub(crate) use compose::{Letter, compose};
pub(crate) use deliver::{deliver, given_up};
pub(crate) use hold::{NOT_CONFIGURED, hold, places, release};
pub(crate) use place::write;
pub use render::{RenderError, Rendered, render};
pub(crate) use retention::{FORGET, forget};
pub use send::{Mailer, SendError};
