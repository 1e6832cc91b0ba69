//! What the server said, and expectations about it.

use std::fmt;

use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Enough of a body to see what it is.
const SHOWN_BYTES: usize = 4_000;

/// A whole answer. Expectations panic with the exchange.
#[derive(Clone, Debug)]
pub struct Answer {
    method: Method,
    path: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(super) async fn read(
        method: Method,
        path: String,
        reply: Response,
    ) -> Result<Self, reqwest::Error> {
        let (status, headers) = (reply.status(), reply.headers().clone());
        let body = reply.bytes().await?.to_vec();
        Ok(Self {
            method,
            path,
            status,
            headers,
            body,
        })
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header's first value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All values of a header.
    pub fn header_all(&self, name: &str) -> Vec<String> {
        let values = self.headers.get_all(name).iter();
        values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect()
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Panics unless the status is this.
    #[track_caller]
    #[must_use = "an expectation hands the answer on; `.done()` ends the chain"]
    pub fn expect(self, status: u16) -> Self {
        assert!(self.status() == status, "expected {status}\n{self}");
        self
    }

    /// Ends a chain whose answer is of no further interest.
    pub fn done(self) {}

    /// Panics unless the answer is a problem with this status and code, whose body is well formed:
    /// right content type, a `status` that agrees, a type, a title and a request id.
    #[track_caller]
    #[must_use = "an expectation hands the answer on; `.done()` ends the chain"]
    pub fn problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        let media = answer.header("content-type").unwrap_or_default();
        assert!(
            media.starts_with("application/problem+json"),
            "expected a problem\n{answer}"
        );
        let body = answer.value();
        assert!(
            body["status"] == status,
            "the body's status differs\n{answer}"
        );
        for member in ["type", "title", "request_id"] {
            let there = body[member].as_str().is_some_and(|text| !text.is_empty());
            assert!(there, "the problem has no {member}\n{answer}");
        }
        assert!(
            answer.problem_code().as_deref() == Some(code),
            "expected code {code}\n{answer}"
        );
        answer
    }

    /// A problem's code: the member `code`, else the end of `type`.
    pub fn problem_code(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let code = body["code"]
            .as_str()
            .or_else(|| body["type"].as_str()?.rsplit('/').next())?;
        Some(code.to_owned())
    }

    /// The codes of a problem's field errors, by JSON pointer.
    pub fn field_errors(&self) -> Vec<(String, String)> {
        let body = self.value();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        errors
            .iter()
            .map(|error| (text(&error["pointer"]), text(&error["code"])))
            .collect()
    }

    /// The body decoded.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("the body does not decode: {error}\n{self}"))
    }

    /// The body as JSON.
    #[track_caller]
    pub fn value(&self) -> Value {
        self.json()
    }

    /// A text member of the body, by JSON pointer.
    #[track_caller]
    pub fn text_at(&self, pointer: &str) -> String {
        let value = self.value();
        let text = value.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text at {pointer}\n{self}"))
            .to_owned()
    }

    /// The entity tag, for `If-Match`.
    #[track_caller]
    pub fn etag(&self) -> String {
        self.header("etag")
            .unwrap_or_else(|| panic!("no ETag\n{self}"))
            .to_owned()
    }

    /// The `Location` header.
    #[track_caller]
    pub fn location(&self) -> String {
        self.header("location")
            .unwrap_or_else(|| panic!("no Location\n{self}"))
            .to_owned()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} {} -> {}", self.method, self.path, self.status)?;
        for (name, value) in &self.headers {
            writeln!(out, "{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        let shown = &self.body[..self.body.len().min(SHOWN_BYTES)];
        write!(out, "\n{}", String::from_utf8_lossy(shown))?;
        if shown.len() < self.body.len() {
            write!(out, "... ({} bytes in all)", self.body.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, media: &'static str, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(
            "content-type",
            reqwest::header::HeaderValue::from_static(media),
        );
        Answer {
            method: Method::POST,
            path: "/api/v1/things".to_owned(),
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    const PROBLEM: &str = r#"{"type":"/errors/taken","title":"Taken","status":409,"request_id":"r",
        "errors":[{"pointer":"/name","code":"taken","detail":"it is taken"}]}"#;

    #[test]
    fn a_well_formed_problem_passes() {
        let answer = answer(409, "application/problem+json", PROBLEM).problem(409, "taken");
        assert_eq!(
            answer.field_errors(),
            [("/name".to_owned(), "taken".to_owned())]
        );
        assert_eq!(answer.text_at("/errors/0/detail"), "it is taken");
    }

    #[test]
    fn a_wrong_status_shows_the_exchange() {
        let wrong = || {
            answer(500, "application/json", r#"{"oops":1}"#)
                .expect(201)
                .done();
        };
        let panic = std::panic::catch_unwind(wrong).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        for part in [
            "expected 201",
            "POST /api/v1/things -> 500",
            r#"{"oops":1}"#,
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_problem_fails() {
        for (media, body, code) in [
            ("application/json", PROBLEM.to_owned(), "taken"),
            (
                "application/problem+json",
                PROBLEM.replace("409", "400"),
                "taken",
            ),
            (
                "application/problem+json",
                PROBLEM.replace("request_id", "id"),
                "taken",
            ),
            ("application/problem+json", PROBLEM.to_owned(), "other"),
        ] {
            let answer = answer(409, media, &body);
            let result = std::panic::catch_unwind(|| answer.problem(409, code).done());
            assert!(result.is_err(), "{media} {body}");
        }
    }
}
