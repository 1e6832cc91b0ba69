//! Records made, read, listed and changed through the API, and people let in, beside a peer in the same run.

mod figures;
mod ours;
mod peer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::failure::Outcome;
use crate::length::Length;
use crate::load::{Caller, Plan, Taken, Work, process};
use crate::machine;
use crate::proc::{Memory, memory};
use crate::report::{Section, Target};
use crate::stage::{self, Programs};

use self::figures::Figures;
use self::ours::Ours;
use self::peer::Peer;

/// Clients of each run.
const CLIENTS: usize = 64;
/// Clients that sign in at once, one for each person.
const SIGNING_IN: usize = 32;
/// How often each of them does, in each round.
const LOG_INS_EACH: usize = 2;
/// Records that are there before the measurement.
const RECORDS: usize = 1_000;
/// Of a list.
const PAGE: usize = 20;

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    programs: Programs,
    /// The `PocketBase` program.
    #[arg(long)]
    pocketbase: PathBuf,
    #[command(flatten)]
    length: Length,
    #[command(flatten)]
    target: Target,
}

/// What each server is asked, in this order.
const MEASURES: [&str; 6] = [
    "create a record",
    "read one by id",
    "list 20",
    "change one",
    "refresh of a token",
    "log-in",
];

/// A server that is measured, and what to ask it.
struct Side {
    name: String,
    address: SocketAddr,
    pid: u32,
    /// In the order of [`MEASURES`].
    loads: [(Vec<Caller>, Work); MEASURES.len()],
    fresh: Memory,
}

/// What came of it.
struct Outcomes {
    name: String,
    /// For each of [`MEASURES`], every round.
    taken: [Vec<Taken>; MEASURES.len()],
    fresh: Memory,
    at_the_end: Memory,
}

/// Measures, prints, and writes the report.
pub(crate) async fn run(options: Options) -> Outcome<()> {
    let (rounds, window) = options.length.checked()?;
    let busy = machine::load_average();
    println!("   starting Gantry twice, and PocketBase");
    let full = Ours::set(&options.programs, "full").await?;
    let normal = Ours::set(&options.programs, "normal").await?;
    let peer = Peer::set(&options.pocketbase).await?;
    let version = peer.version.clone();
    let mut sides = [full.side()?, normal.side()?, peer.side()?];
    let mut outcomes = sides.each_ref().map(|side| Outcomes {
        name: side.name.clone(),
        taken: Default::default(),
        fresh: side.fresh,
        at_the_end: side.fresh,
    });
    for round in 1..=rounds {
        for (side, outcomes) in sides.iter_mut().zip(&mut outcomes) {
            println!("   round {round} of {rounds}: {}", side.name);
            measure(side, outcomes, window).await?;
        }
    }
    for (side, outcomes) in sides.iter().zip(&mut outcomes) {
        outcomes.at_the_end = memory(side.pid)?;
    }
    full.stop().await?;
    normal.stop().await?;
    peer.stop().await?;

    let mut notes = machine::notes(busy);
    notes.extend([
        options.length.note(),
        format!("PocketBase {version}, as npm has it; an old line of it"),
        format!(
            "settings of Gantry that are not the default (every limit is on and counted): {}, and `GANTRY_DATABASE__SQLITE__SYNCHRONOUS=normal` where that is said",
            stage::settings()
        ),
        format!(
            "one workspace with {RECORDS} records of the same members before it began; whoever asks is signed in; nothing is given up for speed on either side: Gantry checks membership, permission and branch, keeps an audit log and asks for the version that is changed; PocketBase checks the rule that somebody is signed in, and has the same unique code"
        ),
        "the servers run beside each other and are asked one after another; at `full` an answer means that the write survives a power cut, at `normal` and in PocketBase (which sets it so) it does not".to_owned(),
        format!("log-in: {SIGNING_IN} people at once, {LOG_INS_EACH} times each; each server hashes passwords in its own way and at its own cost"),
    ]);
    let figures = Figures(&outcomes);
    let verdicts = figures.verdicts();
    let section = Section {
        title: "Records, beside PocketBase".to_owned(),
        command: options.target.command_line.clone(),
        notes,
        verdicts,
        runs: runs(outcomes),
    };
    options.target.tell(&section)
}

async fn measure(side: &mut Side, outcomes: &mut Outcomes, window: Duration) -> Outcome<()> {
    for ((callers, work), all) in side.loads.iter_mut().zip(&mut outcomes.taken) {
        let plan = Plan {
            server: side.address,
            server_pid: side.pid,
            callers: callers.clone(),
            work: work.clone(),
            rate: None,
            warm_up: (window / 5).min(Duration::from_secs(1)),
            window,
        };
        let taken = process::run(&plan).await?;
        for (caller, left) in callers.iter_mut().zip(&taken.left) {
            caller.version.clone_from(&left.version);
            caller.refresh_token.clone_from(&left.refresh_token);
        }
        all.push(taken);
    }
    Ok(())
}

fn runs(outcomes: [Outcomes; 3]) -> Vec<(String, Vec<Taken>)> {
    let named = outcomes.into_iter().flat_map(|side| {
        let Outcomes { name, taken, .. } = side;
        let pairs = MEASURES.into_iter().zip(taken);
        pairs.map(move |(measure, taken)| (format!("{name}: {measure}"), taken))
    });
    named.collect()
}
