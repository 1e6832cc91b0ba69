//! Logs: JSON lines on standard output, for machines. What a person starting Gantry by hand should
//! read goes to standard error instead, so that neither has to be picked out of the other.

use std::backtrace::{Backtrace, BacktraceStatus};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::Remark;

/// Logging.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// How much is logged: error, warn, info, debug or trace; may be finer per part of the program,
    /// as in `info,gantry_jobs=debug`.
    pub level: String,
    /// How a line looks: json for machines, text for a terminal.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object per line.
    #[default]
    Json,
    /// For reading in a terminal.
    Text,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Json,
        }
    }
}

impl LogSettings {
    pub(crate) fn review(&self) -> Vec<Remark> {
        let refused = |error: ParseError| Remark::Refused {
            key: "level",
            why: error.to_string(),
        };
        self.filter().err().map(refused).into_iter().collect()
    }

    pub(crate) fn filter(&self) -> Result<EnvFilter, ParseError> {
        EnvFilter::builder().parse(&self.level)
    }
}

/// Sends everything logged from now on to standard output. Only the first call of a process counts,
/// so that tests may run several servers in one.
pub(crate) fn install(settings: &LogSettings) -> Result<(), ParseError> {
    let filter = settings.filter()?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A line that cannot be written (a full disk behind the output) would be reported on standard error, which
        // is likely full as well: that panics in whatever was about to log.
        .log_internal_errors(false)
        .with_writer(std::io::stdout);
    let installed = match settings.format {
        LogFormat::Json => subscriber
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init(),
        LogFormat::Text => subscriber.try_init(),
    };
    match installed {
        Ok(()) => tell_panics(),
        Err(error) => tracing::debug!(%error, "logging was already set up"),
    }
    Ok(())
}

/// What the names of threads begin with that handle secrets.
pub const DISCREET: &str = "hash-";

/// A panic is a log line with its place. Its message is left out for threads that handle secrets: a failed slice of a
/// text, for one, quotes the text.
fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or_default();
        let message = match panic.payload_as_str() {
            _ if thread.starts_with(DISCREET) => "(not shown: this thread handles secrets)",
            message => message.unwrap_or_default(),
        };
        let place = panic.location().map(ToString::to_string);
        let backtrace = Backtrace::capture();
        let backtrace =
            (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        tracing::error!(thread, place, message, backtrace, "panicked");
    }));
}
