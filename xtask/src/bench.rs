//! Builds what is measured and what measures it, and runs the measurement.

use std::process::Command;

use crate::args::Args;
use crate::node;
use crate::postgres::{Postgres, Source};
use crate::step::{Failure, Outcome, read, sh, step};
use crate::workspace::{binaries, build_programs, cargo, root};

const REPORT: &str = "docs/benchmarks.md";
const SUITES: &str =
    "`cargo xtask bench identity`, `cargo xtask bench records` or `cargo xtask bench fleet`";

/// Each suite is a measurement with a section of its own in the report.
pub(crate) fn bench(mut args: Args) -> Outcome {
    let Some(suite) = args.word() else {
        return Err(Failure::new("no suite", SUITES));
    };
    if !matches!(suite.as_str(), "identity" | "records" | "fleet") {
        return Err(Failure::new(format!("unknown suite {suite:?}"), SUITES));
    }
    let mut typed = format!("cargo xtask bench {suite}");
    let quick = args.flag("--quick");
    if quick {
        typed.push_str(" --quick");
    }
    let source = match suite.as_str() {
        // Its peer has no PostgreSQL to be beside.
        "records" => None,
        // It makes tenants on both engines.
        "fleet" => Some(
            args.value("--postgres")?
                .unwrap_or_else(|| "any".to_owned()),
        ),
        _ => args.value("--postgres")?,
    };
    if let Some(source) = source
        .as_ref()
        .filter(|source| *source != "any" || suite != "fleet")
    {
        typed.push_str(" --postgres ");
        typed.push_str(source);
    }
    args.finish()?;
    let source = source.map(|text| Source::parse(Some(&text))).transpose()?;

    step("build", || {
        build_programs(true)?;
        // Apart, so that the server is built with what it ships with and nothing that measuring adds.
        let mut build = cargo(&["build", "--release", "--package", "gantry-bench"]);
        sh(&mut build, "repair what the compiler names above")?;
        if source.is_some() {
            let mut build = cargo(&["build", "--package", "gantry-testkit", "--bins"]);
            sh(&mut build, "repair what the compiler names above")?;
        }
        Ok(())
    })?;
    let programs = binaries(true)?;
    let mut command = Command::new(programs.join("gantry-bench"));
    command
        .current_dir(root())
        .arg(&suite)
        .arg("--gantry")
        .arg(programs.join("gantry"))
        .args(["--report", REPORT, "--command-line", &typed]);
    if suite != "fleet" {
        command.arg("--mail").arg(programs.join("gantry-sim-smtp"));
        if quick {
            command.args(["--seconds", "2", "--rounds", "1"]);
        }
    }
    match suite.as_str() {
        "identity" if quick => {
            command.args(["--settle", "5"]);
        }
        "records" => {
            command.arg("--pocketbase").arg(node::pocketbase()?);
        }
        _ => {}
    }
    let Some(source) = source else {
        return step(&suite, || measure(&mut command));
    };
    let tool = binaries(false)?.join("gantry-test-postgres");
    let postgres = step("postgres", || Postgres::provide(source, &tool))?;
    let (name, server) = postgres.env();
    let asked = |words: &[&str]| {
        let mut command = Command::new(&tool);
        command.args(words).env(name, server);
        command
    };
    let fix = "the server must let us make databases";
    let url = read(&mut asked(&["create"]), fix)?.trim().to_owned();
    let measured = if suite == "fleet" {
        fleet(&mut command, &url, quick)
    } else {
        command.args(["--database-url", &url]);
        step(&suite, || measure(&mut command))
    };
    // The databases go whatever came of it; which failure is told first is no matter.
    let dropped = sh(
        &mut asked(&["drop", &url]),
        "drop the databases whose names begin with gantry_t_ by hand",
    );
    let stopped = postgres.stop();
    measured.and(dropped).and(stopped)
}

/// The benchmark of storage makes the tenants, and leaves them to the program.
fn fleet(command: &mut Command, url: &str, quick: bool) -> Outcome {
    let folder = std::env::temp_dir().join(format!("gantry-fleet-{}", std::process::id()));
    std::fs::create_dir(&folder)
        .map_err(Failure::io(format_args!("creating {}", folder.display())))?;
    let (data, figures) = (folder.join("data"), folder.join("figures.json"));
    let size = if quick { "500" } else { "10000" };
    let made = step("storage", || {
        let mut storage = cargo(&["bench", "--package", "gantry-db", "--bench", "storage"]);
        storage.args(["--", "fleet", "--size", size, "--postgres", url]);
        storage.arg("--keep").arg(&data);
        storage.arg("--figures").arg(&figures);
        measure(&mut storage)
    });
    let measured = made.and_then(|()| {
        command.arg("--data").arg(&data);
        command.arg("--figures").arg(&figures);
        step("fleet", || measure(command))
    });
    let removed = std::fs::remove_dir_all(&folder)
        .map_err(Failure::io(format_args!("removing {}", folder.display())));
    measured.and(removed)
}

fn measure(command: &mut Command) -> Outcome {
    sh(
        command,
        "the line above says what could not be measured; a figure that misses its target is no failure",
    )
}
