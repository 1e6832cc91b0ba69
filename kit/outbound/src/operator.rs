//! Posts to addresses that the operator configured: a collector, a tracker. They may be on the operator's own network, so
//! none is refused for where it is; time and size are bounded all the same.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use url::Url;

use crate::connect::{self, Trust};
use crate::{OutboundError, OutboundSettings, wire};

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
pub struct Poster(Trust);

impl fmt::Debug for Poster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poster").finish_non_exhaustive()
    }
}

impl Poster {
    /// Believes the system's authorities and the operator's own ([`OutboundSettings::ca_file`]).
    pub fn new(settings: OutboundSettings) -> Self {
        Self(Trust::new(settings))
    }

    /// Posts within `patience`, on a connection of its own. Redirects are not followed.
    pub async fn post(&self, post: Post, patience: Duration) -> Result<Posted, OutboundError> {
        let answered = tokio::time::timeout(patience, self.exchange(post)).await;
        answered.map_err(|_| OutboundError::Timeout)?
    }

    async fn exchange(&self, post: Post) -> Result<Posted, OutboundError> {
        let found = connect::found(&post.url).await?;
        let mut builder = wire::head(&post.url)?.method(Method::POST);
        for (name, value) in post.headers {
            builder = builder.header(name, value);
        }
        let request = wire::with_body(builder, post.body)?;
        let mut answer = wire::ask(&post.url, &found, &self.0, request).await?;
        let body = Limited::new(answer.response.body_mut(), MAX_ANSWER);
        // Read to its end, so that the other side is not cut off while it answers; what is longer is cut.
        if let Err(error) = body.collect().await {
            tracing::debug!(%error, "the rest of an answer was not read");
        }
        let (parts, _) = answer.response.into_parts();
        Ok(Posted {
            status: parts.status,
            headers: parts.headers,
        })
    }
}
