//! The routes of one module, bound to its state and erased to one shape.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use gantry_kernel::Problem;
use http::Method;

use crate::input::BodyKind;
use crate::limit::Class;
use crate::meter::Meter;
use crate::openapi::Describe;
use crate::output::Response;
use crate::problem::ErrorCode;
use crate::route::{AccessRule, Bound, Call};

/// A bound handler.
pub(crate) type Run =
    Arc<dyn Fn(Call) -> BoxFuture<'static, Result<Response, Problem>> + Send + Sync>;

/// What a route asks for besides access.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word of a route's declaration, and they are independent"
)]
pub struct Options {
    /// Rate limit class.
    pub class: Class,
    /// Largest body in bytes, instead of the configured one.
    pub body_limit: Option<usize>,
    /// Longest time the handler may take, instead of the configured one.
    pub timeout: Option<Duration>,
    /// One line of documentation.
    pub summary: &'static str,
    /// More documentation, in Markdown.
    pub description: &'static str,
    /// Whether a repeat under the same `Idempotency-Key` is answered with the first result.
    pub idempotent: bool,
    /// Whether the request names the version it changes in `If-Match`.
    pub if_match: bool,
    /// Media types of an answer that is not JSON by its type.
    pub media: &'static [&'static str],
    /// Whether the answer goes on for as long as the client stays.
    pub stream: bool,
    /// Whether the caller must have proven who they are a short while ago.
    pub step_up: bool,
    /// Whether staff who act as somebody else may call it, though it is that person's own.
    pub while_impersonating: bool,
    /// Open to people who came by a tenant's own provider, though it is no tenant's.
    pub in_one_tenant: bool,
    /// How long shared caches may keep the reply.
    pub cache_public: Option<Duration>,
    /// Error codes this operation is known to answer with.
    pub errors: &'static [&'static str],
    /// What kind of proof it is an attempt at, for those who count failed ones.
    pub attempt: Option<&'static str>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            class: Class::Standard,
            body_limit: None,
            timeout: None,
            summary: "",
            description: "",
            idempotent: false,
            if_match: false,
            media: &[],
            stream: false,
            step_up: false,
            while_impersonating: false,
            in_one_tenant: false,
            cache_public: None,
            errors: &[],
            attempt: None,
        }
    }
}

/// One operation of the table.
pub(crate) struct Endpoint {
    pub(crate) run: Run,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) operation_id: &'static str,
    pub(crate) access: AccessRule,
    pub(crate) options: Options,
    pub(crate) body: BodyKind,
    pub(crate) describe_input: fn(&mut Describe<'_>),
    pub(crate) describe_output: fn(&mut Describe<'_>),
    /// Names in braces of the path, in order.
    pub(crate) params: Vec<&'static str>,
    /// Query parameters the input knows; others are refused.
    pub(crate) known_query: Vec<String>,
    /// Whether every body it answers with is JSON, so that `Accept` can be checked beforehand.
    pub(crate) json_only: bool,
    pub(crate) meter: Arc<Meter>,
}

impl Endpoint {
    /// Whether the operation may change something, which follows from the method (RFC 9110, section 9.2.1).
    pub(crate) fn writes(&self) -> bool {
        self.method != Method::GET
    }
}

/// The routes of one module. Made with its state, filled, then [`Routes::finish`]ed, which forgets the
/// state's type so that modules can be listed side by side.
pub struct Routes<S = ()> {
    state: S,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) codes: Vec<ErrorCode>,
}

impl<S: Send + Sync + 'static> Routes<Arc<S>> {
    /// Starts an empty list whose handlers share `state`.
    pub fn new(state: Arc<S>) -> Self {
        Self {
            state,
            endpoints: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// Adds a route.
    #[must_use]
    pub fn route(mut self, route: Bound<S>) -> Self {
        self.endpoints.push(route.attach(&self.state));
        self
    }

    /// Adds the error codes the handlers answer with; each gets a page under `/errors/`.
    #[must_use]
    pub fn errors(mut self, codes: &[ErrorCode]) -> Self {
        self.codes.extend_from_slice(codes);
        self
    }

    /// Forgets the state's type.
    #[must_use]
    pub fn finish(self) -> Routes {
        Routes {
            state: (),
            endpoints: self.endpoints,
            codes: self.codes,
        }
    }
}

impl Routes {
    /// No routes, for a module that only works in the background.
    #[must_use]
    pub fn none() -> Self {
        Self {
            state: (),
            endpoints: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// Appends the routes of another list.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.endpoints.extend(other.endpoints);
        self.codes.extend(other.codes);
        self
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self::none()
    }
}

impl<S> std::fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.endpoints.iter().map(|endpoint| endpoint.operation_id))
            .finish()
    }
}
