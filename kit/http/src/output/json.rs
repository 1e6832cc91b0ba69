//! The plain JSON answers.

use gantry_kernel::Problem;
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Reply, Response, ResponseBody, json};
use crate::openapi::Describe;

/// 200 with a JSON body.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

/// 201 with a JSON body and the address of what was made.
#[derive(Clone, Debug)]
pub struct Created<T> {
    /// Path of the new object; empty when it has no address of its own.
    pub location: String,
    /// The new object.
    pub body: T,
}

/// 202: the work goes on after the answer.
#[derive(Clone, Debug)]
pub struct Accepted<T>(pub T);

/// 204: done, nothing to say.
#[derive(Clone, Copy, Debug)]
pub struct NoContent;

impl<T> Created<T> {
    /// A new object at `location`.
    pub fn at(location: impl Into<String>, body: T) -> Self {
        Self {
            location: location.into(),
            body,
        }
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Reply for Json<T> {
    fn respond(self) -> Result<Response, Problem> {
        json(StatusCode::OK, &self.0)
    }

    fn describe(operation: &mut Describe<'_>) {
        operation.json_response::<T>(StatusCode::OK, &[]);
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Reply for Created<T> {
    fn respond(self) -> Result<Response, Problem> {
        let mut response = json(StatusCode::CREATED, &self.body)?;
        if !self.location.is_empty() {
            let location = HeaderValue::try_from(self.location).map_err(Problem::internal)?;
            response.headers_mut().insert(header::LOCATION, location);
        }
        Ok(response)
    }

    fn describe(operation: &mut Describe<'_>) {
        operation.json_response::<T>(StatusCode::CREATED, &["Location"]);
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Reply for Accepted<T> {
    fn respond(self) -> Result<Response, Problem> {
        json(StatusCode::ACCEPTED, &self.0)
    }

    fn describe(operation: &mut Describe<'_>) {
        operation.json_response::<T>(StatusCode::ACCEPTED, &[]);
    }
}

impl Reply for NoContent {
    fn respond(self) -> Result<Response, Problem> {
        let mut response = Response::new(ResponseBody::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Ok(response)
    }

    fn describe(operation: &mut Describe<'_>) {
        operation.empty_response(StatusCode::NO_CONTENT);
    }
}
