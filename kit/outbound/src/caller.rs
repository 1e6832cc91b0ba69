//! Requests of any method to addresses that the operator configured, such as an object store: bodies and answers are streamed, and
//! connections are kept for the next request. They may lead to the operator's own network, like those of [`Poster`](crate::Poster).

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Request, Response, Uri};
use hyper::body::{Body, Incoming};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tower_service::Service;
use url::Url;

use crate::connect::{self, Stream, Trust};
use crate::{OutboundError, OutboundSettings};

/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(30);

/// Makes requests whose bodies are `B`. Clones share their connections.
pub struct Caller<B>(Client<Dial, B>);

impl<B> Clone for Caller<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B> fmt::Debug for Caller<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}

impl<B> Caller<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Believes the system's authorities and the operator's own ([`OutboundSettings::ca_file`]).
    pub fn new(settings: OutboundSettings) -> Self {
        let dial = Dial(Trust::new(settings));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(dial);
        Self(client)
    }

    /// Sends a request, its body included, and waits at most `patience` for the head of the answer. Redirects are not followed.
    pub async fn call(
        &self,
        request: Request<B>,
        patience: Duration,
    ) -> Result<Response<Incoming>, OutboundError> {
        match tokio::time::timeout(patience, self.0.request(request)).await {
            Ok(answered) => answered.map_err(OutboundError::Call),
            Err(_) => Err(OutboundError::Timeout),
        }
    }
}

/// Makes connections.
#[derive(Clone)]
struct Dial(Trust);

async fn dial(trust: Trust, to: Uri) -> Result<Link, OutboundError> {
    let url: Url = to
        .to_string()
        .parse()
        .map_err(|_| OutboundError::Address("it is no address"))?;
    let found = connect::found(&url).await?;
    let stream = connect::open(&url, &found, &trust).await?;
    Ok(Link(TokioIo::new(stream)))
}

impl Service<Uri> for Dial {
    type Response = Link;
    type Error = OutboundError;
    type Future = BoxFuture<'static, Result<Link, OutboundError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OutboundError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        dial(self.0.clone(), to).boxed()
    }
}

/// A connection, with TLS or without.
struct Link(TokioIo<Box<dyn Stream>>);

impl Connection for Link {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl Write for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
