//! The operations of this module.

use std::sync::Arc;

use gantry_http::{Route, Routes};

use crate::{Telemetry, configuration, log_level, permissions, window};

const LOG_LEVEL: &str = "/api/v1/admin/log-level";

pub(crate) fn routes(telemetry: Arc<Telemetry>) -> Routes {
    Routes::new(telemetry)
        .errors(log_level::CODES)
        .route(
            Route::get("/api/v1/health/metrics", "get_metrics_window")
                .platform(permissions::METRICS_READ)
                .summary("The last five minutes in numbers, and a point a minute of the last six hours")
                .describe(
                    "Of the process that answers. Percentiles are estimated from buckets. For collectors there is \
                     another address, `metrics.listen`.",
                )
                .handle(window::get),
        )
        .route(
            Route::get("/api/v1/admin/configuration", "get_configuration")
                .platform(permissions::CONFIGURATION_READ)
                .summary("What the process that answers was started with; secrets are masked")
                .handle(configuration::get),
        )
        .route(
            Route::get(LOG_LEVEL, "get_log_level")
                .platform(permissions::LOG_READ)
                .summary("How much the process that answers logs")
                .handle(log_level::get),
        )
        .route(
            Route::put(LOG_LEVEL, "set_log_level")
                .platform(permissions::LOG_CHANGE)
                .summary("Log more or less, in the process that answers and until it ends")
                .errors(&["log_level_invalid", "log_not_ours"])
                .handle(log_level::set),
        )
        .route(
            Route::delete(LOG_LEVEL, "reset_log_level")
                .platform(permissions::LOG_CHANGE)
                .summary("Log as much as is configured")
                .errors(&["log_not_ours"])
                .handle(log_level::reset),
        )
        .finish()
}
