//! Errors to a tracker in Sentry's wire format: whatever the program logs as an error, which are requests answered with
//! 500, panics, jobs given up, and what else somebody should look at.

mod dsn;
mod event;
mod limits;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use gantry_kernel::Kernel;
use gantry_outbound::{Post, Poster};
use gantry_telemetry::trace::TraceContext;
use http::{HeaderValue, StatusCode, header};
use tracing::{Event, Level, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

pub(crate) use dsn::Dsn;
use event::{EventId, Report};
use limits::PerMinute;

use crate::fields::Fields;
use crate::queue::{self, Batch, Counts, Queue, Task};
use crate::settings::ErrorSettings;

/// Errors that may wait; each is a few kilobytes.
const ROOM: usize = 256;
/// For one try to send one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hears of errors.
pub(crate) struct Errors {
    queue: Queue<Report>,
    kernel: Kernel,
    limit: PerMinute,
    counts: Arc<Counts>,
}

pub(crate) fn start(
    tracker: Dsn,
    settings: &ErrorSettings,
    poster: &Poster,
    kernel: &Kernel,
) -> (Errors, Arc<Counts>, Task) {
    let counts = Counts::new("errors");
    let sender = Arc::new(Sender {
        tracker,
        environment: settings.environment.clone(),
        poster: poster.clone(),
        kernel: kernel.clone(),
        counts: Arc::clone(&counts),
        silent_until: tokio::sync::Mutex::default(),
    });
    let batch = Batch {
        room: ROOM,
        most: 1,
        every: Duration::ZERO,
    };
    let (queue, task) = queue::start(Arc::clone(&counts), batch, move |reports: Vec<Report>| {
        let sender = Arc::clone(&sender);
        async move {
            for report in reports {
                sender.send(report).await;
            }
        }
    });
    let errors = Errors {
        queue,
        kernel: kernel.clone(),
        limit: PerMinute::new(settings.per_minute),
        counts: Arc::clone(&counts),
    };
    (errors, counts, task)
}

impl<S> Layer<S> for Errors
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, cx: Context<'_, S>) {
        Fields::keep(attributes, id, &cx);
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        let fields = Fields::of(event, &cx);
        // That somebody changed how much is logged is told as an error to be seen, and is none.
        if fields.message == "the level of the log was changed" {
            return;
        }
        if !self.limit.admits(self.kernel.clock.monotonic()) {
            self.counts.dropped(1);
            return;
        }
        let trace = TraceContext::current();
        self.queue.put(Report {
            id: self.kernel.id::<EventId>(),
            at: self.kernel.now(),
            target: event.metadata().target(),
            trace: trace.map(|trace| (trace.trace_hex(), trace.span_hex())),
            fields,
        });
    }
}

struct Sender {
    tracker: Dsn,
    environment: String,
    poster: Poster,
    kernel: Kernel,
    counts: Arc<Counts>,
    /// On the monotonic clock: the tracker asked not to be sent anything before.
    silent_until: tokio::sync::Mutex<Duration>,
}

impl Sender {
    /// Sends once: an error that cannot be told now is in the log, and the next one comes soon enough.
    async fn send(&self, report: Report) {
        let mut silent_until = self.silent_until.lock().await;
        if self.kernel.clock.monotonic() < *silent_until {
            self.counts.dropped(1);
            return;
        }
        let Some(post) = self.post(&report) else {
            self.counts.failed(1);
            return;
        };
        match self.poster.post(post, PATIENCE).await {
            Ok(answer) => {
                let refused = answer.status == StatusCode::TOO_MANY_REQUESTS;
                if let Some(pause) = limits::pause(refused, &answer.headers) {
                    *silent_until = self.kernel.clock.monotonic() + pause;
                }
                if answer.status.is_success() {
                    self.counts.sent(1);
                } else {
                    tracing::warn!(
                        status = answer.status.as_u16(),
                        "the error tracker refuses an error"
                    );
                    self.counts.failed(1);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the error tracker does not answer");
                self.counts.failed(1);
            }
        }
    }

    fn post(&self, report: &Report) -> Option<Post> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&report.envelope(&self.environment)).ok()?;
        let body = packed.finish().ok()?;
        let auth = format!(
            "Sentry sentry_version=7, sentry_client=gantry/{}, sentry_key={}",
            env!("CARGO_PKG_VERSION"),
            self.tracker.key.expose()
        );
        let mut auth = HeaderValue::try_from(auth).ok()?;
        auth.set_sensitive(true);
        Some(Post {
            url: self.tracker.endpoint.clone(),
            headers: vec![
                (
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/x-sentry-envelope"),
                ),
                (header::CONTENT_ENCODING, HeaderValue::from_static("gzip")),
                (http::HeaderName::from_static("x-sentry-auth"), auth),
            ],
            body: Bytes::from(body),
        })
    }
}
