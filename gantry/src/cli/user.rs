//! `gantry user`: what somebody with a shell on the server can do when mail does not work. Every act
//! is in the audit log as a rescue. The server may be running.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use gantry_identity::{NewUser, Rescued};
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
            }
        })
    }
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
