//! The address for the operator's own programs: what is measured, and nothing else. It is apart from the one that people
//! use, so that no proxy rule stands between the numbers and the public.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gantry_kernel::{Secret, crypto};
use gantry_telemetry::{CONTENT_TYPE, Registry};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::ACCEPT_PAUSE;

/// Connections at once; a few collectors ask once in some seconds.
const CONNECTIONS: usize = 16;
/// The longest a connection may last. It carries one request.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is served to the operator's programs. Cheap to clone.
#[derive(Clone)]
pub struct Operations(Arc<Inner>);

struct Inner {
    registry: Registry,
    token: Option<Secret<String>>,
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operations")
            .field("guarded", &self.0.token.is_some())
            .finish_non_exhaustive()
    }
}

impl Operations {
    /// `token`: whoever asks sends it as a bearer token; without one, whoever can connect may ask.
    pub fn new(registry: Registry, token: Option<Secret<String>>) -> Self {
        Self(Arc::new(Inner { registry, token }))
    }

    /// Serves until `stop` completes. Connections are cut then: nobody waits for numbers.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send) {
        tokio::pin!(stop);
        let slots = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            let slot = tokio::select! {
                () = &mut stop => break,
                slot = Arc::clone(&slots).acquire_owned() => match slot {
                    Ok(slot) => slot,
                    Err(_) => break,
                },
            };
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let operations = self.clone();
                    connections.spawn(async move {
                        let _slot = slot;
                        operations.connection(stream).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection of operations could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
            while connections.try_join_next().is_some() {}
        }
        connections.shutdown().await;
    }

    async fn connection(self, stream: TcpStream) {
        let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
            let reply = self.answer(request.method(), request.uri().path(), request.headers());
            async move { Ok::<_, Infallible>(reply) }
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), answer);
        match tokio::time::timeout(PATIENCE, served).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a connection of operations ended early"),
            Err(_) => tracing::debug!("a connection of operations was cut: it took too long"),
        }
    }

    fn answer(
        &self,
        method: &Method,
        path: &str,
        headers: &http::HeaderMap,
    ) -> Response<Full<Bytes>> {
        if !self.admits(headers) {
            let mut reply = plain(StatusCode::UNAUTHORIZED, "a token is needed\n");
            let challenge = HeaderValue::from_static("Bearer realm=\"gantry operations\"");
            reply
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
            return reply;
        }
        if path != "/metrics" {
            return plain(StatusCode::NOT_FOUND, "there is /metrics here\n");
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut reply = plain(StatusCode::METHOD_NOT_ALLOWED, "GET is what works here\n");
            let allow = HeaderValue::from_static("GET, HEAD");
            reply.headers_mut().insert(header::ALLOW, allow);
            return reply;
        }
        match self.0.registry.text() {
            Ok(text) => {
                let mut reply = plain(StatusCode::OK, text);
                let kind = HeaderValue::from_static(CONTENT_TYPE);
                reply.headers_mut().insert(header::CONTENT_TYPE, kind);
                reply
            }
            Err(error) => {
                tracing::error!(%error, "the metrics could not be written");
                plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the metrics could not be written\n",
                )
            }
        }
    }

    fn admits(&self, headers: &http::HeaderMap) -> bool {
        let Some(token) = &self.0.token else {
            return true;
        };
        let sent = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, sent)| sent.trim());
        sent.is_some_and(|sent| {
            crypto::constant_time_eq(sent.as_bytes(), token.expose().as_bytes())
        })
    }
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut reply = Response::new(Full::new(text.into()));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    reply
}
