//! `gantry config`: nothing here opens a database.

use std::fmt::Write;

use clap::Subcommand;

use super::CliError;
use super::context::Context;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Say whether the configuration can be used, and what is not configured
    Check,
    /// Print every value in force and where it comes from; secrets are masked
    Print,
    /// Print a documented configuration file with every key at its default
    Example,
    /// Print docs/configuration.md: every key with its meaning, as Markdown
    Reference,
}

impl Verb {
    pub(super) fn run(self, context: &Context) -> Result<String, CliError> {
        match self {
            Self::Check => {
                let config = context.config()?;
                let mut text = String::from("the configuration can be used\n");
                for (what, meaning) in config.missing() {
                    // Writing to a String cannot fail.
                    writeln!(text, "- {what} is not configured: {meaning}").ok();
                }
                Ok(text)
            }
            Self::Print => Ok(context.config()?.print()),
            Self::Example => Ok(context.app.model().example()),
            Self::Reference => Ok(context.app.model().reference()),
        }
    }
}
