//! Measures the real `gantry` program from outside, over HTTP, and writes `docs/benchmarks.md`.
//!
//! The load comes from processes of its own (this program again, as `gantry-bench load`), so that what the
//! server uses is told apart from what asking it costs.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks through its standard streams"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "real time is what is measured here; no server code runs"
)]

mod failure;
mod fleet;
mod http;
mod identity;
mod length;
mod load;
mod machine;
mod people;
mod proc;
mod program;
mod records;
mod report;
mod stage;

use std::process::ExitCode;

use clap::Parser;

use failure::Outcome;

#[derive(Parser)]
#[command(name = "gantry-bench")]
enum Command {
    /// Refresh, the cost of authentication, a flood of wrong log-ins, memory.
    Identity(identity::Options),
    /// Records through the API, beside `PocketBase`.
    Records(records::Options),
    /// Ten thousand tenants in a folder: how soon the program is ready beside them.
    Fleet(fleet::Options),
    /// The load itself: a plan on standard input, what came of it on standard output.
    #[command(hide = true)]
    Load,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done: Outcome<()> = match Command::parse() {
        Command::Identity(options) => identity::run(options).await,
        Command::Records(options) => records::run(options).await,
        Command::Fleet(options) => fleet::run(options).await,
        Command::Load => load::process::serve().await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("gantry-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}
