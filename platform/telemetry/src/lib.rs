//! What operators see and decide about the running process: its numbers over the last minutes and hours, what it was
//! started with, and how much it logs. The numbers are kept by whoever does the work (`kit/telemetry`); here they become answers.

mod configuration;
mod log_level;
mod module;
mod permissions;
mod routes;
mod window;

use gantry_db::ControlDb;
use gantry_runtime::Telemetry as Vitals;

pub use module::module;

/// What the handlers share.
struct Telemetry {
    control: ControlDb,
    vitals: Vitals,
    configuration: configuration::Configuration,
}
