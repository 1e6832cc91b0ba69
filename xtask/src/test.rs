//! Runs the tests with everything they need: built programs, a browser and a PostgreSQL.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::args::Args;
use crate::chromium;
use crate::console;
use crate::peers;
use crate::pgbouncer;
use crate::postgres::{Postgres, Source};
use crate::process::Interrupt;
use crate::python;
use crate::schemathesis;
use crate::step::{Failure, Outcome, sh, step};
use crate::tools::NEXTEST;
use crate::workspace::{binaries, cargo};

/// Which tests, and how.
pub(crate) struct Plan {
    pub(crate) source: Source,
    /// Arguments to nextest, or to `cargo test` where nextest is not installed.
    pub(crate) arguments: Vec<String>,
    /// Examples in doc comments and the description of the API as well.
    pub(crate) doc_tests: bool,
    /// Added to the environment of builds and tests.
    pub(crate) env: Vec<(String, String)>,
    /// Where the built programs are.
    pub(crate) binaries: PathBuf,
}

pub(crate) fn test(mut args: Args) -> Outcome {
    let source = Source::parse(args.value("--postgres")?.as_deref())?;
    let arguments = args.after_dashes();
    args.finish()?;
    let doc_tests = arguments.is_empty();
    let binaries = binaries(false)?;
    execute(&Plan {
        source,
        arguments,
        doc_tests,
        env: Vec::new(),
        binaries,
    })
}

/// The whole suite, as continuous integration runs it.
pub(crate) fn everything() -> Outcome {
    execute(&Plan {
        source: Source::Any,
        arguments: Vec::new(),
        doc_tests: true,
        env: Vec::new(),
        binaries: binaries(false)?,
    })
}

pub(crate) fn torture(mut args: Args) -> Outcome {
    let source = Source::parse(args.value("--postgres")?.as_deref())?;
    let rounds = args.value("--rounds")?.unwrap_or_else(|| "200".to_owned());
    let mut arguments = args.after_dashes();
    args.finish()?;
    if !rounds.parse::<u32>().is_ok_and(|rounds| rounds > 0) {
        return Err(Failure::new(
            format!("{rounds:?} is no number of rounds"),
            "--rounds 200",
        ));
    }
    // Without nextest a name that selects nothing would pass.
    NEXTEST.ensure(args.flag("--install"))?;
    let selection = ["--profile", "torture", "-E", "test(torture)"];
    arguments.splice(0..0, selection.map(str::to_owned));
    execute(&Plan {
        source,
        arguments,
        doc_tests: false,
        env: vec![("GANTRY_TORTURE_ROUNDS".to_owned(), rounds)],
        binaries: binaries(false)?,
    })
}

/// Programs by others that tests start, and the variables that name them.
type Peers = [(&'static str, OsString); 2];

/// Builds, sees to a browser and to PostgreSQL, runs.
pub(crate) fn execute(plan: &Plan) -> Outcome {
    let interrupt = Interrupt::listen()?;
    console::build()?;
    // Programs and tests in one command: asked for apart, cargo unifies features differently and
    // builds most of the tree twice.
    let mut build = cargo(&["build", "--workspace", "--bins", "--tests"]);
    let build = build.envs(plan.env.iter().cloned());
    step("build", || {
        sh(build, "repair what the compiler names above")
    })?;

    step("openid peers", peers::provide)?;
    step("s3 peer", python::s3_peer)?;
    let tool = plan.binaries.join("gantry-test-postgres");
    let chromium = step("chromium", chromium::provide)?;
    let pgbouncer = step("pgbouncer", pgbouncer::provide)?;
    let postgres = step("postgres", || Postgres::provide(plan.source, &tool))?;
    let env = [
        (chromium::VARIABLE, chromium.clone().into_os_string()),
        (pgbouncer::VARIABLE, pgbouncer),
    ];
    let mut result = run(plan, &postgres, &env, &interrupt);
    if result.is_ok() && plan.doc_tests && !interrupt.is_set() {
        result = console::journeys(&plan.binaries, &chromium, postgres.env());
    }
    postgres.stop()?;
    result
}

fn run(plan: &Plan, postgres: &Postgres, peers: &Peers, interrupt: &Interrupt) -> Outcome {
    step("tests", || {
        let mut command = if NEXTEST.is_there() {
            let mut command = NEXTEST.command()?;
            command.args(["run", "--workspace"]).args(&plan.arguments);
            command
        } else {
            println!("   cargo-nextest is not installed: using `cargo test`, which is slower here");
            let mut command = cargo(&[
                "test",
                "--workspace",
                "--bins",
                "--tests",
                "--lib",
                "--no-fail-fast",
            ]);
            command.args(&plan.arguments);
            command
        };
        sh(
            prepare(&mut command, plan, postgres, peers),
            "repair what the failed tests say",
        )
    })?;
    if !plan.doc_tests {
        return Ok(());
    }
    if interrupt.is_set() {
        return Err(Failure::new("interrupted", "run it again"));
    }
    schemathesis::check()?;
    step("doc tests", || {
        let mut command = cargo(&["test", "--workspace", "--doc", "--quiet"]);
        sh(
            prepare(&mut command, plan, postgres, peers),
            "repair the examples named above",
        )
    })
}

fn prepare<'a>(
    command: &'a mut Command,
    plan: &Plan,
    postgres: &Postgres,
    peers: &Peers,
) -> &'a mut Command {
    let (name, url) = postgres.env();
    command
        .envs(plan.env.iter().cloned())
        .env(name, url)
        .envs(peers.iter().map(|(name, program)| (name, program)))
        .env("GANTRY_BIN", plan.binaries.join("gantry"))
        .env("GANTRY_SIM_SMTP_BIN", plan.binaries.join("gantry-sim-smtp"))
}
