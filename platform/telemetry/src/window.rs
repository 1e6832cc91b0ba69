//! `GET /api/v1/health/metrics`.

use std::sync::Arc;

use gantry_http::{Json, PlatformCx};
use gantry_kernel::Problem;
use gantry_telemetry::Window;

use crate::Telemetry;

pub(crate) async fn get(
    telemetry: Arc<Telemetry>,
    _: PlatformCx,
    (): (),
) -> Result<Json<Window>, Problem> {
    Ok(Json(telemetry.vitals.history.window()))
}
