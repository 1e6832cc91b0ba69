//! A module of routes of every kind.

use std::sync::Arc;
use std::time::Duration;

use gantry_db::{ControlDb, DbError, Tx, args, sql};
use gantry_http::{
    Body, Class, Created, CreatedVersion, Download, ErrorCode, Json, NoContent, Page, PageQuery,
    Path, PlatformCx, PublicCx, Query, RequestContext, Route, Routes, TenantCx, Upload, UserCx,
    Versioned, write_once_control,
};
use gantry_kernel::{Permission, Problem, ScopeKind, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;

pub(crate) const READ: Permission = Permission::new("test.note.read");
pub(crate) const WRITE: Permission = Permission::new("test.note.write");
pub(crate) const STAFF: Permission = Permission::new("test.staff");

pub(crate) const TEAPOT: ErrorCode = ErrorCode::new(
    "teapot",
    409,
    "Teapot",
    "A pot was asked for something it cannot do.",
);

pub(crate) struct Notes {
    control: ControlDb,
    gate: Arc<Gate>,
}

/// Lets a test see that a request has reached its handler, and decide when it ends.
pub(crate) struct Gate {
    pub(crate) arrived: Semaphore,
    pub(crate) open: Semaphore,
}

impl Gate {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            arrived: Semaphore::new(0),
            open: Semaphore::new(0),
        })
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNote {
    /// What to write down.
    #[schemars(example = "water the plants")]
    body: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tag {
    weight: u8,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Note {
    body: String,
    tags: usize,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Filter {
    starts_with: Option<String>,
    #[serde(default)]
    tag: Vec<String>,
    #[serde(flatten)]
    page: PageQuery,
}

#[derive(Debug, thiserror::Error)]
enum NoteError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("refused")]
    Refused,
}

impl From<NoteError> for Problem {
    fn from(error: NoteError) -> Self {
        match error {
            NoteError::Db(error) => error.into(),
            NoteError::Refused => Problem::conflict("teapot", "this body is refused"),
        }
    }
}

async fn insert(tx: &mut Tx, body: &str) -> Result<(), NoteError> {
    tx.execute(sql!("insert into notes (body) values ($1)"), &args![body])
        .await?;
    if body == "refused" {
        Err(NoteError::Refused)
    } else {
        Ok(())
    }
}

pub(crate) async fn count(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(tx
        .one::<(i64,)>(sql!("select count(*) from notes"), &[])
        .await?
        .0)
}

async fn create_note(
    _: Arc<Notes>,
    cx: TenantCx,
    Body(new): Body<NewNote>,
) -> Result<Created<Note>, Problem> {
    let note = cx
        .write_once(async move |tx| {
            insert(tx, &new.body).await?;
            Ok::<_, NoteError>(Note {
                body: new.body.clone(),
                tags: new.tags.len(),
            })
        })
        .await?;
    Ok(Created::at("/notes/1", note))
}

async fn create_public_note(
    state: Arc<Notes>,
    cx: PublicCx,
    Body(new): Body<NewNote>,
) -> Result<Json<Note>, Problem> {
    let note = write_once_control(&state.control, &cx, async move |tx| {
        insert(tx, &new.body).await?;
        Ok::<_, NoteError>(Note {
            body: new.body.clone(),
            tags: 0,
        })
    })
    .await?;
    Ok(Json(note))
}

async fn list_notes(
    _: Arc<Notes>,
    cx: TenantCx,
    Query(filter): Query<Filter>,
) -> Result<Page<u64>, Problem> {
    let filters = (&filter.starts_with, &filter.tag);
    let after: u64 = cx.cursor(&filter.page, &filters)?.unwrap_or(0);
    let limit = u64::try_from(filter.page.limit()).unwrap();
    let rows: Vec<u64> = (after + 1..=250)
        .take(usize::try_from(limit).unwrap())
        .collect();
    cx.page(&filter.page, &filters, rows, |row| *row)
}

async fn scope(_: Arc<Notes>, cx: TenantCx, (): ()) -> Result<Json<String>, Problem> {
    Ok(Json(cx.scope.kind().as_str().to_owned()))
}

async fn whoami(_: Arc<Notes>, cx: UserCx, (): ()) -> Result<Json<String>, Problem> {
    Ok(Json(cx.principal().identity.to_string()))
}

async fn open_vault(_: Arc<Notes>, _: TenantCx, (): ()) -> Result<NoContent, Problem> {
    Ok(NoContent)
}

async fn staff(_: Arc<Notes>, _: PlatformCx, (): ()) -> Result<NoContent, Problem> {
    Ok(NoContent)
}

async fn write(_: Arc<Notes>, _: UserCx, (): ()) -> Result<NoContent, Problem> {
    Ok(NoContent)
}

async fn public_write(_: Arc<Notes>, _: PublicCx, (): ()) -> Result<NoContent, Problem> {
    Ok(NoContent)
}

async fn ip(_: Arc<Notes>, cx: PublicCx, (): ()) -> Result<Json<Option<String>>, Problem> {
    Ok(Json(cx.request().ip().map(|ip| ip.to_string())))
}

async fn echo(
    _: Arc<Notes>,
    _: PublicCx,
    Body(value): Body<Value>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(value))
}

async fn upload(_: Arc<Notes>, _: PublicCx, file: Upload) -> Result<Json<usize>, Problem> {
    Ok(Json(file.bytes.len()))
}

async fn thing(
    _: Arc<Notes>,
    _: PublicCx,
    Path(id): Path<UnitId>,
) -> Result<Versioned<String>, Problem> {
    Ok(Versioned {
        body: id.to_string(),
        version: 7,
    })
}

async fn change_thing(
    _: Arc<Notes>,
    cx: PublicCx,
    Path(id): Path<UnitId>,
) -> Result<Versioned<String>, Problem> {
    match cx.if_match()? {
        7 => Ok(Versioned {
            body: id.to_string(),
            version: 8,
        }),
        _ => Err(Problem::precondition_failed()),
    }
}

async fn create_thing(_: Arc<Notes>, _: PublicCx, (): ()) -> Result<CreatedVersion<u8>, Problem> {
    Ok(CreatedVersion {
        location: "/things/1".into(),
        body: 1,
        version: 1,
    })
}

async fn file(_: Arc<Notes>, _: PublicCx, (): ()) -> Result<Download, Problem> {
    Ok(Download::new(
        "Ö \"x\".csv",
        "text/csv; charset=utf-8",
        "a,b\n",
    ))
}

async fn gated(state: Arc<Notes>, _: PublicCx, (): ()) -> Result<NoContent, Problem> {
    state.gate.arrived.add_permits(1);
    let _open = state.gate.open.acquire().await.map_err(Problem::internal)?;
    Ok(NoContent)
}

async fn stuck(_: Arc<Notes>, _: PublicCx, (): ()) -> Result<NoContent, Problem> {
    std::future::pending().await
}

async fn panics(_: Arc<Notes>, _: PublicCx, (): ()) -> Result<NoContent, Problem> {
    panic!("secret detail")
}

async fn fails(_: Arc<Notes>, _: PublicCx, (): ()) -> Result<NoContent, Problem> {
    Err(Problem::internal(std::io::Error::other("secret detail")))
}

async fn big(_: Arc<Notes>, _: PublicCx, (): ()) -> Result<Download, Problem> {
    Ok(Download::new(
        "big",
        "application/octet-stream",
        vec![b'x'; 64 * 1024 * 1024],
    ))
}

pub(crate) fn routes(control: ControlDb, gate: Arc<Gate>) -> Routes {
    const EVERYONE: &[ScopeKind] = &[ScopeKind::All, ScopeKind::Units, ScopeKind::Own];
    const WIDE: &[ScopeKind] = &[ScopeKind::All, ScopeKind::Units];
    let test = "a test";
    Routes::new(Arc::new(Notes { control, gate }))
        .errors(&[TEAPOT])
        .route(
            Route::post("/api/v1/tenants/{tenant}/notes", "create_note")
                .tenant(WRITE, WIDE)
                .summary("writes a note")
                .idempotent()
                .errors(&["teapot"])
                .handle(create_note),
        )
        .route(
            // The promise that its handler keeps is missing here.
            Route::post("/api/v1/tenants/{tenant}/unannounced", "create_unannounced")
                .tenant(WRITE, WIDE)
                .handle(create_note),
        )
        .route(
            Route::get("/api/v1/tenants/{tenant}/notes", "list_notes")
                .tenant(READ, EVERYONE)
                .handle(list_notes),
        )
        .route(
            Route::get("/api/v1/tenants/{tenant}/scope", "get_scope")
                .tenant(READ, WIDE)
                .handle(scope),
        )
        .route(
            Route::get("/api/v1/me", "get_me")
                .signed_in()
                .handle(whoami),
        )
        .route(
            Route::post("/api/v1/me/writes", "write")
                .signed_in()
                .handle(write),
        )
        .route(
            Route::post("/api/v1/me/exports", "export")
                .signed_in()
                .limit(Class::Heavy)
                .handle(write),
        )
        .route(
            Route::post("/api/v1/me/keys", "hand_out_keys")
                .signed_in()
                .step_up()
                .handle(write),
        )
        .route(
            Route::delete("/api/v1/me/session", "leave")
                .signed_in()
                .while_impersonating()
                .handle(write),
        )
        .route(
            Route::post("/api/v1/tenants/{tenant}/vault", "open_vault")
                .tenant(WRITE, &[ScopeKind::All])
                .step_up()
                .handle(open_vault),
        )
        .route(
            Route::get("/api/v1/admin/staff", "get_staff")
                .platform(STAFF)
                .handle(staff),
        )
        .route(
            Route::post("/api/v1/notes", "create_public_note")
                .public(test)
                .idempotent()
                .handle(create_public_note),
        )
        .route(
            Route::post("/api/v1/sign-ups", "sign_up")
                .public(test)
                .limit(Class::SignUp)
                .handle(public_write),
        )
        .route(Route::get("/api/v1/ip", "get_ip").public(test).handle(ip))
        .route(
            Route::post("/api/v1/echo", "echo")
                .public(test)
                .body_limit(1024 * 1024)
                .handle(echo),
        )
        .route(
            Route::post("/api/v1/files", "upload")
                .public(test)
                .body_limit(2_000_000)
                .handle(upload),
        )
        .route(
            Route::get("/api/v1/files/one", "get_file")
                .public(test)
                .media(&["text/csv"])
                .handle(file),
        )
        .route(
            Route::get("/api/v1/things/{thing}", "get_thing")
                .public(test)
                .handle(thing),
        )
        .route(
            Route::put("/api/v1/things/{thing}", "change_thing")
                .public(test)
                .if_match()
                .handle(change_thing),
        )
        .route(
            Route::patch("/api/v1/things/{thing}", "change_thing_undeclared")
                .public(test)
                .handle(change_thing),
        )
        .route(
            Route::post("/api/v1/things", "create_thing")
                .public(test)
                .handle(create_thing),
        )
        .route(
            Route::get("/api/v1/gated", "get_gated")
                .public(test)
                .limit(Class::Uncounted)
                .handle(gated),
        )
        .route(
            Route::get("/api/v1/stuck", "get_stuck")
                .public(test)
                .timeout(Duration::from_millis(50))
                .handle(stuck),
        )
        .route(
            Route::get("/api/v1/panic", "get_panic")
                .public(test)
                .handle(panics),
        )
        .route(
            Route::get("/api/v1/failure", "get_failure")
                .public(test)
                .handle(fails),
        )
        .route(
            Route::get("/api/v1/big", "get_big")
                .public(test)
                .handle(big),
        )
        .finish()
}
