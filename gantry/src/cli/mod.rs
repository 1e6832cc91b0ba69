//! The command line. Answers go to standard output, words for people to standard error; exit codes
//! are those of [`StartError::exit_code`], 64 for a command line that cannot be understood, 1 when a
//! command found something wrong.
#![expect(
    clippy::doc_markdown,
    reason = "these comments become the help text of a terminal"
)]

mod auditlog;
mod backup;
mod config;
mod context;
mod doctor;
mod health;
mod jobs;
mod keys;
mod ledger;
mod mail;
mod openapi;
mod restore;
pub mod schema;
mod serve;
mod tenant;
mod user;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use gantry_runtime::{ConfigError, RegistryError, StartError};

use context::Context;

/// A production backend in one binary.
#[derive(Debug, Parser)]
#[command(
    name = "gantry",
    version,
    disable_help_subcommand = true,
    subcommand_required = true
)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    verb: Verb,
}

/// Where data and configuration are.
#[derive(Debug, Args)]
struct Place {
    /// The data directory [default: $GANTRY_DATA, else gantry-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration file [default: $GANTRY_CONFIG, else gantry.toml in the data directory if it
    /// is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the server until SIGTERM or Ctrl-C
    Serve(serve::Serve),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::Verb),
    /// Help somebody in without mail
    #[command(subcommand)]
    User(user::Verb),
    /// Mail
    #[command(subcommand)]
    Mail(mail::Verb),
    /// Keys: those that sign tokens, and the master keys
    #[command(subcommand)]
    Keys(keys::Verb),
    /// Background work
    #[command(subcommand)]
    Jobs(jobs::Verb),
    /// Tenants
    #[command(subcommand)]
    Tenant(tenant::Verb),
    /// The audit log
    #[command(subcommand)]
    Auditlog(auditlog::Verb),
    /// The ledger
    #[command(subcommand)]
    Ledger(ledger::Verb),
    /// Backups
    #[command(subcommand)]
    Backup(backup::Verb),
    /// Take a tenant back to a backup, or everything into an empty installation
    Restore(restore::Restore),
    /// Look at the configuration, the data and the surroundings, and say what is wrong and what to do about it; changes
    /// nothing
    Doctor(doctor::Doctor),
    /// Ask the server of this machine whether it is ready: ends with 0 or 1, for containers
    Healthcheck(health::Healthcheck),
    /// Print the OpenAPI document
    Openapi,
    /// Print the schema of the databases as Markdown with diagrams
    Schema,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{0}")]
    Failed(String),
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    fn failed(reason: impl std::fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Start(error) => error.exit_code(),
            Self::Failed(_) | Self::Output(_) => 1,
        }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Start(error.into())
    }
}

impl From<RegistryError> for CliError {
    fn from(error: RegistryError) -> Self {
        Self::Start(error.into())
    }
}

impl From<gantry_db::DbError> for CliError {
    fn from(error: gantry_db::DbError) -> Self {
        Self::Start(error.into())
    }
}

/// Runs the command of this process.
pub fn main() -> ExitCode {
    // Everything a command makes, databases and their logs too, is its owner's alone. The first thing done: threads and
    // files come later.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    // The first provider installed counts for the whole process. It can only be there already if
    // somebody calls this twice.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    run(std::env::args_os())
}

fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let refused = error.use_stderr();
            return match error.print() {
                Ok(()) if !refused => ExitCode::SUCCESS,
                _ => ExitCode::from(64),
            };
        }
    };
    match obey(cli) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("gantry: {error}\n"));
            ExitCode::from(error.exit_code())
        }
    }
}

fn obey(cli: Cli) -> Result<ExitCode, CliError> {
    let context = Context::new(cli.place)?;
    let answer = match cli.verb {
        Verb::Serve(serve) => return serve.run(context),
        Verb::Doctor(doctor) => return doctor.run(&context),
        Verb::Healthcheck(check) => return check.run(&context),
        Verb::Config(verb) => verb.run(&context)?,
        Verb::User(verb) => verb.run(context)?,
        Verb::Mail(verb) => verb.run(&context)?,
        Verb::Keys(verb) => verb.run(context)?,
        Verb::Jobs(verb) => verb.run(&context)?,
        Verb::Tenant(verb) => verb.run(context)?,
        Verb::Auditlog(verb) => verb.run(&context)?,
        Verb::Ledger(verb) => verb.run(&context)?,
        Verb::Backup(verb) => verb.run(&context)?,
        Verb::Restore(restore) => restore.run(&context)?,
        Verb::Openapi => openapi::run()?,
        Verb::Schema => schema::run()?,
    };
    let mut out = io::stdout().lock();
    out.write_all(answer.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Words for a person. Nobody may be there to read them, which is no reason to stop.
fn say(words: &str) {
    io::stderr().write_all(words.as_bytes()).ok();
}
