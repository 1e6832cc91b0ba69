//! The routes every server has: health, the API's description, the pages of error codes, the security contact.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use gantry_kernel::Problem;
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use crate::context::{PublicCx, RequestContext};
use crate::health::{Health, Outcome};
use crate::input::Path;
use crate::limit::Class;
use crate::openapi::{DOCS_CSS, Describe, docs_page, escape, html};
use crate::output::{Json, Raw, Reply, Response, json};
use crate::problem::{ErrorCode, codes};
use crate::route::{Route, Routes, Table};

/// Policy of the server's own pages: one stylesheet from here, nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the builtin handlers answer from.
pub(crate) struct Builtin {
    pub(crate) health: Health,
    pub(crate) security_contact: String,
    pub(crate) documents: OnceLock<Documents>,
}

/// Documents made from the finished table.
pub(crate) struct Documents {
    openapi: Bytes,
    page: Bytes,
    codes: Vec<ErrorCode>,
}

impl Documents {
    pub(crate) fn of(table: &Table) -> Self {
        Self {
            openapi: table.openapi().to_string().into(),
            page: docs_page(table.endpoints()).into(),
            codes: table.error_codes(),
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct Alive {
    /// Always `ok`: the process answers.
    status: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Report {
    /// `ok`, `unavailable`, or `draining` while the server stops.
    status: &'static str,
    /// Names and outcomes of the checks.
    checks: Vec<Outcome>,
}

/// Routes that [`Table`] builds into every server.
pub(crate) fn routes(state: Arc<Builtin>) -> Routes {
    let hour = Duration::from_hours(1);
    Routes::new(state)
        .route(
            Route::get("/healthz", "get_alive")
                .public("supervisors ask whether the process lives")
                .limit(Class::Uncounted)
                .summary("whether the process answers")
                .handle(alive),
        )
        .route(
            Route::get("/readyz", "get_ready")
                .public("load balancers ask whether to send requests here")
                .limit(Class::Uncounted)
                .summary("whether requests can be served; 503 with reasons when not")
                .handle(ready),
        )
        .route(
            Route::get("/api/v1/health/all", "get_health")
                .public("monitoring asks for every check; reasons hold nothing private")
                .summary("every check with its outcome")
                .handle(all),
        )
        .route(
            Route::get("/api/openapi.json", "get_openapi")
                .public("the description of the API is not secret")
                .cache_public(hour)
                .summary("this API as OpenAPI 3.1")
                .media(&["application/json"])
                .handle(openapi),
        )
        .route(
            Route::get("/api/docs", "get_docs")
                .public("the description of the API is not secret")
                .cache_public(hour)
                .summary("a page that lists the operations")
                .media(&["text/html"])
                .handle(docs),
        )
        .route(
            Route::get("/api/docs.css", "get_docs_style")
                .public("stylesheet of the public pages")
                .cache_public(hour)
                .summary("stylesheet of the server's own pages")
                .media(&["text/css"])
                .handle(style),
        )
        .route(
            Route::get("/errors/{code}", "get_error_code")
                .public("problem replies link here")
                .cache_public(hour)
                .summary("what an error code means")
                .media(&["application/json", "text/html"])
                .handle(error_code),
        )
        .route(
            Route::get("/.well-known/security.txt", "get_security_txt")
                .public("finders of a weakness look here (RFC 9116)")
                .summary("whom to tell about a weakness")
                .media(&["text/plain"])
                .errors(&[codes::NOT_FOUND.code])
                .handle(security_txt),
        )
        .finish()
}

async fn alive(_: Arc<Builtin>, _: PublicCx, (): ()) -> Result<Json<Alive>, Problem> {
    Ok(Json(Alive { status: "ok" }))
}

async fn ready(state: Arc<Builtin>, _: PublicCx, (): ()) -> Result<Readiness, Problem> {
    let checks = state.health.needed().await;
    Ok(Readiness(report(&state.health, checks)))
}

async fn all(state: Arc<Builtin>, _: PublicCx, (): ()) -> Result<Json<Report>, Problem> {
    let checks = state.health.all().await;
    Ok(Json(report(&state.health, checks)))
}

fn report(health: &Health, checks: Vec<Outcome>) -> Report {
    let status = if health.draining() {
        "draining"
    } else if checks.iter().any(|check| check.needed && !check.ok) {
        "unavailable"
    } else {
        "ok"
    };
    Report { status, checks }
}

/// A report whose status says the same as its first word.
struct Readiness(Report);

impl Reply for Readiness {
    fn respond(self) -> Result<Response, Problem> {
        let status = if self.0.status == "ok" {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        json(status, &self.0)
    }

    fn describe(operation: &mut Describe<'_>) {
        for status in [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE] {
            operation.json_response::<Report>(status, &[]);
        }
    }
}

async fn openapi(state: Arc<Builtin>, _: PublicCx, (): ()) -> Result<Raw, Problem> {
    let documents = state.documents.get().ok_or_else(Problem::not_found)?;
    Ok(Raw::new("application/json", documents.openapi.clone()))
}

async fn docs(state: Arc<Builtin>, _: PublicCx, (): ()) -> Result<Raw, Problem> {
    let documents = state.documents.get().ok_or_else(Problem::not_found)?;
    Ok(page(documents.page.clone()))
}

async fn style(_: Arc<Builtin>, _: PublicCx, (): ()) -> Result<Raw, Problem> {
    Ok(Raw::new("text/css; charset=utf-8", DOCS_CSS))
}

async fn error_code(
    state: Arc<Builtin>,
    cx: PublicCx,
    Path(code): Path<String>,
) -> Result<Raw, Problem> {
    let documents = state.documents.get().ok_or_else(Problem::not_found)?;
    let known = documents
        .codes
        .iter()
        .find(|known| known.code == code)
        .ok_or_else(Problem::not_found)?;
    if cx
        .request()
        .header("accept")
        .is_some_and(|accept| accept.contains("text/html"))
    {
        let content = format!(
            "<p><code>{}</code>, status {}</p><p>{}</p>",
            escape(known.code),
            known.status,
            escape(known.meaning)
        );
        return Ok(page(html(known.title, &content).into())
            .header(header::VARY, HeaderValue::from_static("Accept")));
    }
    let body = serde_json::json!({
        "code": known.code, "status": known.status, "title": known.title, "meaning": known.meaning,
    });
    Ok(Raw::new("application/json", body.to_string())
        .header(header::VARY, HeaderValue::from_static("Accept")))
}

async fn security_txt(state: Arc<Builtin>, cx: PublicCx, (): ()) -> Result<Raw, Problem> {
    if state.security_contact.is_empty() {
        return Err(Problem::not_found());
    }
    let year = Duration::from_hours(365 * 24);
    let text = format!(
        "Contact: {}\nExpires: {}\n",
        state.security_contact,
        cx.now() + year
    );
    Ok(Raw::new("text/plain; charset=utf-8", text))
}

fn page(bytes: Bytes) -> Raw {
    Raw::new("text/html; charset=utf-8", bytes).header(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(PAGE_POLICY),
    )
}
