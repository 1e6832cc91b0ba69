//! The one error shape that leaves Gantry: what kit/http writes as `application/problem+json` (RFC 9457).
//!
//! A module keeps its own error enum; `impl From<Error> for Problem` in its `error.rs` is the one place
//! where a variant gets its kind and its stable code.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

/// What went wrong, in the terms a client can act on. Each kind has one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 400: the request cannot be read at all.
    Malformed,
    /// 422: the request was read and its content is wrong.
    Invalid,
    /// 401: nobody is signed in, or the credential is no longer good.
    Unauthenticated,
    /// 403: signed in, known to be there, not allowed.
    Forbidden,
    /// 404: not there, or not yours to know about.
    NotFound,
    /// 409: contradicts what is stored.
    Conflict,
    /// 410: was there, and will not be again.
    Gone,
    /// 412: the stored version is not the one the client names.
    PreconditionFailed,
    /// 428: the client must name the version it changes.
    PreconditionRequired,
    /// 413: too much.
    TooLarge,
    /// 415: a media type or encoding that is not read here.
    Unsupported,
    /// 429: too often.
    TooMany,
    /// 503: this took longer than allowed; nothing is known to be wrong.
    Timeout,
    /// 503: something Gantry depends on is not there now; worth another try.
    Unavailable,
    /// 500: a defect of ours.
    Internal,
}

impl Kind {
    /// The HTTP status (RFC 9110, 6585).
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::PreconditionFailed => 412,
            Self::TooLarge => 413,
            Self::Unsupported => 415,
            Self::Invalid => 422,
            Self::PreconditionRequired => 428,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::Timeout | Self::Unavailable => 503,
        }
    }
}

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct FieldError {
    /// Where: a JSON Pointer into the body (RFC 6901), or `?name` for a query parameter.
    pub pointer: String,
    /// Stable word for programs.
    pub code: &'static str,
    /// Sentence for people.
    pub detail: String,
}

/// A refusal or failure on its way to a client.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What sort; fixes the status.
    pub kind: Kind,
    /// Stable snake-case word; `/errors/<code>` documents it.
    pub code: &'static str,
    /// One sentence for people, safe to show: never SQL, a path, a secret.
    pub detail: String,
    /// The wrong fields, when the problem is about some.
    pub fields: Vec<FieldError>,
    /// When another try makes sense.
    pub retry_after: Option<Duration>,
    /// Further members of the problem object (RFC 9457, 3.2).
    pub extra: serde_json::Map<String, serde_json::Value>,
    /// The cause, for the log only.
    pub source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem of any kind.
    pub fn new(kind: Kind, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after: None,
            extra: serde_json::Map::new(),
            source: None,
        }
    }

    /// 422 for the whole request.
    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, code, detail)
    }

    /// 422 for one field; add more with [`Problem::and_field`].
    pub fn invalid_field(
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(
            Kind::Invalid,
            "invalid_request",
            "the request has invalid fields",
        )
        .and_field(pointer, code, detail)
    }

    /// 401.
    pub fn unauthenticated(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Unauthenticated, code, detail)
    }

    /// 403.
    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, code, detail)
    }

    /// 404. Says the same whether the thing does not exist or belongs to somebody else.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            Kind::NotFound,
            "not_found",
            "there is nothing here, or it is not yours",
        )
    }

    /// 409.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, code, detail)
    }

    /// 412, with the version that is stored now.
    #[must_use]
    pub fn precondition_failed() -> Self {
        Self::new(
            Kind::PreconditionFailed,
            "version_mismatch",
            "somebody changed this since you read it; read it again and repeat your change",
        )
    }

    /// 503 with a time to come back.
    pub fn unavailable(
        code: &'static str,
        detail: impl Into<String>,
        retry_after: Duration,
    ) -> Self {
        let mut problem = Self::new(Kind::Unavailable, code, detail);
        problem.retry_after = Some(retry_after);
        problem
    }

    /// 500: the client learns nothing but the request id, the log learns the cause.
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::new(
            Kind::Internal,
            "internal",
            "something went wrong on our side; the request id finds it in the log",
        )
        .because(cause)
    }

    /// Adds the cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(cause));
        self
    }

    /// Adds a wrong field.
    #[must_use]
    pub fn and_field(
        mut self,
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        self.fields.push(FieldError {
            pointer: pointer.into(),
            code,
            detail: detail.into(),
        });
        self
    }

    /// Adds a member to the problem object.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a time to come back.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)?;
        self.fields
            .iter()
            .try_for_each(|field| write!(f, "; {} {}", field.pointer, field.detail))
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|cause| cause as &(dyn Error + 'static))
    }
}
