//! The HTTP edge: a route table that is data, and one flat pipeline that every request walks.
//!
//! A module declares [`Routes`]: method, path, who may call, and a handler whose context type follows from
//! that declaration. [`Table::build`] joins them and refuses contradictions. [`Service`] runs requests through the
//! checks in one fixed order (see `pipeline`), and [`Server`] puts it on a socket.
//!
//! ```
//! use std::sync::Arc;
//! use gantry_http::{Json, PublicCx, Route, Routes, Table};
//! use gantry_kernel::Problem;
//!
//! struct Greeter;
//!
//! async fn greet(_: Arc<Greeter>, _: PublicCx, (): ()) -> Result<Json<String>, Problem> {
//!     Ok(Json("hello".to_owned()))
//! }
//!
//! let routes = Routes::new(Arc::new(Greeter))
//!     .route(Route::get("/api/v1/greeting", "get_greeting").public("an example").handle(greet))
//!     .finish();
//! assert!(Table::build(vec![routes]).is_ok());
//! ```
//!
//! A route whose access is not declared has no `handle`:
//!
//! ```compile_fail
//! use gantry_http::Route;
//! async fn greet() {}
//! Route::get("/api/v1/greeting", "get_greeting").handle(greet);
//! ```

mod authority;
mod builtin;
mod config;
mod context;
mod health;
mod idempotency;
mod input;
mod limit;
mod meter;
mod openapi;
mod output;
mod page;
mod pipeline;
pub mod problem;
mod route;
mod server;
mod site;
mod stream;

pub use authority::{
    Access, Authority, Credentials, Granted, Identified, Principal, SESSION_COOKIE, Session,
    Standing, Via,
};
pub use config::{ConfigError, HttpConfig, LimitsConfig};
pub use context::{
    Context, PlatformCx, PublicCx, RequestContext, RequestInfo, StreamCx, TenantCx, TraceParent,
    UserCx,
};
pub use health::{Health, HealthCheck};
pub use idempotency::{migrations, sweep_idempotency, write_once_control};
pub use input::{Body, BodyKind, Input, Path, Query, Upload};
pub use limit::{Class, Decision, Limiter, NotAQuota, Quota, Subject, subscriber};
pub use openapi::Describe;
pub use output::{
    Accepted, Cookie, Created, CreatedVersion, Download, Json, NoContent, Raw, Reply, ReplyExt,
    Response, ResponseBody, Versioned, With,
};
pub use page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page, PageQuery};
pub use pipeline::{Service, Setup, SetupError};
pub use problem::ErrorCode;
#[doc(hidden)]
pub use route::Call;
pub use route::{AccessRule, Bound, BuildError, Declared, Options, Route, Routes, Table};
pub use server::{Operations, Server};
pub use site::{Site, SiteFile};
pub use stream::{EventSource, EventStream, Message, Seen, StreamGuard};
