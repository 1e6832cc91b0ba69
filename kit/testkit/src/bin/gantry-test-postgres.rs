//! What `cargo xtask` asks about PostgreSQL, so that its rules live in one place: `find` prints the
//! URL of a usable server, `sweep` drops what killed runs left there.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks through its standard streams"
)]

use std::process::ExitCode;

use gantry_testkit::postgres::{PostgresError, find, sweep};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("find") => done(find().await.map(|url| println!("{url}"))),
        Some("sweep") => done(swept().await),
        _ => {
            eprintln!("usage: gantry-test-postgres find | sweep");
            ExitCode::FAILURE
        }
    }
}

async fn swept() -> Result<(), PostgresError> {
    let count = sweep(&find().await?).await?;
    if count > 0 {
        println!("   dropped {count} databases of runs that were killed");
    }
    Ok(())
}

fn done(result: Result<(), PostgresError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("   {error}");
            ExitCode::FAILURE
        }
    }
}
