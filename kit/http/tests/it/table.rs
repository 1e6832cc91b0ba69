//! What the table refuses to be built with.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_http::{
    Body, BuildError, ErrorCode, Json, Path, PlatformCx, PublicCx, Query, Route, Routes, Table,
    TenantCx,
};
use gantry_kernel::{Permission, Problem, ScopeKind};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::app::App;

const PERMISSION: Permission = Permission::new("test.table");

async fn public(_: Arc<()>, _: PublicCx, (): ()) -> Result<Json<u8>, Problem> {
    Ok(Json(1))
}

async fn tenant(_: Arc<()>, _: TenantCx, (): ()) -> Result<Json<u8>, Problem> {
    Ok(Json(1))
}

async fn platform(_: Arc<()>, _: PlatformCx, (): ()) -> Result<Json<u8>, Problem> {
    Ok(Json(1))
}

#[derive(Deserialize, JsonSchema)]
struct Open {
    #[expect(dead_code, reason = "only its schema matters")]
    name: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema matters")]
struct Closed {
    names: BTreeMap<String, u8>,
    anything: serde_json::Map<String, serde_json::Value>,
    either: Either,
    parts: Vec<Self>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema matters")]
enum Either {
    Number { number: u8 },
    Text { text: String },
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema matters")]
struct OpenInside {
    good: Closed,
    pages: BTreeMap<String, Vec<Option<Open>>>,
}

async fn closed_body(_: Arc<()>, _: PublicCx, _: Body<Closed>) -> Result<Json<u8>, Problem> {
    Ok(Json(1))
}

async fn open_inside(_: Arc<()>, _: PublicCx, _: Body<OpenInside>) -> Result<Json<u8>, Problem> {
    Ok(Json(1))
}

async fn open_body(_: Arc<()>, _: PublicCx, _: Body<Open>) -> Result<Json<u8>, Problem> {
    Ok(Json(1))
}

async fn open_query(_: Arc<()>, _: PublicCx, _: Query<Open>) -> Result<Json<u8>, Problem> {
    Ok(Json(1))
}

async fn path(_: Arc<()>, _: PublicCx, _: Path<Open>) -> Result<Json<u8>, Problem> {
    Ok(Json(1))
}

fn none() -> Routes<Arc<()>> {
    Routes::new(Arc::new(()))
}

fn refused(routes: Routes<Arc<()>>) -> BuildError {
    Table::build(vec![routes.finish()]).unwrap_err()
}

#[test]
fn contradictions_are_refused() {
    let get = |path, id| Route::get(path, id).public("a test").handle(public);
    assert_eq!(
        refused(none().route(get("/a", "one")).route(get("/a", "two"))),
        BuildError::DuplicateRoute(http::Method::GET, "/a")
    );
    assert_eq!(
        refused(none().route(get("/a", "one")).route(get("/b", "one"))),
        BuildError::DuplicateOperation("one")
    );
    assert!(matches!(
        refused(
            none()
                .route(get("/a/{x}", "one"))
                .route(get("/a/{y}", "two"))
        ),
        BuildError::Path("/a/{y}", _)
    ));
    assert!(matches!(
        refused(none().route(get("a", "one"))),
        BuildError::Path("a", _)
    ));
    assert_eq!(
        refused(none().route(get("/a", "getOne"))),
        BuildError::OperationId("getOne")
    );
    assert_eq!(
        refused(none().route(Route::get("/a", "one").public("").handle(public))),
        BuildError::NoReason("one")
    );
    assert_eq!(
        refused(
            none().route(
                Route::get("/a", "one")
                    .tenant(PERMISSION, &[ScopeKind::All])
                    .handle(tenant)
            )
        ),
        BuildError::TenantMissing("one")
    );
    assert_eq!(
        refused(
            none().route(
                Route::get("/{tenant}", "one")
                    .tenant(PERMISSION, &[])
                    .handle(tenant)
            )
        ),
        BuildError::NoScope("one")
    );
    assert_eq!(
        refused(none().route(Route::post("/a", "one").public("a test").handle(open_body))),
        BuildError::OpenBody("one", "body".to_owned())
    );
    assert_eq!(
        refused(
            none().route(
                Route::post("/a", "one")
                    .public("a test")
                    .handle(open_inside)
            )
        ),
        BuildError::OpenBody("one", "body.pages.*[]".to_owned())
    );
    assert!(matches!(
        refused(
            none().route(
                Route::get("/a/{other}", "one")
                    .public("a test")
                    .handle(path)
            )
        ),
        BuildError::PathParameters("one", _)
    ));
    assert_eq!(
        refused(
            none().route(
                Route::get("/a", "one")
                    .public("a test")
                    .errors(&["odd"])
                    .handle(public)
            )
        ),
        BuildError::UnknownErrorCode("one", "odd")
    );
    let taken = ErrorCode::new("not_found", 404, "Other", "Something else.");
    assert_eq!(
        refused(none().errors(&[taken])),
        BuildError::ErrorCode("not_found")
    );
}

#[test]
fn what_fits_together_is_built() {
    let routes = none()
        .route(
            Route::get("/admin/{tenant}", "one")
                .platform(PERMISSION)
                .handle(platform),
        )
        .route(Route::get("/a", "two").public("a test").handle(open_query))
        .route(Route::post("/a", "three").public("a test").handle(public))
        .route(Route::put("/a", "six").public("a test").handle(closed_body))
        .route(
            Route::get("/a/fixed", "four")
                .public("a test")
                .handle(public),
        )
        .route(
            Route::get("/a/{name}", "five")
                .public("a test")
                .handle(path),
        );
    let table = Table::build(vec![routes.finish()]).unwrap();
    assert_eq!(
        table.public_routes(),
        [
            "GET /a: a test",
            "POST /a: a test",
            "PUT /a: a test",
            "GET /a/fixed: a test",
            "GET /a/{name}: a test"
        ]
    );
}

#[tokio::test]
async fn the_servers_own_public_routes_are_these() {
    let app = App::new().await;
    let own: Vec<String> = app
        .service
        .table()
        .public_routes()
        .into_iter()
        .filter(|line| !line.ends_with(": a test"))
        .map(|line| line.split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        own,
        [
            "GET /.well-known/security.txt",
            "GET /api/docs",
            "GET /api/docs.css",
            "GET /api/openapi.json",
            "GET /api/v1/health/all",
            "GET /errors/{code}",
            "GET /healthz",
            "GET /readyz",
        ]
    );
}
