//! One kept connection, one request at a time, as a client behind a proxy would be seen.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::failure::{Failure, Outcome};

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> Outcome<serde_json::Value> {
        serde_json::from_slice(&self.body).map_err(Failure::doing("a reply that is not JSON"))
    }

    /// Fails with the whole reply unless it has this status.
    pub(crate) fn expect(self, status: u16, what: &str) -> Outcome<Self> {
        if self.status == status {
            return Ok(self);
        }
        Err(self.unexpected(what))
    }

    /// The whole reply as a failure.
    pub(crate) fn unexpected(&self, what: &str) -> Failure {
        Failure::new(format!(
            "{what} was answered {}: {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        ))
    }

    /// The version of what the reply shows.
    pub(crate) fn version(&self) -> Option<String> {
        let etag = self.headers.get("etag")?;
        etag.to_str().ok().map(str::to_owned)
    }
}

/// What to ask; the rest of the head is the connection's.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    /// The client's address, as the proxy in front would write it.
    pub(crate) from: &'a str,
    /// `authorization` or `cookie`, and its value.
    pub(crate) credentials: Option<(&'a str, &'a str)>,
    /// For `If-Match`.
    pub(crate) version: Option<&'a str>,
    pub(crate) json: Option<String>,
}

pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)
            .await
            .map_err(Failure::doing(format_args!("connecting to {address}")))?;
        stream
            .set_nodelay(true)
            .map_err(Failure::doing("setting TCP_NODELAY"))?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(Failure::doing("starting HTTP"))?;
        // Its end shows in the next request, which then fails.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self {
            sender,
            host: address.to_string(),
        })
    }

    pub(crate) async fn send(&mut self, ask: Ask<'_>) -> Outcome<Reply> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(format!("a request did not come to an end: {error}"))
        };
        let mut request = Request::builder()
            .method(ask.method)
            .uri(ask.path)
            .header("host", &self.host)
            .header("x-forwarded-for", ask.from);
        if let Some((name, value)) = ask.credentials {
            request = request.header(name, value);
        }
        if let Some(version) = ask.version {
            request = request.header("if-match", version);
        }
        if ask.json.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = Full::from(ask.json.unwrap_or_default());
        let request = request.body(body).map_err(|error| failed(&error))?;
        self.sender.ready().await.map_err(|error| failed(&error))?;
        let reply = self
            .sender
            .send_request(request)
            .await
            .map_err(|error| failed(&error))?;
        let (head, body) = reply.into_parts();
        let body = body.collect().await.map_err(|error| failed(&error))?;
        Ok(Reply {
            status: head.status,
            headers: head.headers,
            body: body.to_bytes(),
        })
    }
}
