//! Reading the body: declared type, bounded size, bounded time, bounded nesting.

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, Method, header};
use http_body_util::BodyExt;
use hyper::body::Body;

use super::Inner;
use super::head::{Trail, refuse};
use crate::input::{BodyKind, too_deep};
use crate::problem::{Failure, codes};
use crate::route::{AccessRule, Endpoint};

impl Inner {
    pub(super) async fn read_body<B>(
        &self,
        trail: &mut Trail,
        endpoint: &Endpoint,
        parts: &Parts,
        body: B,
    ) -> Result<Bytes, Failure>
    where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        if endpoint.body == BodyKind::None {
            return Ok(Bytes::new());
        }
        check_encoding(&parts.headers)?;
        if endpoint.body == BodyKind::Json && !is_json(&parts.headers, &parts.method) {
            return Err(refuse(
                codes::UNSUPPORTED_MEDIA_TYPE,
                "the body must be application/json",
            ));
        }
        let usual = match endpoint.access {
            // Strangers are many, and the whole body is held before anything is known about them.
            AccessRule::Public(_) => self.settings.max_public_body,
            _ => self.settings.max_body,
        };
        let limit = endpoint.options.body_limit.unwrap_or(usual);
        let deadline = self.settings.raw.body_timeout.get();
        let read = tokio::time::timeout(deadline, collect(body, limit)).await;
        let bytes = match read {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(failure)) => {
                trail.cut = true;
                return Err(failure);
            }
            Err(_) => {
                trail.cut = true;
                return Err(refuse(
                    codes::REQUEST_TIMEOUT,
                    "the body did not arrive in time",
                ));
            }
        };
        if endpoint.body == BodyKind::Json && too_deep(&bytes, self.settings.raw.max_json_depth) {
            return Err(refuse(
                codes::JSON_TOO_DEEP,
                format!(
                    "the body may nest {} levels",
                    self.settings.raw.max_json_depth
                ),
            ));
        }
        Ok(bytes)
    }
}

/// Gathers the body, never more than `limit` bytes of it, whether its length was announced or not.
async fn collect<B>(mut body: B, limit: usize) -> Result<Bytes, Failure>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let too_large = || {
        refuse(
            codes::BODY_TOO_LARGE,
            format!("the body may be {limit} bytes long"),
        )
    };
    let announced = body.size_hint();
    if announced.lower() > limit as u64 {
        return Err(too_large());
    }
    let mut first: Option<Bytes> = None;
    let mut gathered = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let mut failure = refuse(codes::MALFORMED_REQUEST, "the body broke off");
            failure.problem = failure.problem.because(error);
            failure
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let so_far = first.as_ref().map_or(0, Bytes::len) + gathered.len();
        if so_far + data.len() > limit {
            return Err(too_large());
        }
        match first.take() {
            None if gathered.is_empty() => first = Some(data),
            held => {
                if let Some(held) = held {
                    gathered.extend_from_slice(&held);
                }
                gathered.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| gathered.freeze()))
}

fn check_encoding(headers: &HeaderMap) -> Result<(), Failure> {
    let plain = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if plain {
        return Ok(());
    }
    Err(refuse(
        codes::UNSUPPORTED_ENCODING,
        "send the body without Content-Encoding",
    ))
}

/// `application/json`, or a merge patch where patches are taken; in UTF-8 (RFC 8259, section 8.1).
fn is_json(headers: &HeaderMap, method: &Method) -> bool {
    let Some(text) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or("").to_ascii_lowercase();
    let known = essence == "application/json"
        || (method == Method::PATCH && essence == "application/merge-patch+json");
    known
        && parts
            .filter_map(|parameter| parameter.split_once('='))
            .all(|(name, value)| {
                !name.trim().eq_ignore_ascii_case("charset")
                    || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
}
