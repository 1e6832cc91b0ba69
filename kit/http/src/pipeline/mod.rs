//! The path of every request, flat and in one order:
//!
//! host and sizes of the head, request id, client address, origin -> route -> `Accept` -> limits for strangers ->
//! credentials -> cross-site checks -> tenant, permission, scope, suspension -> limits for the caller ->
//! body -> handler, bounded in time and isolated -> encoding, headers, one log line.

mod body;
mod cors;
mod finish;
mod guard;
mod head;
mod limits;
mod open;

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use gantry_db::Tenants;
use gantry_kernel::{Kernel, Kind, Problem};
use gantry_telemetry::Source;
use gantry_telemetry::trace::Recorder;
use http::header;
use http::request::Parts;
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use tracing::Instrument as _;

use crate::authority::Authority;
use crate::builtin::{self, Builtin, Documents};
use crate::config::{ConfigError, HttpConfig, Settings};
use crate::context::{RequestInfo, RequestParts};
use crate::health::{Health, HealthCheck};
use crate::limit::Limiter;
use crate::meter::Meters;
use crate::output::{Response, ResponseBody, bytes_response};
use crate::problem::{Failure, codes};
use crate::route::{BuildError, Call, Endpoint, Routes, Table};
use crate::site::Site;
use crate::stream::Slots;

pub(crate) use guard::entitle;
use head::Trail;

/// Everything a [`Service`] is made from.
pub struct Setup {
    /// Settings.
    pub config: HttpConfig,
    /// Clock and randomness.
    pub kernel: Kernel,
    /// Who recognises credentials.
    pub authority: Arc<dyn Authority>,
    /// Where the databases of tenant routes come from.
    pub tenants: Tenants,
    /// Routes of all modules.
    pub modules: Vec<Routes>,
    /// Health checks of all modules.
    pub checks: Vec<HealthCheck>,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Why a service cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A setting cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The routes contradict each other.
    #[error("route table: {0}")]
    Table(#[from] BuildError),
}

/// The assembled HTTP edge. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) kernel: Kernel,
    pub(crate) authority: Arc<dyn Authority>,
    pub(crate) tenants: Tenants,
    pub(crate) table: Table,
    pub(crate) limiter: Limiter,
    pub(crate) health: Health,
    slots: Arc<Slots>,
    pub(crate) meters: Meters,
    pub(crate) recorder: Option<Arc<dyn Recorder>>,
    site: Site,
    standard_headers: Vec<(http::HeaderName, http::HeaderValue)>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("table", &self.0.table)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Checks the settings, joins the routes and adds the ones every server has.
    pub fn new(setup: Setup) -> Result<Self, SetupError> {
        Self::with_site(setup, Site::default())
    }

    /// The same, with a web interface where no route is.
    pub fn with_site(setup: Setup, site: Site) -> Result<Self, SetupError> {
        Self::recorded(setup, site, None)
    }

    /// The same, with spans for whoever records traces.
    pub fn recorded(
        setup: Setup,
        site: Site,
        recorder: Option<Arc<dyn Recorder>>,
    ) -> Result<Self, SetupError> {
        let settings = Settings::check(setup.config)?;
        let health = Health::new(
            setup.checks,
            settings.raw.health_timeout.get(),
            Arc::clone(&setup.kernel.clock),
        );
        let builtin = Arc::new(Builtin {
            health: health.clone(),
            security_contact: settings.raw.security_contact.clone(),
            documents: OnceLock::new(),
        });
        let mut modules = vec![builtin::routes(Arc::clone(&builtin))];
        modules.extend(setup.modules);
        let table = Table::build(modules)?;
        builtin.documents.get_or_init(|| Documents::of(&table));
        let limiter = Limiter::new(
            Arc::clone(&setup.kernel.clock),
            settings.raw.limits.max_subjects,
        );
        let slots = Slots::new(
            settings.raw.max_event_streams,
            settings.raw.max_event_streams_per_person,
        );
        let standard_headers = finish::standard_headers(&settings);
        let meters = table.meters();
        Ok(Self(Arc::new(Inner {
            settings,
            kernel: setup.kernel,
            authority: setup.authority,
            tenants: setup.tenants,
            table,
            limiter,
            health,
            slots,
            meters,
            recorder,
            site,
            standard_headers,
        })))
    }

    /// The route table.
    pub fn table(&self) -> &Table {
        &self.0.table
    }

    /// Health and readiness.
    pub fn health(&self) -> &Health {
        &self.0.health
    }

    /// What is measured of every route. It does not keep the service.
    pub fn measures(&self) -> Arc<dyn Source> {
        Arc::new(self.0.meters.clone())
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Answers a request that is all there, without a socket; for tests and in-process callers.
    pub async fn call(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        self.call_from(None, request).await
    }

    /// The same, as if `peer` had connected.
    pub async fn call_from(
        &self,
        peer: Option<IpAddr>,
        request: http::Request<Bytes>,
    ) -> http::Response<Bytes> {
        let request =
            request.map(|bytes| Full::new(bytes).map_err(|never: Infallible| match never {}));
        let (parts, body) = self.answer(request, peer).await.into_parts();
        let Ok(collected) = body.collect().await;
        http::Response::from_parts(parts, collected.to_bytes())
    }

    /// Answers a request from `peer`.
    pub(crate) async fn answer<B>(
        &self,
        request: http::Request<B>,
        peer: Option<IpAddr>,
    ) -> Response
    where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        let (parts, body) = request.into_parts();
        let mut trail = Trail::start(&self.0, &parts, peer);
        let walk = AssertUnwindSafe(self.0.walk(&mut trail, parts, body))
            .catch_unwind()
            .await;
        let outcome = walk.unwrap_or_else(|panic| Err(panicked(panic.as_ref()).into()));
        self.0.finish(&mut trail, outcome)
    }
}

/// What a panic says about itself; the client learns nothing but the request id.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

fn panicked(panic: &(dyn std::any::Any + Send)) -> Problem {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Problem::internal(Panicked(message))
}

impl Inner {
    async fn walk<B>(&self, trail: &mut Trail, parts: Parts, body: B) -> Result<Response, Failure>
    where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        head::check_host(trail, &parts)?;
        head::check_sizes(&self.settings, &parts)?;
        let (endpoint, params) = match self.route(trail, &parts)? {
            Routed::Answered(response) => return Ok(response),
            Routed::To(endpoint, params) => (endpoint, params),
        };
        head::check_accept(&endpoint, &parts.headers)?;
        self.limit_stranger(trail, &endpoint)?;
        let caller = self.admit(trail, &endpoint, &parts, &params).await?;
        let body = self.read_body(trail, &endpoint, &parts, body).await?;
        let stream = self.open(trail, &endpoint, &parts.headers, &caller)?;
        let info = RequestInfo::new(RequestParts {
            kernel: self.kernel.clone(),
            id: trail.request_id.clone(),
            method: parts.method,
            route: endpoint.path,
            idempotent: endpoint.options.idempotent,
            if_match: endpoint.options.if_match,
            uri: parts.uri,
            headers: parts.headers,
            ip: trail.ip,
            received: trail.received,
            trace: trail.trace.clone(),
            body,
            replayed: AtomicBool::new(false),
        });
        let call = Call {
            info: info.clone(),
            caller,
            params,
            endpoint: Arc::clone(&endpoint),
            stream: Mutex::new(stream),
        };
        let limit = endpoint
            .options
            .timeout
            .unwrap_or(self.settings.raw.handler_timeout.get());
        // Whatever is logged on the way says which request it belongs to. An error span, so that it is there at every level.
        let span = tracing::error_span!(
            "request",
            request_id = trail.request_id,
            trace_id = trail.span.map(|span| span.trace_hex()),
            route = endpoint.path,
            tenant = trail.tenant.map(tracing::field::display),
        );
        let work = async { (endpoint.run)(call).await }.instrument(span);
        let outcome = match trail.span {
            Some(span) => span.around(tokio::time::timeout(limit, work)).await,
            None => tokio::time::timeout(limit, work).await,
        };
        trail.replayed = info.replayed();
        let response = outcome.map_err(|_| {
            Problem::new(
                Kind::Timeout,
                codes::TIMEOUT.code,
                "the operation took too long",
            )
            .retry_after(Duration::from_secs(1))
        })??;
        Ok(finish::conditional(&info, response))
    }
}

/// What routing a request came to.
enum Routed {
    /// Answered without a handler (`OPTIONS`, a file of the web interface).
    Answered(Response),
    To(Arc<Endpoint>, Vec<(&'static str, String)>),
}

fn no_content() -> Response {
    let mut response = bytes_response(
        http::StatusCode::NO_CONTENT,
        http::HeaderValue::from_static("text/plain"),
        Bytes::new(),
    );
    response.headers_mut().remove(header::CONTENT_TYPE);
    *response.body_mut() = ResponseBody::empty();
    response
}
