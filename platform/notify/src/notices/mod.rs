//! What people must not miss: brought to control, shown to each person alone, and let go a while after they read it.

mod api;
mod config;
mod deliver;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use gantry_contracts::{People, Slot};
use gantry_db::ControlDb;
use gantry_http::{Route, Routes};
use gantry_jobs::{JobKind, Schedule};

pub use config::NoticesConfig;

/// What routes and jobs of the notices work with.
pub struct Notices {
    control: ControlDb,
    people: Slot<dyn People>,
    retention: Duration,
}

impl Notices {
    /// `people` knows whom a notice concerns; `retention` is how long one is kept after it was read.
    pub const fn new(control: ControlDb, people: Slot<dyn People>, retention: Duration) -> Self {
        Self {
            control,
            people,
            retention,
        }
    }

    /// The operations.
    pub fn routes(self: &Arc<Self>) -> Routes {
        Routes::new(Arc::clone(self))
            .route(
                Route::get("/api/v1/me/notices", "list_notices")
                    .signed_in()
                    .while_impersonating()
                    .summary("What the caller must not miss, newest first")
                    .describe(
                        "In a session that one workspace's provider opened, those about that workspace. Staff who act as \
                         somebody see none.",
                    )
                    .handle(api::list),
            )
            .route(
                Route::post("/api/v1/me/notices/read", "read_notices")
                    .signed_in()
                    .in_one_tenant()
                    .summary("Note that the caller has read notices")
                    .errors(&["invalid_request"])
                    .handle(api::read),
            )
            .finish()
    }

    /// The background work.
    pub fn jobs(self: &Arc<Self>) -> Vec<JobKind> {
        vec![deliver::kind(self), sweep::kind(self)]
    }

    /// When the background work runs.
    pub fn schedules() -> Vec<Schedule> {
        vec![sweep::schedule()]
    }
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notices")
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}
