//! What leaves the process about itself: traces and logs to a collector of OpenTelemetry, errors to a tracker that
//! speaks Sentry's wire format. All of it is off unless configured.
//!
//! Nothing here may slow or break a request: what is told goes into a bounded queue, a task of its own sends it, and what
//! does not fit (a collector that hangs, is gone or refuses) is dropped and counted.
//!
//! The official exporter of OpenTelemetry was weighed: with it come some sixty crates, a second HTTP client with it, and
//! a second model of spans beside `tracing`. The part of the format that is needed, two messages of protobuf, is small
//! ([`otlp`]), and goes over the one HTTP client and the one TLS stack there are.

pub mod errors;
mod fields;
pub mod otlp;
mod queue;
mod scrub;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use gantry_kernel::Kernel;
use gantry_outbound::Poster;
use gantry_telemetry::Source;
use gantry_telemetry::trace::Recorder;
use tracing_subscriber::{Layer, Registry};

pub use queue::Counts;
pub use scrub::scrub;
pub use settings::{ErrorSettings, OtlpSettings, SettingsError};

/// How long what is queued may take to leave when the process ends.
const FAREWELL: Duration = Duration::from_secs(3);

/// What listens to the log.
pub type Listener = Box<dyn Layer<Registry> + Send + Sync>;

/// The exports of a process.
#[derive(Default)]
pub struct Exports {
    listeners: Vec<Listener>,
    recorder: Option<Arc<dyn Recorder>>,
    counts: Vec<Arc<Counts>>,
    tasks: Vec<queue::Task>,
}

impl std::fmt::Debug for Exports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exports")
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}

impl Exports {
    /// Starts what is configured, on the current runtime.
    pub fn start(
        otlp: &OtlpSettings,
        errors: &ErrorSettings,
        poster: &Poster,
        kernel: &Kernel,
    ) -> Result<Self, SettingsError> {
        let mut exports = Self::default();
        if let Some(target) = otlp.target()? {
            let target = Arc::new(target);
            if otlp.traces {
                let (queue, task) = otlp::traces(&target, poster, otlp);
                exports.counts.push(queue.counts());
                exports.tasks.push(task);
                exports.recorder = Some(Arc::new(otlp::Spans::new(queue, otlp.sample)));
            }
            if otlp.logs {
                let (queue, task) = otlp::logs(&target, poster, otlp);
                exports.counts.push(queue.counts());
                exports.tasks.push(task);
                let listener = otlp::Logs::new(queue, kernel.clone());
                exports.listeners.push(Box::new(listener));
            }
        }
        if let Some(tracker) = errors.tracker()? {
            let (listener, counts, task) = errors::start(tracker, errors, poster, kernel);
            exports.counts.push(counts);
            exports.tasks.push(task);
            exports.listeners.push(Box::new(listener));
        }
        Ok(exports)
    }

    /// What has to hear of every line of the log.
    pub fn take_listeners(&mut self) -> Vec<Listener> {
        std::mem::take(&mut self.listeners)
    }

    /// Who wants to hear of spans, if anybody does.
    pub fn recorder(&self) -> Option<Arc<dyn Recorder>> {
        self.recorder.clone()
    }

    /// What was sent and what was dropped.
    pub fn measures(&self) -> impl Iterator<Item = Arc<dyn Source>> {
        self.counts
            .iter()
            .map(|counts| Arc::clone(counts) as Arc<dyn Source>)
    }

    /// Sends what is queued, for a few seconds at most.
    pub async fn close(mut self) {
        for task in &self.tasks {
            task.ask_to_end();
        }
        let ended = async {
            for task in &mut self.tasks {
                task.ended().await;
            }
        };
        // Whoever waits for a process to end does not wait for its telemetry.
        tokio::time::timeout(FAREWELL, ended).await.ok();
    }
}
