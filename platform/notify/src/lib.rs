//! Delivers what the outboxes of control and of every tenant ask for.
//!
//! A mail is an intent written in the transaction that wants it (kit/jobs); a `mail.deliver` job in
//! the same database leads here. Each attempt is committed as begun, prepared by the module that owns
//! its kind (which mints tokens only then), rendered, handed to the mail server, and concluded. The
//! `Message-ID` is fixed with the first attempt: should the connection break between the server's 250
//! and our commit, the mail goes out again under the same id.
//!
//! Notices (kit/notices), what people must not miss, are brought to control and shown here; see `notices`.
//!
//! Without a mail server mail is *held*: visible, and sent by itself once a server is configured.

mod api;
mod config;
mod error;
mod mail;
mod module;
mod notices;
mod permissions;
mod routes;

pub use config::{MailConfig, TlsMode};
pub use error::Error;
pub use mail::{Address, Mailer, RenderError, Rendered, SendError, Unfit, render};
pub use module::{Notify, jobs, module};
pub use notices::{Notices, NoticesConfig};
pub use routes::routes;

use gantry_db::Migrations;

/// The table of held places, in control.
pub const MIGRATIONS: Migrations = gantry_db::migrations! {
    module: "notify",
    control: ["0001_holds"],
    tenant: [],
};
