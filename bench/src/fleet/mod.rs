//! The program with ten thousand tenants: how long they take to follow its schema, and how soon it is ready beside them.
//!
//! The tenants, and what storage alone costs with them, come from the benchmark of `kit/db`, which runs before.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use hyper::{Method, StatusCode};
use serde::Deserialize;

use crate::failure::{Failure, Outcome};
use crate::http::{Ask, Connection};
use crate::machine;
use crate::proc::memory;
use crate::program::Program;
use crate::report::{Section, Target, Verdict};
use crate::stage::MASTER_KEY;

const READY_LIMIT: Duration = Duration::from_mins(2);
/// Starts of which the middle one counts.
const STARTS: usize = 5;
/// In milliseconds.
const READY: f64 = 300.0;

#[derive(Args)]
pub(crate) struct Options {
    /// The program that is measured.
    #[arg(long = "gantry")]
    program: PathBuf,
    /// The folder with the tenants.
    #[arg(long)]
    data: PathBuf,
    /// What was measured when they were made, as JSON.
    #[arg(long)]
    figures: PathBuf,
    #[command(flatten)]
    target: Target,
}

/// A figure of the benchmark that made the tenants.
#[derive(Deserialize)]
struct Figure {
    what: String,
    value: f64,
    unit: String,
    most: Option<f64>,
}

pub(crate) async fn run(options: Options) -> Outcome<()> {
    let busy = machine::load_average();
    let text =
        std::fs::read(&options.figures).map_err(Failure::doing(options.figures.display()))?;
    let figures: Vec<Figure> =
        serde_json::from_slice(&text).map_err(Failure::doing(options.figures.display()))?;
    let mut verdicts: Vec<Verdict> = figures.into_iter().map(verdict).collect();

    println!("   the first start, which makes the tables of control");
    start(&options, 0).await?.0.stop().await?;
    println!("   every tenant follows the schema of the program");
    let begun = Instant::now();
    let followed = command(&options)
        .args(["tenant", "migrate", "--all"])
        .output()
        .map_err(Failure::doing("running gantry"))?;
    let took = begun.elapsed();
    let said = String::from_utf8_lossy(&followed.stdout).into_owned();
    if !followed.status.success() || !said.contains(" 0 behind, 0 of them failed") {
        let why = String::from_utf8_lossy(&followed.stderr);
        return Err(Failure::new(format!(
            "not all tenants followed: {said}{why}"
        )));
    }
    verdicts.push(Verdict::told(
        "`gantry tenant migrate --all`: every tenant follows all migrations of the program",
        format!("{:.0} s", took.as_secs_f64()),
    ));
    let (mut ready, mut resident) = (Vec::new(), 0.0);
    for number in 1..=STARTS {
        let (program, took) = start(&options, number).await?;
        ready.push(took.as_secs_f64() * 1000.0);
        resident = memory(program.pid())?.now;
        program.stop().await?;
    }
    ready.sort_by(f64::total_cmp);
    let all: Vec<String> = ready.iter().map(|took| format!("{took:.0}")).collect();
    let middle = ready.get(STARTS / 2).copied().unwrap_or(f64::NAN);
    verdicts.push(Verdict::at_most(
        &format!(
            "ready after a start with all of them there (of {} ms)",
            all.join(", ")
        ),
        middle,
        READY,
        "ms",
    ));
    verdicts.push(Verdict::told(
        "memory of the program then",
        format!("{resident:.1} MiB"),
    ));
    let mut notes = machine::notes(busy);
    notes.extend([
        "the tenants have one table and one row when they are made, and all migrations of the program when it starts".to_owned(),
        "storage is at its defaults (`synchronous = full`), in one process that calls kit/db and has nothing between; files lie in the temporary folder".to_owned(),
        "not in the page cache: the file is synced and the system is told to forget it (`POSIX_FADV_DONTNEED`) before it is opened".to_owned(),
        "ready: from the start of the process to the first 200 of `/readyz`, asked once a millisecond; the same folder was served before".to_owned(),
    ]);
    options.target.tell(&Section {
        title: "A fleet of tenants".to_owned(),
        command: options.target.command_line.clone(),
        notes,
        verdicts,
        runs: Vec::new(),
    })
}

fn verdict(figure: Figure) -> Verdict {
    let Figure {
        what,
        value,
        unit,
        most,
    } = figure;
    match most {
        Some(most) => Verdict::at_most(&what, value, most, &unit),
        None => Verdict::told(&what, format!("{value:.2} {unit}")),
    }
}

fn command(options: &Options) -> Command {
    let mut command = Command::new(&options.program);
    for (name, _) in std::env::vars_os() {
        // The surroundings are no configuration.
        if name.to_string_lossy().starts_with("GANTRY_") {
            command.env_remove(name);
        }
    }
    command
        .env("GANTRY_MASTER_KEY", MASTER_KEY)
        .env("GANTRY_DATA", &options.data);
    command
}

/// A started program, and how long it took to be ready.
async fn start(options: &Options, number: usize) -> Outcome<(Program, Duration)> {
    let address = free_address()?;
    let log = log_of(&options.data, number);
    let mut command = command(options);
    command.args(["serve", "--listen", &address.to_string()]);
    let begun = Instant::now();
    let program = Program::start("gantry", &mut command, log)?;
    loop {
        if is_ready(address).await {
            return Ok((program, begun.elapsed()));
        }
        if begun.elapsed() > READY_LIMIT {
            return Err(program.trouble("it is not ready"));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn log_of(data: &Path, number: usize) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(format!(".log-{number}"));
    name.into()
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(address).await else {
        return false;
    };
    let asked = connection.send(Ask {
        method: Method::GET,
        path: "/readyz",
        from: "127.0.0.1",
        credentials: None,
        version: None,
        json: None,
    });
    asked
        .await
        .is_ok_and(|reply| reply.status == StatusCode::OK)
}

fn free_address() -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Failure::doing("finding a port"))?;
    listener
        .local_addr()
        .map_err(Failure::doing("finding a port"))
}
