//! What `cargo xtask` asks about PostgreSQL, so that its rules live in one place: `find` prints the
//! URL of a usable server, `create` that of a new database there, `drop` removes that one with all
//! that belong to it, `sweep` drops what killed runs left.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks through its standard streams"
)]

use std::process::ExitCode;

use gantry_testkit::postgres::{PostgresError, create, drop_family, find, fresh_name, sweep};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["create"] => done(created().await),
        ["drop", url] => done(dropped(url).await),
        ["find"] => done(find().await.map(|url| println!("{url}"))),
        ["sweep"] => done(swept().await),
        _ => {
            eprintln!("usage: gantry-test-postgres find | create | drop URL | sweep");
            ExitCode::FAILURE
        }
    }
}

async fn created() -> Result<(), PostgresError> {
    let url = create(&find().await?, &fresh_name()).await?;
    println!("{url}");
    Ok(())
}

async fn dropped(url: &str) -> Result<(), PostgresError> {
    let path = url.rsplit('/').next().unwrap_or_default();
    drop_family(&find().await?, path.split('?').next().unwrap_or_default()).await
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
