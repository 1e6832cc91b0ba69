//! How much is logged, changed while the process runs. Each change is in the audit log before it holds: whoever makes a log
//! silent is known.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{ControlTx, DbError};
use gantry_http::{Body, ErrorCode, Json, PlatformCx, RequestContext};
use gantry_kernel::{Problem, Text};
use gantry_runtime::LogError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Telemetry;

pub(crate) const CODES: &[ErrorCode] = &[
    ErrorCode {
        code: "log_level_invalid",
        status: 422,
        title: "Not a log level",
        meaning: "The level is error, warn, info, debug, trace or off, and may be finer per part of the program, as in \
                  info,gantry_jobs=debug.",
    },
    ErrorCode {
        code: "log_not_ours",
        status: 409,
        title: "The log belongs to another program",
        meaning: "The process does not decide what is logged, because it runs inside another program.",
    },
];

/// How much is logged.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LogLevel {
    /// In force in this process.
    level: String,
    /// What the configuration says, and a restart goes back to.
    configured: String,
}

/// What to log.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetLogLevel {
    /// `error`, `warn`, `info`, `debug`, `trace` or `off`; may be finer per part of the program: `info,gantry_jobs=debug`.
    level: Text<1, 200>,
}

/// Why the level stays as it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Log(LogError::Level(error)) => {
                Self::invalid("log_level_invalid", format!("{error}"))
            }
            Error::Log(LogError::NotOurs) => Self::conflict(
                "log_not_ours",
                "this process does not decide what is logged",
            ),
            Error::Log(error) => Self::internal(error),
            Error::Db(error) => error.into(),
        }
    }
}

pub(crate) async fn get(
    telemetry: Arc<Telemetry>,
    _: PlatformCx,
    (): (),
) -> Result<Json<LogLevel>, Problem> {
    Ok(Json(view(&telemetry)))
}

pub(crate) async fn set(
    telemetry: Arc<Telemetry>,
    cx: PlatformCx,
    Body(SetLogLevel { level }): Body<SetLogLevel>,
) -> Result<Json<LogLevel>, Error> {
    change(&telemetry, &cx, level.as_str()).await
}

pub(crate) async fn reset(
    telemetry: Arc<Telemetry>,
    cx: PlatformCx,
    (): (),
) -> Result<Json<LogLevel>, Error> {
    let configured = telemetry.vitals.log.configured().to_owned();
    change(&telemetry, &cx, &configured).await
}

async fn change(
    telemetry: &Telemetry,
    cx: &PlatformCx,
    level: &str,
) -> Result<Json<LogLevel>, Error> {
    let log = &telemetry.vitals.log;
    log.check(level)?;
    let entry = Entry::new(
        cx.actor(),
        "telemetry.log_level.changed",
        Target::of_kind("log"),
    )
    .before(Facts::new().with("level", log.level().as_str()))
    .after(Facts::new().with("level", level))
    .origin(&cx.origin());
    telemetry
        .control
        .write(async move |tx: &mut ControlTx| {
            gantry_audit::append(tx, entry.clone()).await.map(drop)
        })
        .await?;
    log.set(level)?;
    Ok(Json(view(telemetry)))
}

fn view(telemetry: &Telemetry) -> LogLevel {
    LogLevel {
        level: telemetry.vitals.log.level(),
        configured: telemetry.vitals.log.configured().to_owned(),
    }
}
