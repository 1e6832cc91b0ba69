//! `gantry user`: what somebody with a shell on the server can do when mail does not work. Every act
//! is in the audit log as a rescue. The server may be running.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use gantry_identity::import::{self, Format};
use gantry_identity::{NewUser, Rescued, calibrate};
use gantry_kernel::{Email, Secret};

use super::CliError;
use super::context::{Context, block_on};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Make a confirmed account
    Create {
        /// Its address
        email: Email,
        /// The person's name
        #[arg(long)]
        name: String,
        /// Let the person operate the platform
        #[arg(long)]
        operator: bool,
        /// A file whose first line is the password; without it a one-time link to set one is printed
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Confirm the address of an account, as the link in its mail would. If several people signed up with
    /// it, none of their passwords counts and a one-time link to set one is printed
    Verify {
        /// The address
        email: Email,
    },
    /// Set a new password; all sessions end
    ResetPassword {
        /// The address
        email: Email,
        /// A file whose first line is the password; without it a one-time link to set one is printed
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Lift the locks that failed log-ins put on an account
    Unlock {
        /// The address
        email: Email,
    },
    /// Import accounts with the hashes of their passwords (bcrypt, Argon2i, Argon2id)
    ///
    /// The file has one account a line: JSON objects (.jsonl) or CSV with a header (.csv), with the fields email, name,
    /// hash (may be missing), verified (true or false) and workspace (may be missing). Addresses that have an account
    /// are not touched; bad lines are named and left out. A row that is not verified becomes a sign-up, whose mail is
    /// sent when the person asks for it.
    #[command(verbatim_doc_comment)]
    Import {
        /// The file
        file: PathBuf,
    },
    /// Measure on this machine what a password hash costs, and say what to configure
    HashCost {
        /// How long a hash may take, in milliseconds
        #[arg(long, value_name = "MS", default_value_t = 50, value_parser = clap::value_parser!(u64).range(5..=2_000))]
        target: u64,
        /// Threads that hash at once [default: one per core, as the server has]
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
        threads: Option<u16>,
    },
    /// Remove all second factors of an account, for somebody who lost them; all sessions end, and a mail says so
    DisableMfa {
        /// The address
        email: Email,
    },
}

impl Verb {
    pub(super) fn run(self, context: Context) -> Result<String, CliError> {
        block_on(async move {
            match self {
                Self::Create {
                    email,
                    name,
                    operator,
                    password_file,
                } => {
                    let name = name.parse().map_err(CliError::failed)?;
                    let password = password_file.as_deref().map(password).transpose()?;
                    let user = NewUser {
                        email,
                        name,
                        password,
                        operator,
                    };
                    let identity = context.assemble().await?.identity;
                    identity
                        .rescue_create(user)
                        .await
                        .map(done)
                        .map_err(CliError::failed)
                }
                Self::Verify { email } => {
                    let identity = context.assemble().await?.identity;
                    identity
                        .rescue_verify(&email)
                        .await
                        .map(done)
                        .map_err(CliError::failed)
                }
                Self::ResetPassword {
                    email,
                    password_file,
                } => {
                    let password = password_file.as_deref().map(password).transpose()?;
                    let identity = context.assemble().await?.identity;
                    identity
                        .rescue_password(&email, password)
                        .await
                        .map(done)
                        .map_err(CliError::failed)
                }
                Self::Unlock { email } => {
                    let identity = context.assemble().await?.identity;
                    let locks = identity.rescue_unlock(&email).await;
                    let locks = locks.map_err(CliError::failed)?;
                    Ok(format!("locks lifted: {locks}\n"))
                }
                Self::Import { file } => import(context, &file).await,
                Self::HashCost { target, threads } => hash_cost(target, threads),
                Self::DisableMfa { email } => {
                    let identity = context.assemble().await?.identity;
                    identity
                        .rescue_factors(&email)
                        .await
                        .map(done)
                        .map_err(CliError::failed)
                }
            }
        })
    }
}

async fn import(context: Context, file: &Path) -> Result<String, CliError> {
    let unreadable = |error| CliError::Failed(format!("cannot read {}: {error}", file.display()));
    let format = Format::of(file)
        .ok_or_else(|| CliError::failed("the name of the file must end in .jsonl or .csv"))?;
    let reader = BufReader::new(File::open(file).map_err(unreadable)?);
    let identity = context.assemble().await?.identity;
    let rows = import::rows(format, reader);
    let report = identity.import(rows).await.map_err(CliError::failed)?;
    let (added, known, refused) = (report.added, report.known, report.refused.len());
    let words = format!("{added} added, {known} known already, {refused} refused\n");
    if report.refused.is_empty() {
        return Ok(words);
    }
    for (line, error) in &report.refused {
        super::say(&format!("line {line}: {error}\n"));
    }
    Err(CliError::Failed(words.trim_end().to_owned()))
}

fn hash_cost(target: u64, threads: Option<u16>) -> Result<String, CliError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = threads.map_or(cores, usize::from);
    let target = Duration::from_millis(target);
    let measured = calibrate::measure(threads, target).map_err(CliError::failed)?;
    Ok(calibrate::report(&measured, threads, target))
}

fn password(file: &Path) -> Result<Secret<String>, CliError> {
    let text = std::fs::read_to_string(file)
        .map(Secret::new)
        .map_err(|error| CliError::Failed(format!("cannot read {}: {error}", file.display())))?;
    Ok(Secret::new(
        text.expose().lines().next().unwrap_or_default().to_owned(),
    ))
}

fn done(rescued: Rescued) -> String {
    match rescued.link {
        Some(link) => format!("{}\n{link}\n", rescued.identity),
        None => format!("{}\n", rescued.identity),
    }
}
