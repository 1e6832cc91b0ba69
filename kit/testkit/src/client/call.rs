//! One request on its way.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde::Serialize;

use super::{Answer, Credentials, Events};

/// Longer than any test reads from a stream.
const STREAM: Duration = Duration::from_mins(10);

/// A request that is sent when awaited: `client.post("/api/v1/x").json(&body).await`.
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Call {
    method: Method,
    path: String,
    request: RequestBuilder,
    credentials: Arc<Mutex<Credentials>>,
}

impl Call {
    pub(super) fn new(
        method: Method,
        path: String,
        request: RequestBuilder,
        credentials: Arc<Mutex<Credentials>>,
    ) -> Self {
        Self {
            method,
            path,
            request,
            credentials,
        }
    }

    /// A JSON body with its content type.
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        self.change(|request| request.json(body))
    }

    /// A body as it is.
    pub fn body(self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.change(|request| request.header("content-type", content_type).body(body))
    }

    /// A header, besides those already there.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.change(|request| request.header(name, value))
    }

    /// `Idempotency-Key`.
    pub fn idempotency_key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// `If-Match` with the tag of an earlier answer.
    pub fn if_match(self, etag: &str) -> Self {
        self.header("if-match", etag)
    }

    /// Sends it; the error is one of the connection, any answer of the server is `Ok`.
    pub async fn send(self) -> Result<Answer, reqwest::Error> {
        let reply = self.request.send().await?;
        let answer = Answer::read(self.method, self.path, reply).await?;
        let mut credentials = self
            .credentials
            .lock()
            .expect("credentials are only briefly locked");
        for header in answer.header_all("set-cookie") {
            credentials.take_cookie(&header);
        }
        drop(credentials);
        Ok(answer)
    }

    /// Opens a stream. Panics unless it is answered with 200.
    pub async fn open(self) -> Events {
        let what = format!("{} {}", self.method, self.path);
        let reply = self
            .request
            .timeout(STREAM)
            .send()
            .await
            .unwrap_or_else(|error| panic!("{what}: {}", causes(&error)));
        if reply.status() != 200 {
            let answer = Answer::read(self.method, self.path, reply).await;
            panic!("{what}: no stream but {answer:?}");
        }
        Events::new(reply)
    }

    fn change(self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        Self {
            request: change(self.request),
            ..self
        }
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    /// Sends it; panics when there is no answer. For servers that may be gone use
    /// [`send`](Call::send).
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let what = format!("{} {}", self.method, self.path);
            self.send()
                .await
                .unwrap_or_else(|error| panic!("{what}: {}", causes(&error)))
        })
    }
}

/// The error and what lies under it.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
