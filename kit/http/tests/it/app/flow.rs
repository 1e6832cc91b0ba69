//! Streams of every temper.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_http::{EventSource, EventStream, Message, Query, Route, Routes, Seen, StreamCx};
use gantry_kernel::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

/// The length of what a flood says at once.
pub(crate) const WAVE: usize = 16 * 1024;

#[derive(Deserialize, JsonSchema)]
struct Kind {
    /// `quiet`, `flood`, `panic` or `fail`.
    kind: String,
}

struct Source {
    kind: String,
    asked: usize,
    waves: Arc<AtomicUsize>,
}

impl EventSource for Source {
    fn next<'a>(&'a mut self, seen: &'a Seen) -> BoxFuture<'a, Result<Vec<Message>, Problem>> {
        self.asked += 1;
        let said = |data: String| {
            vec![Message {
                event: None,
                id: self.asked.to_string(),
                data: data.into(),
            }]
        };
        let outcome = match (self.kind.as_str(), self.asked) {
            ("flood", _) => {
                self.waves.fetch_add(1, Ordering::Relaxed);
                Ok(said("x".repeat(WAVE)))
            }
            (_, 1) => Ok(said(seen.principal.identity.to_string())),
            ("panic", _) => panic!("said in a stream"),
            ("fail", _) => Err(Problem::internal(std::io::Error::other("secret detail"))),
            _ => Ok(Vec::new()),
        };
        std::future::ready(outcome).boxed()
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        std::future::pending().boxed()
    }

    fn place(&self) -> String {
        self.asked.to_string()
    }
}

async fn flow(
    waves: Arc<AtomicUsize>,
    cx: StreamCx,
    Query(Kind { kind }): Query<Kind>,
) -> Result<EventStream<Source>, Problem> {
    let source = Source {
        kind,
        asked: 0,
        waves,
    };
    Ok(EventStream::new(cx.into_guard(), source))
}

/// `waves` counts what floods were asked for.
pub(super) fn routes(waves: Arc<AtomicUsize>) -> Routes {
    Routes::new(waves)
        .route(
            Route::get("/api/v1/tenants/{tenant}/flow", "stream_flow")
                .member()
                .stream()
                .media(&["text/event-stream"])
                .handle(flow),
        )
        .finish()
}
