//! Gantry as its users meet it: the real program over HTTP, on both engines, with real mail.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "what does not hold ends the test, and what it saw is shown"
)]

mod attacks;
mod browser;
mod faults;
mod matrix;
mod notices;
mod openid;
mod pooler;
mod steps;
mod story;
mod streams;
mod telemetry;
mod torture;
mod tour;
