//! Streams of every temper.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_http::{EventSource, EventStream, Message, Query, Route, Routes, Seen, StreamCx};
use gantry_kernel::Problem;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::watch;

/// The length of what a flood says at once.
pub(crate) const WAVE: usize = 16 * 1024;

#[derive(Deserialize, JsonSchema)]
struct Kind {
    /// `quiet`, `flood`, `late`, `panic` or `fail`.
    kind: String,
}

/// What streams share with the test.
pub(super) struct Taps {
    /// Counts what floods were asked for.
    pub(super) waves: Arc<AtomicUsize>,
    /// See [`super::people::People`].
    pub(super) shut_out: Arc<watch::Sender<bool>>,
}

struct Source {
    kind: String,
    asked: usize,
    taps: Arc<Taps>,
}

impl EventSource for Source {
    fn load(&mut self) -> BoxFuture<'_, Result<bool, Problem>> {
        self.asked += 1;
        let outcome = match (self.kind.as_str(), self.asked) {
            ("flood", _) => {
                self.taps.waves.fetch_add(1, Ordering::Relaxed);
                Ok(true)
            }
            (_, 1) => Ok(true),
            // Something happens right after the caller lost the right to know of it.
            ("late", _) => {
                self.taps.shut_out.send_replace(true);
                Ok(true)
            }
            ("panic", _) => panic!("said in a stream"),
            ("fail", _) => Err(Problem::internal(std::io::Error::other("secret detail"))),
            _ => Ok(false),
        };
        std::future::ready(outcome).boxed()
    }

    fn tell(&mut self, seen: &Seen) -> Vec<Message> {
        let data = if self.kind == "flood" {
            "x".repeat(WAVE)
        } else {
            seen.principal.identity.to_string()
        };
        vec![Message {
            event: None,
            id: self.asked.to_string(),
            data: data.into(),
        }]
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        std::future::pending().boxed()
    }

    fn place(&self) -> String {
        self.asked.to_string()
    }
}

async fn flow(
    taps: Arc<Taps>,
    cx: StreamCx,
    Query(Kind { kind }): Query<Kind>,
) -> Result<EventStream<Source>, Problem> {
    let source = Source {
        kind,
        asked: 0,
        taps,
    };
    Ok(EventStream::new(cx.into_guard(), source))
}

/// The one route.
pub(super) fn routes(taps: Taps) -> Routes {
    Routes::new(Arc::new(taps))
        .route(
            Route::get("/api/v1/tenants/{tenant}/flow", "stream_flow")
                .member()
                .stream()
                .media(&["text/event-stream"])
                .handle(flow),
        )
        .finish()
}
