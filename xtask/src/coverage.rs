//! Line coverage per crate, measured over the whole suite, the programs under test included.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::args::Args;
use crate::postgres::Source;
use crate::step::{Failure, Outcome, read, sh, step};
use crate::test::{Plan, execute};
use crate::tools::LLVM_COV;
use crate::workspace::{root, target_dir};

/// Least share of lines, in percent, for every crate and for those that guard tenants and accounts.
const LEAST: f64 = 85.0;
const LEAST_GUARDS: f64 = 95.0;
const GUARDS: [&str; 2] = ["platform/identity", "platform/tenancy"];
/// Programs for people and tests, not part of what is shipped.
const UNMEASURED: [&str; 3] = ["xtask", "kit/testkit", "simulators/"];

pub(crate) fn coverage(mut args: Args) -> Outcome {
    let install = args.flag("--install");
    let source = Source::parse(args.value("--postgres")?.as_deref())?;
    args.finish()?;
    step("tools", || tools(install))?;
    let target = target_dir()?.join("coverage");
    let env = environment(&target)?;
    let with_env = |arguments: &[&str]| -> Result<Command, Failure> {
        let mut command = LLVM_COV.command()?;
        command.args(arguments).envs(env.iter().cloned());
        Ok(command)
    };
    let fix = "remove target/coverage and try again";
    sh(&mut with_env(&["clean", "--profraw-only"])?, fix)?;
    execute(&Plan {
        source,
        arguments: Vec::new(),
        doc_tests: false,
        env: env.clone(),
        binaries: target.join("debug"),
    })?;
    step("coverage", || {
        let text = read(&mut with_env(&["report", "--json", "--summary-only"])?, fix)?;
        let report = serde_json::from_str(&text).map_err(|error| {
            Failure::new(format!("the coverage report is not JSON: {error}"), fix)
        })?;
        let crates = by_crate(&report, &root());
        for (name, lines) in &crates {
            println!(
                "   {:6.2} %  {name} ({} of {} lines)",
                lines.percent(),
                lines.covered,
                lines.all
            );
        }
        let low = below(&crates);
        if low.is_empty() {
            Ok(())
        } else {
            Err(Failure::new(low.join("\n  "), "test what is not reached"))
        }
    })
}

fn tools(install: bool) -> Outcome {
    LLVM_COV.ensure(install)?;
    let installed = read(
        Command::new("rustup")
            .args(["component", "list", "--installed"])
            .current_dir(root()),
        "install rustup, which brings llvm-tools",
    )?;
    if installed.lines().any(|line| line.starts_with("llvm-tools")) {
        return Ok(());
    }
    let fix = "`rustup component add llvm-tools`, or pass --install";
    if !install {
        return Err(Failure::new(
            "the component llvm-tools is not installed",
            fix,
        ));
    }
    sh(
        Command::new("rustup")
            .args(["component", "add", "llvm-tools"])
            .current_dir(root()),
        fix,
    )
}

/// What cargo-llvm-cov wants set, with a target folder apart, since instrumented artifacts would
/// push out the ordinary ones.
fn environment(target: &Path) -> Result<Vec<(String, String)>, Failure> {
    let folder = target.display().to_string();
    let mut command = LLVM_COV.command()?;
    command.arg("show-env").env("CARGO_TARGET_DIR", &folder);
    let text = read(&mut command, "update cargo-llvm-cov")?;
    let mut env = parse_env(&text);
    env.push(("CARGO_TARGET_DIR".to_owned(), folder));
    Ok(env)
}

/// Lines `NAME=value`, the value perhaps quoted.
fn parse_env(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| {
            let (name, value) = line.trim_start_matches("export ").split_once('=')?;
            let value = value.trim_matches(|c| c == '\'' || c == '"');
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
struct Lines {
    covered: u64,
    all: u64,
}

impl Lines {
    #[expect(clippy::cast_precision_loss, reason = "line counts are far below 2^52")]
    fn percent(self) -> f64 {
        if self.all == 0 {
            100.0
        } else {
            self.covered as f64 * 100.0 / self.all as f64
        }
    }
}

/// Sums the files of each crate; a crate is one folder deep, or two where crates stand in groups.
fn by_crate(report: &Value, root: &Path) -> BTreeMap<String, Lines> {
    let mut crates: BTreeMap<String, Lines> = BTreeMap::new();
    for file in report["data"][0]["files"].as_array().into_iter().flatten() {
        let path = Path::new(file["filename"].as_str().unwrap_or_default());
        let Ok(inside) = path.strip_prefix(root) else {
            continue;
        };
        let Some((name, _)) = inside
            .to_str()
            .and_then(|inside| inside.split_once("/src/"))
        else {
            continue;
        };
        if UNMEASURED
            .iter()
            .any(|unmeasured| name.starts_with(unmeasured))
        {
            continue;
        }
        let lines = crates.entry(name.to_owned()).or_default();
        lines.covered += file["summary"]["lines"]["covered"].as_u64().unwrap_or(0);
        lines.all += file["summary"]["lines"]["count"].as_u64().unwrap_or(0);
    }
    crates
}

fn below(crates: &BTreeMap<String, Lines>) -> Vec<String> {
    let mut low = Vec::new();
    for guard in GUARDS {
        if !crates.contains_key(guard) {
            low.push(format!("{guard} was not measured"));
        }
    }
    for (name, lines) in crates {
        let least = if GUARDS.contains(&name.as_str()) {
            LEAST_GUARDS
        } else {
            LEAST
        };
        if lines.percent() < least {
            low.push(format!(
                "{name} is at {:.2} %, {least} % are asked",
                lines.percent()
            ));
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_summed_by_crate_and_held_to_its_threshold() {
        let file = |name: &str, covered: u64| {
            serde_json::json!({
                "filename": format!("/repository/{name}"),
                "summary": { "lines": { "count": 100, "covered": covered } },
            })
        };
        let report = serde_json::json!({ "data": [{ "files": [
            file("kit/db/src/lib.rs", 90), file("kit/db/src/tx.rs", 70),
            file("platform/identity/src/lib.rs", 94), file("platform/tenancy/src/lib.rs", 95),
            file("xtask/src/main.rs", 0), file("simulators/smtp/src/lib.rs", 0),
        ] }] });
        let crates = by_crate(&report, Path::new("/repository"));
        assert_eq!(
            crates["kit/db"],
            Lines {
                covered: 160,
                all: 200
            }
        );
        assert_eq!(crates.len(), 3);
        let low = below(&crates);
        assert_eq!(low.len(), 2, "{low:?}");
        assert!(low[0].starts_with("kit/db is at 80.00 %"), "{low:?}");
        assert!(
            low[1].starts_with("platform/identity is at 94.00 %"),
            "{low:?}"
        );
    }

    #[test]
    fn a_guard_that_was_not_measured_fails() {
        assert_eq!(below(&BTreeMap::new()).len(), 2);
    }

    #[test]
    fn quotes_around_values_are_dropped() {
        let text = "RUSTFLAGS='-C instrument-coverage --cfg=coverage'\nexport A=\"b\"\n";
        let env = parse_env(text);
        assert_eq!(
            env[0],
            (
                "RUSTFLAGS".to_owned(),
                "-C instrument-coverage --cfg=coverage".to_owned()
            )
        );
        assert_eq!(env[1], ("A".to_owned(), "b".to_owned()));
    }
}
