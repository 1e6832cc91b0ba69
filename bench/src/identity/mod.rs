//! What being recognised costs, and whether a flood of log-ins slows those who are.

mod figures;
mod measures;

use std::time::Duration;

use clap::Args;

use crate::failure::Outcome;
use crate::length::{self, Length};
use crate::machine;
use crate::people;
use crate::proc::memory;
use crate::report::{Section, Target};
use crate::stage::{self, Programs, Stage};

use self::figures::{Figures, Resident};

/// A fresh server has finished its first chores by then.
const IDLE_AFTER: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    programs: Programs,
    #[command(flatten)]
    length: Length,
    #[command(flatten)]
    target: Target,
    /// `postgres://...`: the database of that name is made, and must not exist. Without it, SQLite.
    #[arg(long)]
    database_url: Option<String>,
    /// How long after the log-ins memory is looked at, in seconds.
    #[arg(long, default_value_t = 60.0)]
    settle: f64,
}

/// Measures, prints, and writes the report.
pub(crate) async fn run(options: Options) -> Outcome<()> {
    let (rounds, window) = options.length.checked()?;
    let settle = length::seconds(options.settle)?;
    let busy = machine::load_average();
    println!("   starting");
    let database = options.database_url.as_deref();
    let more: Vec<_> = database
        .map(|url| ("GANTRY_DATABASE__URL", url))
        .into_iter()
        .collect();
    let stage = Stage::set(&options.programs, &more).await?;
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
    let measures = measures::take(&stage, people, rounds, window).await?;
    let figures = Figures::new(resident, memory(pid)?, measures);
    stage.gantry.stop().await?;

    let engine = options
        .database_url
        .as_ref()
        .map_or("SQLite", |_| "PostgreSQL");
    let mut notes = machine::notes(busy);
    notes.extend([
        options.length.note(),
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
    ]);
    let section = Section {
        title: format!("Identity, on {engine}"),
        command: options.target.command_line.clone(),
        notes,
        verdicts: figures.verdicts(),
        runs: figures.measures.runs(),
    };
    options.target.tell(&section)
}
