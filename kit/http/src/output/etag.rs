//! Versions of objects as entity tags (RFC 9110, section 8.8.3).

use gantry_kernel::Problem;
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Reply, Response, json};
use crate::openapi::Describe;

/// 200 with a JSON body and a strong `ETag` made from the object's version. A `GET` that presents the same tag in
/// `If-None-Match` gets 304; writes present it in `If-Match`.
#[derive(Clone, Debug)]
pub struct Versioned<T> {
    /// The object.
    pub body: T,
    /// Its version; every change of the object raises it.
    pub version: i64,
}

/// [`Versioned`] for a new object: 201 with its address.
#[derive(Clone, Debug)]
pub struct CreatedVersion<T> {
    /// Path of the new object.
    pub location: String,
    /// The object.
    pub body: T,
    /// Its version.
    pub version: i64,
}

impl<T: Serialize + JsonSchema + Send + 'static> Reply for Versioned<T> {
    fn respond(self) -> Result<Response, Problem> {
        let mut response = json(StatusCode::OK, &self.body)?;
        tag(&mut response, self.version)?;
        Ok(response)
    }

    fn describe(operation: &mut Describe<'_>) {
        operation.json_response::<T>(StatusCode::OK, &["ETag"]);
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Reply for CreatedVersion<T> {
    fn respond(self) -> Result<Response, Problem> {
        let mut response = json(StatusCode::CREATED, &self.body)?;
        tag(&mut response, self.version)?;
        let location = HeaderValue::try_from(self.location).map_err(Problem::internal)?;
        response.headers_mut().insert(header::LOCATION, location);
        Ok(response)
    }

    fn describe(operation: &mut Describe<'_>) {
        operation.json_response::<T>(StatusCode::CREATED, &["ETag", "Location"]);
    }
}

fn tag(response: &mut Response, version: i64) -> Result<(), Problem> {
    let tag = HeaderValue::try_from(etag(version)).map_err(Problem::internal)?;
    response.headers_mut().insert(header::ETAG, tag);
    Ok(())
}

fn etag(version: i64) -> String {
    format!("\"v{version}\"")
}

/// The version in one of our strong tags; weak tags, lists and `*` are not accepted for writes.
pub(crate) fn parse_etag(text: &str) -> Option<i64> {
    let digits = text.trim().strip_prefix("\"v")?.strip_suffix('"')?;
    let canonical = digits.parse::<i64>().ok()?;
    (canonical.to_string() == digits).then_some(canonical)
}

/// Whether `If-None-Match` names `current`, by weak comparison (RFC 9110, section 13.1.2).
pub(crate) fn none_match(field: &str, current: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    field.trim() == "*" || field.split(',').any(|tag| bare(tag) == bare(current))
}
