//! What tests share: databases on both engines, the real programs as processes, an API client, and
//! waiting with a bound.
//!
//! A broken expectation is a panic that says what was expected, what came, and where the test asked.
//! Only other processes are waited for; time inside a test belongs to the manual clock.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a library for tests: what does not hold ends the test"
)]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "which server and which programs to test is told by the environment, and a failed test \
              shows what the processes wrote"
)]

pub mod chromium;
pub mod client;
pub mod collector;
pub mod databases;
pub mod engines;
pub mod eventually;
pub mod openid;
pub mod passkey;
pub mod postgres;
pub mod process;
pub mod sound;
pub mod stage;
pub mod totp;

pub use chromium::Chromium;
pub use client::{Answer, Call, Client, Events, Owner, SecondFactor, ServerEvent};
pub use collector::Collector;
pub use databases::TestDatabases;
pub use eventually::eventually;
pub use gantry_db::Engine;
pub use openid::OpenIdProvider;
pub use passkey::SoftPasskey;
pub use postgres::postgres_url;
pub use process::{Mail, OpenIdPeers, PgBouncer, S3Peer, Server, ServerOptions, SmtpSim};
pub use sound::assert_sound;
pub use stage::Stage;
pub use totp::AuthenticatorApp;
