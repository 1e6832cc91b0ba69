//! Logs: lines on standard output, JSON for machines. What a person starting Gantry by hand should
//! read goes to standard error instead, so that neither has to be picked out of the other.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, reload};

use gantry_export::Listener;

use crate::config::Remark;

/// Logging.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// How much is logged: error, warn, info, debug or trace; may be finer per part of the program,
    /// as in `info,gantry_jobs=debug`. It can be changed while Gantry runs: see docs/operating.md.
    pub level: String,
    /// How a line looks: json for machines, text for a terminal, auto for text on a terminal and json
    /// anywhere else.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text on a terminal, JSON anywhere else.
    #[default]
    Auto,
    /// One JSON object per line.
    Json,
    /// For reading in a terminal.
    Text,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::default(),
        }
    }
}

impl LogSettings {
    pub(crate) fn review(&self) -> Vec<Remark> {
        let refused = |error: LevelError| Remark::Refused {
            key: "level",
            why: error.to_string(),
        };
        filter(&self.level).err().map(refused).into_iter().collect()
    }
}

/// What cannot be read as a level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LevelError(String);

/// A word alone that is no level would count as the name of a part of the program, and everything else would be silent.
fn filter(level: &str) -> Result<EnvFilter, LevelError> {
    for part in level.split(',').map(str::trim) {
        let bare = !part.contains(['=', '[']);
        if part.is_empty() || (bare && part.parse::<LevelFilter>().is_err()) {
            return Err(LevelError(format!(
                "{part:?} is no level: use error, warn, info, debug, trace or off, or name a part of the program as in \
                 info,gantry_jobs=debug"
            )));
        }
    }
    let parsed = EnvFilter::builder().parse(level);
    parsed.map_err(|error| LevelError(error.to_string()))
}

type Reload = dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync;

/// How much is logged, to be changed while the process runs. Clones change the same.
#[derive(Clone)]
pub struct LogControl(Arc<Control>);

struct Control {
    configured: String,
    current: Mutex<String>,
    /// `None` where somebody else decides what is logged.
    reload: Option<Box<Reload>>,
}

/// Why the level stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It cannot be read.
    #[error("the level cannot be used: {0}")]
    Level(#[from] LevelError),
    /// This process does not decide what is logged: it shares a program with another, or is a command.
    #[error("the log of this process is not its own")]
    NotOurs,
    /// The log is gone.
    #[error(transparent)]
    Gone(#[from] reload::Error),
}

impl LogControl {
    /// Of a process whose log is not its own.
    pub(crate) fn detached(configured: &str) -> Self {
        Self::new(configured, None)
    }

    fn new(configured: &str, reload: Option<Box<Reload>>) -> Self {
        Self(Arc::new(Control {
            configured: configured.to_owned(),
            current: Mutex::new(configured.to_owned()),
            reload,
        }))
    }

    /// The level of the configuration.
    pub fn configured(&self) -> &str {
        &self.0.configured
    }

    /// The level in force.
    pub fn level(&self) -> String {
        self.0
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether a level could be set, without setting it.
    pub fn check(&self, level: &str) -> Result<(), LogError> {
        filter(level)?;
        match self.0.reload {
            Some(_) => Ok(()),
            None => Err(LogError::NotOurs),
        }
    }

    /// Logs as much as `level` says from now on, until the process ends or somebody sets another.
    pub fn set(&self, level: &str) -> Result<(), LogError> {
        let filter = filter(level)?;
        let reload = self.0.reload.as_ref().ok_or(LogError::NotOurs)?;
        let mut current = self
            .0
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        reload(filter)?;
        level.clone_into(&mut current);
        drop(current);
        // As an error, so that it is seen at every level but `off`: a log that falls silent says why.
        tracing::error!(to = level, "the level of the log was changed");
        Ok(())
    }

    /// SIGUSR1 asks for `debug`, SIGUSR2 for what is configured.
    pub(crate) fn on_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        for (kind, level) in [
            (SignalKind::user_defined1(), "debug"),
            (SignalKind::user_defined2(), self.configured()),
        ] {
            let mut signals = signal(kind)?;
            let (control, level) = (self.clone(), level.to_owned());
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    if let Err(error) = control.set(&level) {
                        tracing::warn!(%error, "the level of the log stays as it is");
                    }
                }
            });
        }
        Ok(())
    }
}

impl fmt::Debug for LogControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogControl")
            .field("level", &self.level())
            .finish_non_exhaustive()
    }
}

/// Sends everything logged from now on to standard output, and to whoever else listens. Only the first call of a
/// process counts, so that tests may run several servers in one.
pub(crate) fn install(
    settings: &LogSettings,
    listeners: Vec<Listener>,
) -> Result<LogControl, LevelError> {
    let (filter, handle) = reload::Layer::new(filter(&settings.level)?);
    let json = match settings.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stdout().is_terminal(),
    };
    let mut layers = listeners;
    let lines = tracing_subscriber::fmt::layer()
        // A line that cannot be written (a full disk behind the output) would be reported on standard error, which
        // is likely full as well: that panics in whatever was about to log.
        .log_internal_errors(false)
        .with_writer(std::io::stdout);
    layers.push(if json {
        lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .boxed()
    } else {
        lines.boxed()
    });
    let installed = tracing_subscriber::registry()
        .with(layers)
        .with(filter)
        .try_init();
    match installed {
        Ok(()) => {
            tell_panics();
            let reload = move |filter| handle.reload(filter);
            Ok(LogControl::new(&settings.level, Some(Box::new(reload))))
        }
        Err(error) => {
            tracing::debug!(%error, "logging was already set up");
            Ok(LogControl::detached(&settings.level))
        }
    }
}

/// What the names of threads begin with that handle secrets.
pub const DISCREET: &str = "hash-";

/// A panic is a log line with its place. Its message is left out for threads that handle secrets: a failed slice of a
/// text, for one, quotes the text.
fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or_default();
        // Not `message`, which is the line's own.
        let said = match panic.payload_as_str() {
            _ if thread.starts_with(DISCREET) => "(not shown: this thread handles secrets)",
            said => said.unwrap_or_default(),
        };
        let place = panic.location().map(ToString::to_string);
        let backtrace = Backtrace::capture();
        let backtrace =
            (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        tracing::error!(thread, place, panic = said, backtrace, "panicked");
    }));
}
