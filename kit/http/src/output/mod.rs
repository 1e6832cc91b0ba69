//! What a handler answers. Each output encodes itself and describes itself for `OpenAPI`.

mod body;
mod cookie;
mod download;
mod etag;
mod json;
mod with;

pub use body::ResponseBody;
pub(crate) use body::Watch;
pub use cookie::Cookie;
pub use download::{Download, Raw};
pub use etag::{CreatedVersion, Versioned};
pub(crate) use etag::{none_match, parse_etag};
pub use json::{Accepted, Created, Json, NoContent};
pub use with::{ReplyExt, With};

use bytes::Bytes;
use gantry_kernel::Problem;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::openapi::Describe;

/// A response on its way out.
pub type Response = http::Response<ResponseBody>;

/// Something a handler can answer with.
pub trait Reply: Sized + Send + 'static {
    /// Encodes the answer. Errors: `internal` when a value cannot be written as JSON.
    fn respond(self) -> Result<Response, Problem>;

    /// Adds its responses to the description of the operation.
    fn describe(operation: &mut Describe<'_>);
}

/// A JSON response.
pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(value).map_err(Problem::internal)?;
    Ok(bytes_response(
        status,
        HeaderValue::from_static("application/json"),
        bytes.into(),
    ))
}

pub(crate) fn bytes_response(status: StatusCode, kind: HeaderValue, bytes: Bytes) -> Response {
    let mut response = Response::new(ResponseBody::full(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
