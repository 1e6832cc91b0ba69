//! `GET /api/v1/admin/configuration`: what the process was started with.

use std::sync::Arc;

use gantry_http::{Json, PlatformCx};
use gantry_kernel::Problem;
use gantry_runtime::config::{Origin, Shown};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Telemetry;

/// Every key there is, as it is in force in the process that answers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Configuration {
    /// In the order of the documentation.
    items: Vec<Setting>,
}

/// A key of the configuration.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Setting {
    /// In full, such as `server.listen`.
    key: String,
    /// What it is for.
    meaning: String,
    /// The value as TOML writes it; null if nothing is set. Of a secret only that it is set, and of a database's address all
    /// but its password.
    value: Option<String>,
    /// Whether the value is masked.
    secret: bool,
    /// Where the value was set: a line of the file, an environment variable, a flag, a file of its own; null for the
    /// default.
    origin: Option<String>,
}

impl Configuration {
    pub(crate) fn new(shown: Vec<Shown>) -> Self {
        let items = shown.into_iter().map(|shown| Setting {
            key: shown.key,
            meaning: shown.meaning,
            value: shown.value,
            secret: shown.secret,
            origin: match shown.origin {
                Origin::Default => None,
                origin => Some(origin.to_string()),
            },
        });
        Self {
            items: items.collect(),
        }
    }
}

pub(crate) async fn get(
    telemetry: Arc<Telemetry>,
    _: PlatformCx,
    (): (),
) -> Result<Json<Configuration>, Problem> {
    Ok(Json(telemetry.configuration.clone()))
}
