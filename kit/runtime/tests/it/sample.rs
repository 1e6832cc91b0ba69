//! A module small enough to hold in the head: who signs in is nobody, and one public route waits
//! until the test lets it go.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_http::{Authority, Credentials, Identified, Json, NoContent, PublicCx, Route, Routes};
use gantry_kernel::{Problem, SessionId};
use gantry_runtime::{
    BuildError, Manifest, Module, Parts, PlatformBuild, PlatformModule, StartHook,
};
use tokio::sync::Semaphore;

struct Nobody;

impl Authority for Nobody {
    fn identify<'a>(
        &'a self,
        _: Credentials<'a>,
        _: Option<&'a str>,
        _: Option<std::net::IpAddr>,
    ) -> BoxFuture<'a, Result<Identified, Problem>> {
        async {
            Err(Problem::unauthenticated(
                "unauthenticated",
                "nobody can sign in here",
            ))
        }
        .boxed()
    }

    fn csrf_ok(&self, _: SessionId, _: &str) -> bool {
        false
    }
}

/// Lets a test see that a request has arrived, and decide when it ends.
#[derive(Debug)]
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

async fn wait(gate: Arc<Gate>, _: PublicCx, (): ()) -> Result<Json<&'static str>, Problem> {
    gate.arrived.add_permits(1);
    let _open = gate.open.acquire().await.map_err(Problem::internal)?;
    Ok(Json("finished"))
}

async fn write(_: Arc<Gate>, _: PublicCx, (): ()) -> Result<NoContent, Problem> {
    Ok(NoContent)
}

type Build = Box<dyn FnOnce(&PlatformBuild) -> Result<Parts, BuildError> + Send>;

struct Sample {
    manifest: Manifest,
    build: Build,
}

impl PlatformModule for Sample {
    fn manifest(&self) -> Manifest {
        self.manifest.clone()
    }

    fn build(self: Box<Self>, cx: &PlatformBuild) -> Result<Parts, BuildError> {
        (self.build)(cx)
    }
}

/// A module of this manifest, built by this function.
pub(crate) fn module(
    manifest: Manifest,
    build: impl FnOnce(&PlatformBuild) -> Result<Parts, BuildError> + Send + 'static,
) -> Module {
    Module::platform(Sample {
        manifest,
        build: Box::new(build),
    })
}

/// The module with the gate, which also recognises nobody.
pub(crate) fn gated(gate: &Arc<Gate>) -> Module {
    let gate = Arc::clone(gate);
    module(Manifest::new("sample"), move |_| {
        let route = Route::get("/api/v1/wait", "wait")
            .public("a test")
            .summary("Wait")
            .handle(wait);
        let other = Route::post("/api/v1/write", "write")
            .public("a test")
            .summary("Write")
            .handle(write);
        Ok(Parts {
            routes: Routes::new(gate).route(route).route(other).finish(),
            start: vec![StartHook::new("sample", async || {
                Ok(vec!["hello from sample".to_owned()])
            })],
            authority: Some(Arc::new(Nobody)),
            ..Parts::default()
        })
    })
}
