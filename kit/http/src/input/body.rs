//! Bodies: JSON into a type, or bytes as they came.

use bytes::Bytes;
use gantry_kernel::Problem;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::sealed::Read;
use super::{BodyKind, Input};
use crate::openapi::Describe;
use crate::problem::codes;
use crate::route::Call;

/// A JSON body. `T` must refuse unknown fields (`#[serde(deny_unknown_fields)]`): the table does not build with an
/// object that would silently accept and drop them, which is how mass assignment goes unnoticed.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

/// A body of any media type, unread.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The declared media type with its parameters, lower case; `None` when the client did not say.
    pub content_type: Option<String>,
    /// The bytes.
    pub bytes: Bytes,
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Read for Body<T> {
    fn read(call: &Call) -> Result<Self, Problem> {
        let mut json = serde_json::Deserializer::from_slice(&call.info.body()[..]);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let pointer = pointer(error.path());
            refuse(&pointer, error.inner())
        })?;
        json.end().map_err(|error| refuse("", &error))?;
        Ok(Self(value))
    }
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Input for Body<T> {
    const BODY: BodyKind = BodyKind::Json;

    fn describe(operation: &mut Describe<'_>) {
        operation.json_body::<T>();
    }
}

impl Read for Upload {
    fn read(call: &Call) -> Result<Self, Problem> {
        Ok(Self {
            content_type: call
                .info
                .header("content-type")
                .map(str::to_ascii_lowercase),
            bytes: call.info.body().clone(),
        })
    }
}

impl Input for Upload {
    const BODY: BodyKind = BodyKind::Raw;

    fn describe(operation: &mut Describe<'_>) {
        operation.raw_body();
    }
}

/// Text that is not JSON is 400; JSON of the wrong shape is 422 with the place.
fn refuse(pointer: &str, error: &serde_json::Error) -> Problem {
    if error.is_data() {
        return Problem::invalid_field(pointer, codes::INVALID_FIELD, reason(error));
    }
    Problem::new(
        gantry_kernel::Kind::Malformed,
        codes::MALFORMED_JSON.code,
        format!(
            "the body is not JSON: line {}, column {}",
            error.line(),
            error.column()
        ),
    )
}

/// serde's message without the position, which means nothing beside a pointer.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// A path as JSON Pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                text.push('/');
                text.push_str(&index.to_string());
            }
            Segment::Map { key } => {
                text.push('/');
                text.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    text
}
