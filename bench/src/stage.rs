//! A server on an empty folder, and mail for it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use hyper::{Method, StatusCode};
use tempfile::TempDir;

use crate::failure::{Failure, Outcome};
use crate::http::{Ask, Connection};
use crate::program::{Mail, Program, listening};

/// 32 bytes in base64; the data is gone with the run.
pub(crate) const MASTER_KEY: &str = "YmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaGJlbmNoISE=";
const READY_LIMIT: Duration = Duration::from_mins(1);
/// So large that it is never reached, and still counted against.
const UNREACHED: &str = "1000000000/1m";
/// What differs from the defaults, and is told in the report. The limits stay on and are counted; only those
/// that one machine's load would meet first are raised.
const SETTINGS: [(&str, &str); 7] = [
    ("GANTRY_SERVER__BEHIND_PROXY", "true"),
    ("GANTRY_SERVER__PUBLIC_URL", "https://gantry.example.com"),
    ("GANTRY_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
    ("GANTRY_HTTP__LIMITS__ANONYMOUS", UNREACHED),
    ("GANTRY_HTTP__LIMITS__INTERACTIVE", UNREACHED),
    ("GANTRY_HTTP__LIMITS__TENANT", UNREACHED),
    (
        "GANTRY_TENANCY__LIMITS",
        "{ members = 100, \"spaces.branches\" = 50, \"spaces.students\" = 1000000000 }",
    ),
];

/// What is started.
#[derive(Args)]
pub(crate) struct Programs {
    /// The program that is measured.
    #[arg(long = "gantry")]
    gantry_program: PathBuf,
    /// The mail simulator.
    #[arg(long = "mail")]
    mail_program: PathBuf,
}

pub(crate) struct Stage {
    // Before what they use, so that they are gone before it.
    pub(crate) gantry: Program,
    pub(crate) mail: Mail,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Stage {
    /// Starts both, with `more` settings beside those of every measurement.
    pub(crate) async fn set(programs: &Programs, more: &[(&str, &str)]) -> Outcome<Self> {
        let folder = tempfile::tempdir().map_err(Failure::doing("making a temporary folder"))?;
        let mail = Mail::start(&programs.mail_program, folder.path()).await?;
        let mut command = Command::new(&programs.gantry_program);
        for (name, _) in std::env::vars_os() {
            // The surroundings are no configuration.
            if name.to_string_lossy().starts_with("GANTRY_") {
                command.env_remove(name);
            }
        }
        let data: PathBuf = folder.path().join("data");
        command
            .arg("serve")
            .arg("--data")
            .arg(data)
            .args(["--listen", "127.0.0.1:0"])
            .envs(SETTINGS)
            .env("GANTRY_MASTER_KEY", MASTER_KEY)
            .env("GANTRY_MAIL__HOST", mail.smtp.ip().to_string())
            .env("GANTRY_MAIL__PORT", mail.smtp.port().to_string())
            .env("GANTRY_MAIL__TLS", "none")
            .envs(more.iter().copied());
        let mut gantry = Program::start("gantry", &mut command, folder.path().join("gantry.log"))?;
        let address = gantry.wait_for("where it listens", listening).await?;
        ready(&gantry, address).await?;
        Ok(Self {
            gantry,
            mail,
            address,
            _folder: folder,
        })
    }
}

/// The settings that are not at their default, for the report.
pub(crate) fn settings() -> String {
    let named = SETTINGS.map(|(name, value)| format!("`{name}={value}`"));
    named.join(", ")
}

async fn ready(gantry: &Program, address: SocketAddr) -> Outcome<()> {
    let deadline = Instant::now() + READY_LIMIT;
    let ask = || Ask {
        method: Method::GET,
        path: "/readyz",
        from: "127.0.0.1",
        credentials: None,
        version: None,
        json: None,
    };
    let mut connection = Connection::open(address).await?;
    while connection.send(ask()).await?.status != StatusCode::OK {
        if Instant::now() > deadline {
            return Err(gantry.trouble("it is not ready"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
