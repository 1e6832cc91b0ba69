//! Where and of what the figures are.

use std::process::Command;

/// A line about the machine.
fn description() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!(
        "{}, {cores} cores, {} of memory, Linux {}",
        fact("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        fact("/proc/meminfo", "MemTotal").map_or_else(|| "an unknown amount".to_owned(), gib),
        std::fs::read_to_string("/proc/sys/kernel/osrelease").map_or_else(
            |_| "of an unknown release".to_owned(),
            |text| text.trim().to_owned()
        ),
    )
}

/// How many processes wanted a core in the last minute.
pub(crate) fn load_average() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// What the figures of this hour are worth; `busy` is the load average before the measurement.
pub(crate) fn notes(busy: Option<f64>) -> Vec<String> {
    vec![
        format!("{}, commit {}", today(), commit()),
        description(),
        match busy {
            Some(busy) => format!("load average of the machine before it began: {busy}"),
            None => "how busy the machine was before it began is not known".to_owned(),
        },
    ]
}

fn fact(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn gib(total: String) -> String {
    let kib: Option<u64> = total
        .split_whitespace()
        .next()
        .and_then(|kib| kib.parse().ok());
    kib.map_or(total, |kib| format!("{} GiB", (kib + (1 << 19)) >> 20))
}

/// The commit of the working folder, and whether there is more in it than that.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let changed = git(&[
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        ":!docs/benchmarks.md",
    ]);
    match (git(&["rev-parse", "--short=12", "HEAD"]), changed) {
        (Some(commit), Some(changed)) if changed.is_empty() => commit,
        (Some(commit), _) => format!("{commit} with changes"),
        (None, _) => "of an unknown commit".to_owned(),
    }
}

fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}
