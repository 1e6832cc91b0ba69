//! The inbox as a page for people and as REST for tests.

mod api;
mod page;

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{fault::Faults, inbox::Inbox};

pub(crate) type Reply = Response<Full<Bytes>>;

/// What the pages show.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) faults: Arc<Faults>,
}

pub(crate) async fn serve(listener: TcpListener, site: Arc<Site>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let site = Arc::clone(&site);
                let service = service_fn(move |request| answer(Arc::clone(&site), request));
                connections.spawn(async move {
                    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    // A visitor who leaves early is no event.
                    drop(connection.await);
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(site: Arc<Site>, request: Request<Incoming>) -> Result<Reply, Infallible> {
    if !is_local_name(&request) {
        return Ok(text(
            StatusCode::MISDIRECTED_REQUEST,
            "open this page by address or as localhost",
        ));
    }
    let path = request.uri().path().to_owned();
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let method = request.method().clone();
    Ok(match (&method, segments.as_slice()) {
        (&Method::GET, []) => page::list(&site),
        (&Method::GET, ["messages", id]) => page::show(&site, id),
        (&Method::GET, ["messages", id, "html"]) => page::html_part(&site, id),
        (_, ["api", "v1", rest @ ..]) => api::answer(&site, request, rest).await,
        (&Method::GET, _) => text(StatusCode::NOT_FOUND, "no such page"),
        _ => text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
    })
}

/// A page of another site must not read the inbox by pointing its own name at this address.
fn is_local_name(request: &Request<Incoming>) -> bool {
    let Some(host) = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
    else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name == "localhost" || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

pub(crate) fn reply(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'self'",
        ),
    ] {
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
    }
    reply
}

pub(crate) fn text(status: StatusCode, body: &'static str) -> Reply {
    reply(status, "text/plain; charset=utf-8", body)
}
