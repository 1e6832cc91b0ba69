//! `gantry mail`.

use clap::Subcommand;
use gantry_kernel::{Email, Kernel};
use gantry_notify::{MailConfig, Mailer};

use super::CliError;
use super::context::{Context, block_on};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Send a test mail now, past the queue, and say what the mail server answered
    Test {
        /// To whom
        to: Email,
    },
}

impl Verb {
    pub(super) fn run(self, context: &Context) -> Result<String, CliError> {
        let Self::Test { to } = self;
        let config = context.config()?;
        let settings = config.section::<MailConfig>("mail")?;
        block_on(async move {
            let mailer = Mailer::new(&settings).map_err(CliError::failed)?;
            mailer
                .send_test(&Kernel::system(), &to)
                .await
                .map_err(CliError::failed)?;
            Ok(format!("the mail server took the mail to {to}\n"))
        })
    }
}
