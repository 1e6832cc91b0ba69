//! Posts to addresses that the operator configured: a collector, a tracker. They may be on the operator's own network, so
//! none is refused for where it is; time and size are bounded all the same.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::sync::OnceCell;
use url::Url;

use crate::client::{Driver, MAX_HEAD, host_of, target_of};
use crate::{OutboundError, OutboundSettings, connect};

/// The most that is read of an answer's body, of which nobody needs anything.
const MAX_ANSWER: usize = 64 * 1024;

/// What to post.
#[derive(Clone, Debug)]
pub struct Post {
    /// Where to.
    pub url: Url,
    /// Header fields, the content type among them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
}

/// An answer, without its body.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
}

impl Posted {
    /// `Retry-After` in its form with seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
        text.trim().parse().ok().map(Duration::from_secs)
    }
}

/// Posts to addresses of the operator. Clones share what they trust.
#[derive(Clone)]
pub struct Poster(Arc<Inner>);

struct Inner {
    settings: OutboundSettings,
    trust: OnceCell<Arc<ClientConfig>>,
}

impl fmt::Debug for Poster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poster").finish_non_exhaustive()
    }
}

impl Poster {
    /// Believes the system's authorities and the operator's own ([`OutboundSettings::ca_file`]).
    pub fn new(settings: OutboundSettings) -> Self {
        Self(Arc::new(Inner {
            settings,
            trust: OnceCell::new(),
        }))
    }

    /// Posts within `patience`, on a connection of its own. Redirects are not followed.
    pub async fn post(&self, post: Post, patience: Duration) -> Result<Posted, OutboundError> {
        let answered = tokio::time::timeout(patience, self.exchange(post)).await;
        answered.map_err(|_| OutboundError::Timeout)?
    }

    async fn exchange(&self, post: Post) -> Result<Posted, OutboundError> {
        let host = post
            .url
            .host_str()
            .ok_or(OutboundError::Address("it has no host"))?;
        let at_port = post
            .url
            .port_or_known_default()
            .ok_or(OutboundError::Address("it has no port"))?;
        let bare = host.trim_matches(['[', ']']);
        let found = tokio::net::lookup_host((bare, at_port)).await;
        let found: Vec<_> = found
            .map_err(|_| OutboundError::Unresolved(host.to_owned()))?
            .collect();
        let stream = connect::tcp(&found).await?;
        if post.url.scheme() == "https" {
            let config = self.trust().await?;
            let stream = connect::tls(stream, &post.url, config).await?;
            speak(TokioIo::new(stream), post).await
        } else {
            speak(TokioIo::new(stream), post).await
        }
    }

    async fn trust(&self) -> Result<Arc<ClientConfig>, OutboundError> {
        let load = async || {
            let settings = self.0.settings.clone();
            let loaded = tokio::task::spawn_blocking(move || connect::trust(&settings)).await;
            let loaded = loaded.map_err(|error| OutboundError::Roots(error.to_string()))?;
            loaded.map(Arc::new)
        };
        self.0.trust.get_or_try_init(load).await.cloned()
    }
}

async fn speak<S>(stream: S, post: Post) -> Result<Posted, OutboundError>
where
    S: Read + Write + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(stream)
        .await
        .map_err(OutboundError::Http)?;
    let _driver = Driver::start(connection);
    let mut builder = http::Request::post(target_of(&post.url))
        .header(header::HOST, host_of(&post.url)?)
        .header(header::USER_AGENT, "Gantry")
        .header(header::CONNECTION, "close");
    for (name, value) in post.headers {
        builder = builder.header(name, value);
    }
    let request = builder
        .body(Full::new(post.body))
        .map_err(|_| OutboundError::Address("it cannot be requested"))?;
    let response = sender
        .send_request(request)
        .await
        .map_err(OutboundError::Http)?;
    let (parts, body) = response.into_parts();
    // Read to its end, so that the other side is not cut off while it answers; what is longer is cut.
    if let Err(error) = Limited::new(body, MAX_ANSWER).collect().await {
        tracing::debug!(%error, "the rest of an answer was not read");
    }
    Ok(Posted {
        status: parts.status,
        headers: parts.headers,
    })
}
