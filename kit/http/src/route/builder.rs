//! The typed way to declare a route: method and path, then access, then options, then the handler.
//!
//! Each step returns another type, so a route without access, or a handler whose context does not fit the
//! access, does not compile.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use gantry_kernel::{Permission, Problem, ScopeKind};
use http::Method;

use crate::context::{Context, PlatformCx, PublicCx, StreamCx, TenantCx, UserCx};
use crate::input::Input;
use crate::limit::Class;
use crate::meter::Meter;
use crate::output::Reply;
use crate::route::routes::{Options, Run};
use crate::route::{AccessRule, Endpoint};

/// A method and a path; nothing can be done with it but declare who may call it.
#[derive(Debug)]
pub struct Route {
    method: Method,
    path: &'static str,
    operation_id: &'static str,
}

impl Route {
    /// A `GET` route; it answers `HEAD` too.
    pub fn get(path: &'static str, operation_id: &'static str) -> Self {
        Self {
            method: Method::GET,
            path,
            operation_id,
        }
    }

    /// A `POST` route.
    pub fn post(path: &'static str, operation_id: &'static str) -> Self {
        Self {
            method: Method::POST,
            path,
            operation_id,
        }
    }

    /// A `PUT` route.
    pub fn put(path: &'static str, operation_id: &'static str) -> Self {
        Self {
            method: Method::PUT,
            path,
            operation_id,
        }
    }

    /// A `PATCH` route.
    pub fn patch(path: &'static str, operation_id: &'static str) -> Self {
        Self {
            method: Method::PATCH,
            path,
            operation_id,
        }
    }

    /// A `DELETE` route.
    pub fn delete(path: &'static str, operation_id: &'static str) -> Self {
        Self {
            method: Method::DELETE,
            path,
            operation_id,
        }
    }

    /// Anybody may call it, for this reason.
    pub fn public(self, reason: &'static str) -> Declared<PublicCx> {
        self.declare(AccessRule::Public(reason))
    }

    /// Any signed-in person may call it.
    pub fn signed_in(self) -> Declared<UserCx> {
        self.declare(AccessRule::SignedIn)
    }

    /// Members of the path's `{tenant}` may call it whose grants carry `permission` in one of `scopes`.
    pub fn tenant(
        self,
        permission: Permission,
        scopes: &'static [ScopeKind],
    ) -> Declared<TenantCx> {
        self.declare(AccessRule::Tenant(permission, scopes))
    }

    /// Members of the path's `{tenant}` may call it, whatever they were granted.
    pub fn member(self) -> Declared<TenantCx> {
        self.declare(AccessRule::Member)
    }

    /// Operators may call it who hold the platform permission.
    pub fn platform(self, permission: Permission) -> Declared<PlatformCx> {
        self.declare(AccessRule::Platform(permission))
    }

    fn declare<C>(self, access: AccessRule) -> Declared<C> {
        Declared {
            route: self,
            access,
            options: Options::default(),
            context: PhantomData,
        }
    }
}

/// A route whose access is known; `C` is the context its handler gets.
pub struct Declared<C> {
    route: Route,
    access: AccessRule,
    options: Options,
    context: PhantomData<fn() -> C>,
}

impl<C> std::fmt::Debug for Declared<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Declared")
            .field("route", &self.route)
            .field("access", &self.access)
            .field("options", &self.options)
            .finish()
    }
}

impl Declared<TenantCx> {
    /// The answer is an [`crate::EventStream`], which goes on for as long as the client stays and may read.
    #[must_use]
    pub fn stream(self) -> Declared<StreamCx> {
        let Self {
            route,
            access,
            mut options,
            ..
        } = self;
        options.stream = true;
        options.class = Class::Stream;
        Declared {
            route,
            access,
            options,
            context: PhantomData,
        }
    }
}

impl<C: Context> Declared<C> {
    /// The rate limit class; [`Class::Standard`] when not called.
    #[must_use]
    pub fn limit(mut self, class: Class) -> Self {
        self.options.class = class;
        self
    }

    /// The largest body in bytes, instead of the configured one.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.options.body_limit = Some(bytes);
        self
    }

    /// The time the handler may take, instead of the configured one.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// One line of documentation.
    #[must_use]
    pub fn summary(mut self, text: &'static str) -> Self {
        self.options.summary = text;
        self
    }

    /// More documentation, in Markdown.
    #[must_use]
    pub fn describe(mut self, text: &'static str) -> Self {
        self.options.description = text;
        self
    }

    /// Promises what [`TenantCx::write_once`] and [`crate::write_once_control`] do: the same request again under the
    /// same `Idempotency-Key` has no second effect and gets the first result. For handlers that write through them.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.options.idempotent = true;
        self
    }

    /// Says that [`crate::RequestContext::if_match`] is asked: a request without `If-Match` is refused with 428, one with
    /// another version than the stored one with 412.
    #[must_use]
    pub fn if_match(mut self) -> Self {
        self.options.if_match = true;
        self
    }

    /// Names the media types of [`crate::Download`] and [`crate::Raw`] for the documentation; their own type does not say.
    #[must_use]
    pub fn media(mut self, types: &'static [&'static str]) -> Self {
        self.options.media = types;
        self
    }

    /// Asks for a recent proof that the person is there ([`crate::Session::fresh_until`]), for acts that a
    /// stolen session must not be enough for. Keys and staff who act as somebody else are refused.
    #[must_use]
    pub fn step_up(mut self) -> Self {
        self.options.step_up = true;
        self
    }

    /// Lets staff who act as somebody else call it, though it is that person's own and no tenant's.
    #[must_use]
    pub fn while_impersonating(mut self) -> Self {
        self.options.while_impersonating = true;
        self
    }

    /// Lets people call it who came by a tenant's own provider, though it is the person's own and no tenant's.
    #[must_use]
    pub fn in_one_tenant(mut self) -> Self {
        self.options.in_one_tenant = true;
        self
    }

    /// Lets shared caches keep the reply this long; for public documents that are the same for everybody.
    #[must_use]
    pub fn cache_public(mut self, max_age: Duration) -> Self {
        self.options.cache_public = Some(max_age);
        self
    }

    /// Says that it is an attempt to prove who one is, of this kind (`password`): how such attempts end is counted.
    #[must_use]
    pub fn attempt(mut self, kind: &'static str) -> Self {
        self.options.attempt = Some(kind);
        self
    }

    /// Names the error codes this operation is known to answer with, for its documentation.
    #[must_use]
    pub fn errors(mut self, codes: &'static [&'static str]) -> Self {
        self.options.errors = codes;
        self
    }

    /// Ends the declaration with the function that does the work.
    pub fn handle<S, I, O, E, F, Fut>(self, handler: F) -> Bound<S>
    where
        S: Send + Sync + 'static,
        I: Input,
        O: Reply,
        E: Into<Problem>,
        F: Fn(Arc<S>, C, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
    {
        let bind = move |state: Arc<S>| -> Run {
            Arc::new(move |call| {
                let prepared = C::build(&call).and_then(|cx| Ok((cx, I::read(&call)?)));
                let (cx, input) = match prepared {
                    Ok(ready) => ready,
                    Err(problem) => return std::future::ready(Err(problem)).boxed(),
                };
                let work = handler(Arc::clone(&state), cx, input);
                async move { work.await.map_err(Into::into)?.respond() }.boxed()
            })
        };
        let Self {
            route,
            access,
            options,
            ..
        } = self;
        Bound {
            bind: Box::new(bind),
            method: route.method,
            path: route.path,
            operation_id: route.operation_id,
            access,
            options,
            body: I::BODY,
            describe_input: I::describe,
            describe_output: O::describe,
        }
    }
}

/// A finished route that still waits for the state of its module.
pub struct Bound<S> {
    bind: Box<dyn FnOnce(Arc<S>) -> Run>,
    method: Method,
    path: &'static str,
    operation_id: &'static str,
    access: AccessRule,
    options: Options,
    body: crate::input::BodyKind,
    describe_input: fn(&mut crate::openapi::Describe<'_>),
    describe_output: fn(&mut crate::openapi::Describe<'_>),
}

impl<S> Bound<S> {
    pub(crate) fn attach(self, state: &Arc<S>) -> Endpoint {
        let meter = Meter::new(&self.method, self.path, self.options.attempt);
        Endpoint {
            meter,
            run: (self.bind)(Arc::clone(state)),
            method: self.method,
            path: self.path,
            operation_id: self.operation_id,
            access: self.access,
            options: self.options,
            body: self.body,
            describe_input: self.describe_input,
            describe_output: self.describe_output,
            params: Vec::new(),
            known_query: Vec::new(),
            json_only: true,
        }
    }
}

impl<S> std::fmt::Debug for Bound<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound")
            .field("operation_id", &self.operation_id)
            .finish_non_exhaustive()
    }
}
