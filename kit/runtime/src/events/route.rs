//! `GET /api/v1/tenants/{tenant}/events`.

use std::sync::Arc;

use gantry_db::{ControlDb, Tenants};
use gantry_events::Hub;
use gantry_http::{EventStream, Query, Route, Routes, StreamCx};
use gantry_kernel::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

use super::source::TenantEvents;

/// What streams read from.
pub(crate) struct Streaming {
    pub(crate) control: ControlDb,
    pub(crate) tenants: Tenants,
    pub(crate) hub: Hub,
}

const DESCRIPTION: &str = "\
Server-sent events (`text/event-stream`). `ready` comes first, with `resumed: true` where the stream goes on after \
`Last-Event-ID`; `reset` comes instead where it cannot (too long ago, another tenant, a restored tenant): read again \
what you show. Every event without a name is `{kind, at, subjects, unit}`: what happened and the ids it concerns; \
`subjects` is empty where there are too many to name. It is shown only to those who may read the subjects now. `end` \
comes last and says why; unless it says `reconnect: true`, coming back makes no sense before signing in again.";

/// The table.
pub(crate) fn routes(streaming: Arc<Streaming>) -> Routes {
    Routes::new(streaming)
        .route(
            Route::get("/api/v1/tenants/{tenant}/events", "stream_events")
                .member()
                .stream()
                .summary("What happens in the workspace, as it happens")
                .describe(DESCRIPTION)
                .media(&["text/event-stream"])
                .handle(stream_events),
        )
        .finish()
}

/// How to stream.
#[derive(Debug, Deserialize, JsonSchema)]
struct EventStreamQuery {
    /// `false` ends the stream when everything that is there was sent. Not set: it goes on.
    follow: Option<bool>,
}

async fn stream_events(
    streaming: Arc<Streaming>,
    cx: StreamCx,
    Query(how): Query<EventStreamQuery>,
) -> Result<EventStream<TenantEvents>, Problem> {
    let returns_to = cx.request.header("last-event-id").map(str::to_owned);
    let source = TenantEvents::begin(&streaming, &cx, returns_to.as_deref()).await?;
    let stream = EventStream::new(cx.into_guard(), source);
    Ok(if how.follow.unwrap_or(true) {
        stream
    } else {
        stream.without_waiting()
    })
}
