//! OTLP over HTTP in protobuf (opentelemetry-proto 1.x): what is written, and how it is sent.

mod logs;
mod spans;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gantry_outbound::{Post, Poster};
use http::{HeaderName, HeaderValue, StatusCode, header};
use url::Url;

use crate::queue::{self, Batch, Counts, Queue, Task};
use crate::settings::{OtlpSettings, Target};

pub(crate) use logs::{Logs, Record};
pub(crate) use spans::Spans;
use wire::Message;

/// The most that is sent at once.
const MOST: usize = 512;
/// How long the first of a batch waits for others.
const EVERY: Duration = Duration::from_secs(2);
/// For one try to send a batch.
const PATIENCE: Duration = Duration::from_secs(10);
/// Tries to send a batch; then it is dropped.
const TRIES: u32 = 4;
/// Before the second try; doubled for each further one.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest that a collector can make us wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

fn batch(settings: &OtlpSettings) -> Batch {
    Batch {
        room: settings.queue,
        most: MOST.min(settings.queue.max(1)),
        every: EVERY,
    }
}

pub(crate) fn traces(
    target: &Arc<Target>,
    poster: &Poster,
    settings: &OtlpSettings,
) -> (Queue<gantry_telemetry::trace::Span>, Task) {
    let sender = Sender::new(target, poster, "v1/traces", "traces");
    let counts = Arc::clone(&sender.counts);
    queue::start(counts, batch(settings), move |spans: Vec<_>| {
        let sender = Arc::clone(&sender);
        async move { sender.send(spans.len(), spans::encode(&spans)).await }
    })
}

pub(crate) fn logs(
    target: &Arc<Target>,
    poster: &Poster,
    settings: &OtlpSettings,
) -> (Queue<Record>, Task) {
    let sender = Sender::new(target, poster, "v1/logs", "logs");
    let counts = Arc::clone(&sender.counts);
    queue::start(counts, batch(settings), move |records: Vec<_>| {
        let sender = Arc::clone(&sender);
        async move { sender.send(records.len(), logs::encode(&records)).await }
    })
}

struct Sender {
    poster: Poster,
    url: Url,
    headers: Vec<(HeaderName, HeaderValue)>,
    counts: Arc<Counts>,
}

impl Sender {
    fn new(target: &Target, poster: &Poster, path: &str, signal: &'static str) -> Arc<Self> {
        let mut url = target.base.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{path}"));
        let mut headers = vec![(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-protobuf"),
        )];
        headers.extend(target.headers.iter().cloned());
        Arc::new(Self {
            poster: poster.clone(),
            url,
            headers,
            counts: Counts::new(signal),
        })
    }

    /// Sends, and again where the collector asks for it or does not answer; never beyond a bound.
    async fn send(&self, items: usize, body: Vec<u8>) {
        let body = Bytes::from(body);
        let mut pause = PAUSE;
        for attempt in 1..=TRIES {
            let post = Post {
                url: self.url.clone(),
                headers: self.headers.clone(),
                body: body.clone(),
            };
            let wait = match self.poster.post(post, PATIENCE).await {
                Ok(answer) if answer.status.is_success() => {
                    self.counts.sent(items);
                    return;
                }
                Ok(answer) if is_retryable(answer.status) => {
                    tracing::debug!(
                        status = answer.status.as_u16(),
                        "the collector asks to come again"
                    );
                    answer.retry_after().unwrap_or(pause)
                }
                Ok(answer) => {
                    tracing::warn!(
                        status = answer.status.as_u16(),
                        "the collector refuses telemetry"
                    );
                    break;
                }
                Err(error) => {
                    tracing::debug!(%error, "the collector does not answer");
                    pause
                }
            };
            if attempt < TRIES {
                tokio::time::sleep(wait.min(LONGEST_PAUSE)).await;
                pause *= 2;
            }
        }
        self.counts.failed(items);
    }
}

/// What the protocol names as worth another try.
fn is_retryable(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// A `Resource`: which program this is.
fn resource(message: &mut Message, field: u32) {
    message.message(field, |resource| {
        resource.attribute(1, "service.name", "gantry");
        resource.attribute(1, "service.version", env!("CARGO_PKG_VERSION"));
    });
}

/// An `InstrumentationScope`.
fn scope(message: &mut Message, field: u32) {
    message.message(field, |scope| {
        scope.text(1, "gantry");
        scope.text(2, env!("CARGO_PKG_VERSION"));
    });
}

/// Nanoseconds since 1970.
fn nanos(at: gantry_kernel::Timestamp) -> u64 {
    u64::try_from(at.as_micros())
        .unwrap_or_default()
        .saturating_mul(1_000)
}
