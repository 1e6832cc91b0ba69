//! The measurement itself, briefly and against whatever build is there: it must come to its end and report
//! everything. What the figures are is no matter here.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Named by the environment, else beside this test.
fn program(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
        return path.into();
    }
    let bench = Path::new(env!("CARGO_BIN_EXE_gantry-bench"));
    let path = bench.with_file_name(name);
    assert!(
        path.is_file(),
        "{name} is not built: run `cargo xtask test`"
    );
    path
}

#[test]
fn the_identity_benchmark_comes_to_its_end_and_reports_every_measure() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("benchmarks.md");
    let output = Command::new(env!("CARGO_BIN_EXE_gantry-bench"))
        .arg("identity")
        .arg("--gantry")
        .arg(program("GANTRY_BIN", "gantry"))
        .arg("--mail")
        .arg(program("GANTRY_SIM_SMTP_BIN", "gantry-sim-smtp"))
        .arg("--report")
        .arg(&report)
        .args(["--rounds", "1", "--seconds", "0.4", "--settle", "0"])
        .args(["--command-line", "the command that was typed"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{errors}");

    let text = std::fs::read_to_string(&report).expect("a report");
    assert!(text.contains("\nthe command that was typed\n"), "{text}");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let (verdicts, runs): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.len() == 4);
    assert_eq!(verdicts.len(), 1 + 13, "{text}");
    assert_eq!(runs.len(), 1 + 12, "{text}");
    for row in &verdicts[1..] {
        assert!(!row[1].is_empty() && !row[1].contains("NaN"), "{row:?}");
        let judged = ["met", "**missed**"].contains(&row[3]);
        assert_eq!(judged, !row[2].is_empty(), "{row:?}");
    }
    for row in &runs[1..] {
        let allowed: &[&str] = if row[0].contains("wrong log-ins") {
            &["401", "503"]
        } else {
            &["200"]
        };
        for answers in row[8].split(", ") {
            let status = answers.rsplit(' ').next().unwrap_or_default();
            assert!(allowed.contains(&status), "{row:?}");
        }
    }
}
