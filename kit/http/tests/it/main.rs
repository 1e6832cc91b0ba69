//! The HTTP edge from outside: a small module of routes behind the real pipeline, and behind a real socket where the
//! bytes on the wire matter.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what does not hold ends the test"
)]

mod app;
mod body;
mod browser;
mod guard;
mod head;
mod idempotency;
mod limiter;
mod limits;
mod lists;
mod log;
mod metrics;
mod openapi;
mod output;
mod server;
mod site;
mod stopping;
mod streams;
mod table;
mod windows;
mod wire;
