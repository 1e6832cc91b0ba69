//! One request and its answer, over a connection that ends with them.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header;
use http::request::Builder;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use url::Url;

use crate::OutboundError;
use crate::connect::{self, Trust};

/// The longest head of an answer.
const MAX_HEAD: usize = 64 * 1024;

/// An answer whose body is still to be read; the connection lasts as long as this.
pub(crate) struct Answer {
    pub(crate) response: http::Response<Incoming>,
    _driver: Driver,
}

/// Asks the first of `addresses` that takes a connection, over TLS where `url` says https.
pub(crate) async fn ask(
    url: &Url,
    addresses: &[SocketAddr],
    trust: &Trust,
    request: http::Request<Full<Bytes>>,
) -> Result<Answer, OutboundError> {
    let stream = connect::open(url, addresses, trust).await?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(OutboundError::Http)?;
    let driver = Driver::start(connection);
    let response = sender
        .send_request(request)
        .await
        .map_err(OutboundError::Http)?;
    Ok(Answer {
        response,
        _driver: driver,
    })
}

/// What every request to `url` begins with.
pub(crate) fn head(url: &Url) -> Result<Builder, OutboundError> {
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return Err(OutboundError::Address("it has no host")),
    };
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Ok(http::Request::builder()
        .uri(target)
        .header(header::HOST, host)
        .header(header::USER_AGENT, "Gantry")
        .header(header::CONNECTION, "close"))
}

/// The request with its body.
pub(crate) fn with_body(
    builder: Builder,
    body: Bytes,
) -> Result<http::Request<Full<Bytes>>, OutboundError> {
    builder
        .body(Full::new(body))
        .map_err(|_| OutboundError::Address("it cannot be requested"))
}

/// Ends the connection with the request, also one that is given up.
struct Driver(tokio::task::JoinHandle<()>);

impl Driver {
    fn start<F>(connection: F) -> Self
    where
        F: Future<Output = Result<(), hyper::Error>> + Send + 'static,
    {
        Self(tokio::spawn(async move {
            // What goes wrong is told to the one who waits for the answer.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an outbound connection broke");
            }
        }))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}
