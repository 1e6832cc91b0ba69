//! An open stream, as the answer of a handler.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use gantry_db::panic_text;
use gantry_kernel::Problem;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::time::Instant;

use super::guard::{Seen, StreamGuard};
use super::{Message, RETRY, frame};
use crate::openapi::Describe;
use crate::output::{Reply, Response, ResponseBody};

/// nginx and others that learnt it from there hand on what they get without gathering it.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Where the events of a stream come from.
pub trait EventSource: Send + 'static {
    /// Reads what is there now, at most a screenful, and says whether it was anything. It is asked again until it was
    /// not, and then after [`EventSource::wait`].
    fn load(&mut self) -> BoxFuture<'_, Result<bool, Problem>>;

    /// Of what was just loaded, what `seen` may know, who was looked up after it was read: what follows the loss of a
    /// right is not told to who lost it.
    fn tell(&mut self, seen: &Seen) -> Vec<Message>;

    /// Completes when there may be more. It may be dropped and asked again without losing anything.
    fn wait(&mut self) -> BoxFuture<'_, ()>;

    /// The id to which a client that is cut off now would return.
    fn place(&self) -> String;
}

/// A stream of server-sent events.
pub struct EventStream<S> {
    guard: StreamGuard,
    source: S,
    follow: bool,
}

impl<S: EventSource> EventStream<S> {
    /// Events of `source` for as long as the caller may read and stays.
    pub fn new(guard: StreamGuard, source: S) -> Self {
        Self {
            guard,
            source,
            follow: true,
        }
    }

    /// Ends when everything that is there was handed over.
    #[must_use]
    pub fn without_waiting(mut self) -> Self {
        self.follow = false;
        self
    }
}

impl<S> std::fmt::Debug for EventStream<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream")
            .field("guard", &self.guard)
            .field("follow", &self.follow)
            .finish_non_exhaustive()
    }
}

impl<S: EventSource> Reply for EventStream<S> {
    fn respond(self) -> Result<Response, Problem> {
        let flow = Flow {
            beat: self.guard.next_beat(),
            guard: self.guard,
            source: self.source,
            follow: self.follow,
            state: State::New,
            look: true,
        };
        let pieces = AssertUnwindSafe(stream::unfold(flow, Flow::step))
            .catch_unwind()
            .filter_map(|piece| {
                // After a panic nothing follows.
                let piece = piece.inspect_err(|panic| {
                    let panic = panic_text(panic.as_ref());
                    tracing::error!(panic, "an event stream panicked");
                });
                std::future::ready(piece.ok())
            });
        let mut response = Response::new(ResponseBody::coming(pieces.boxed()));
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        );
        headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
        Ok(response)
    }

    fn describe(operation: &mut Describe<'_>) {
        operation.binary_response(StatusCode::OK, "text/event-stream");
    }
}

enum State {
    New,
    Open,
    Over,
}

/// A stream under way.
struct Flow<S> {
    guard: StreamGuard,
    source: S,
    follow: bool,
    state: State,
    /// There may be something that was not handed over yet.
    look: bool,
    /// When silence has lasted long enough.
    beat: Instant,
}

impl<S: EventSource> Flow<S> {
    /// The next piece, once there is one.
    async fn step(mut self) -> Option<(Bytes, Self)> {
        match self.state {
            State::Over => return None,
            State::New => {
                self.state = State::Open;
                return Some((frame::retry(RETRY).into(), self));
            }
            State::Open => {}
        }
        loop {
            if self.guard.draining() {
                return Some(self.end(frame::stopping()));
            }
            if let Err(problem) = self.guard.check().await {
                return Some(self.end(frame::end(&problem)));
            }
            if self.look {
                match self.take().await {
                    Ok(None) => self.look = false,
                    Ok(Some(messages)) if messages.is_empty() => continue,
                    Ok(Some(messages)) => return Some(self.hand_over(&messages)),
                    Err(problem) => return Some(self.end(frame::end(&problem))),
                }
            }
            if !self.follow {
                return None;
            }
            if self.beat <= Instant::now() {
                let bytes = frame::beat(&self.source.place());
                self.beat = self.guard.next_beat();
                return Some((bytes, self));
            }
            let until = self.beat.min(self.guard.next_check());
            tokio::select! {
                () = self.source.wait() => self.look = true,
                () = self.guard.disturbed() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    /// What the caller may know of what is there, or `None` when nothing is.
    async fn take(&mut self) -> Result<Option<Vec<Message>>, Problem> {
        if !self.source.load().await.map_err(hide)? {
            return Ok(None);
        }
        let seen = self.guard.look().await?;
        Ok(Some(self.source.tell(seen)))
    }

    fn hand_over(mut self, messages: &[Message]) -> (Bytes, Self) {
        let mut text = String::new();
        for message in messages {
            message.write(&mut text);
        }
        self.beat = self.guard.next_beat();
        (text.into(), self)
    }

    fn end(mut self, last: Bytes) -> (Bytes, Self) {
        self.state = State::Over;
        (last, self)
    }
}

/// What went wrong inside is for the log, and may be over soon.
fn hide(problem: Problem) -> Problem {
    if problem.kind == gantry_kernel::Kind::Internal {
        tracing::error!(error = %problem, "an event stream failed");
        return Problem::unavailable(
            crate::problem::codes::UNAVAILABLE.code,
            "something went wrong on our side",
            Duration::from_secs(1),
        );
    }
    problem
}
