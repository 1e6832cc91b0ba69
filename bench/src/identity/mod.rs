//! What being recognised costs, and whether a flood of log-ins slows those who are.

mod figures;
mod measures;
mod people;
mod stage;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::failure::{Failure, Outcome};
use crate::machine;
use crate::proc::memory;
use crate::report::Section;

use self::figures::{Figures, Resident};
use self::stage::Stage;

/// A fresh server has finished its first chores by then.
const IDLE_AFTER: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(crate) struct Options {
    /// The program that is measured.
    #[arg(long = "gantry")]
    gantry_program: PathBuf,
    /// The mail simulator.
    #[arg(long = "mail")]
    mail_program: PathBuf,
    /// `postgres://...`: the database of that name is made, and must not exist. Without it, SQLite.
    #[arg(long)]
    database_url: Option<String>,
    /// Length of each run.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How often each run is repeated; the middle one counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long after the log-ins memory is looked at, in seconds.
    #[arg(long, default_value_t = 60.0)]
    settle: f64,
    /// The document in which the section is replaced.
    #[arg(long)]
    report: Option<PathBuf>,
    /// What somebody types to get the same again.
    #[arg(long)]
    command_line: String,
}

/// Measures, prints, and writes the report.
pub(crate) async fn run(options: Options) -> Outcome<()> {
    let window = seconds(options.seconds)?;
    let settle = seconds(options.settle)?;
    if options.rounds == 0 || window.is_zero() {
        return Err(Failure::new(
            "there is no measurement without rounds and seconds",
        ));
    }
    let busy = machine::load_average();
    println!("   starting");
    let stage = Stage::set(&options).await?;
    let pid = stage.gantry.pid();
    tokio::time::sleep(IDLE_AFTER.min(settle)).await;
    let idle = memory(pid)?;
    println!("   {} people sign up and in", people::PEOPLE);
    let people = people::gather(&stage).await?;
    println!("   waiting {settle:?} to see what memory is left of it");
    tokio::time::sleep(settle).await;
    let resident = Resident {
        idle,
        after_log_ins: memory(pid)?,
        settle,
    };
    let measures = measures::take(&stage, people, options.rounds, window).await?;
    let figures = Figures::new(resident, memory(pid)?, measures);
    stage.gantry.stop().await?;

    let engine = options
        .database_url
        .as_ref()
        .map_or("SQLite", |_| "PostgreSQL");
    let section = Section {
        title: format!("Identity, on {engine}"),
        command: options.command_line,
        notes: vec![
            format!("{}, commit {}", machine::today(), machine::commit()),
            machine::description(),
            match busy {
                Some(busy) => format!("load average of the machine before it began: {busy}"),
                None => "how busy the machine was before it began is not known".to_owned(),
            },
            format!(
                "{} rounds of {window:?} each, after a warm-up; of each measure the middle round counts",
                options.rounds
            ),
            format!(
                "settings that are not the default (every limit is on and counted): {}",
                stage::settings()
            ),
            "each client has a connection, a session and, through the proxy's header, a network address of its own"
                .to_owned(),
            if options.database_url.is_some() {
                "the server's CPU is Gantry's; what PostgreSQL uses is not in it".to_owned()
            } else {
                "the database is in the server's process, at `synchronous = full`".to_owned()
            },
        ],
        verdicts: figures.verdicts(),
        runs: figures.measures.runs(),
    };
    println!("\n{}", section.markdown());
    match options.report {
        Some(path) => section.write(&path),
        None => Ok(()),
    }
}

fn seconds(number: f64) -> Outcome<Duration> {
    Duration::try_from_secs_f64(number).map_err(Failure::doing("a number of seconds"))
}
