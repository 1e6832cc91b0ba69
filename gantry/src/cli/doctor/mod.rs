//! `gantry doctor`: looks at everything a server needs before somebody misses it. It changes nothing: no migration runs, no
//! key is made, no mail is sent; where something must be writable, it writes and removes a file or an object of its own.

mod backups;
mod data;
mod outside;
mod place;
mod report;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use gantry_runtime::Config;

use super::CliError;
use super::context::{Context, block_on};
use report::Report;

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Ends with 1 when something fails; a warning alone is no reason to stop a deployment.
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, CliError> {
        let report = block_on(async { Ok(examine(context).await) })?;
        let text = if self.json {
            report.json()
        } else {
            report.lines()
        };
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(if report.failed() {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

async fn examine(context: &Context) -> Report {
    let mut report = Report::default();
    let config = match context.config() {
        Ok(config) => config,
        Err(error) => {
            report.fail(
                "configuration",
                error.to_string(),
                "correct it; gantry config example shows every key",
            );
            return report;
        }
    };
    configuration(&config, &mut report);
    place::examine(context, &config, &mut report);
    data::examine(context, &config, &mut report).await;
    outside::examine(&config, &mut report).await;
    report
}

fn configuration(config: &Config, report: &mut Report) {
    report.ok("configuration", "it can be used");
    for (what, meaning) in config.missing() {
        report.warn(
            "configuration",
            format!("{what} is not configured: {meaning}"),
            "configure it, or leave it if that is meant",
        );
    }
}
