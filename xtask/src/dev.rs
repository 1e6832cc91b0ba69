//! `run`, rebuilt and restarted when a source file changes. The simulator and its inbox stay.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::args::Args;
use crate::process::{Interrupt, Process, pause};
use crate::run::{Simulator, Stack, stop};
use crate::step::{Failure, Outcome, step};
use crate::workspace::{build_programs, root};

const WATCHED: [&str; 6] = [
    "Cargo.toml",
    "Cargo.lock",
    "gantry",
    "kit",
    "platform",
    "products",
];
/// Editors write a file in several steps; a change counts once things have been quiet this long.
const QUIET: Duration = Duration::from_millis(300);

pub(crate) fn dev(mut args: Args) -> Outcome {
    let stack = Stack::from_args(&mut args, false)?;
    let mut seen = snapshot(&root())?;
    step("build", || build_programs(false))?;
    let interrupt = Interrupt::listen()?;
    let mut mail = Simulator::start(&stack.programs)?;
    let mut gantry = Some(stack.start_gantry(&mail, &[], &interrupt)?);
    stack.announce(&mail);
    let mut looked = Instant::now();
    while pause(&interrupt) {
        mail.check()?;
        if let Some(status) = gantry.as_mut().map(Process::ended).transpose()?.flatten() {
            println!("== gantry ended with {status}; waiting for a change");
            gantry = None;
        }
        if looked.elapsed() < QUIET {
            continue;
        }
        looked = Instant::now();
        let now = snapshot(&root())?;
        if now == seen || now.is_recent() {
            continue;
        }
        seen = now;
        if let Err(failure) = step("rebuild", || build_programs(false)) {
            println!("{failure}\n== the build before this change keeps running");
            continue;
        }
        if let Some(mut running) = gantry.take() {
            stop(&mut running)?;
        }
        match stack.start_gantry(&mail, &[], &interrupt) {
            Ok(started) => gantry = Some(started),
            Err(failure) => println!("{failure}\n== waiting for a change"),
        }
    }
    gantry.as_mut().map_or(Ok(()), stop)
}

/// Number of watched files and the newest change among them: enough to notice edits, additions and
/// removals.
#[derive(PartialEq, Eq, Debug)]
struct Snapshot {
    files: usize,
    newest: SystemTime,
}

impl Snapshot {
    fn is_recent(&self) -> bool {
        self.newest.elapsed().is_ok_and(|age| age < QUIET)
    }
}

fn snapshot(root: &Path) -> Result<Snapshot, Failure> {
    let mut snapshot = Snapshot {
        files: 0,
        newest: SystemTime::UNIX_EPOCH,
    };
    let mut waiting: Vec<PathBuf> = WATCHED.iter().map(|name| root.join(name)).collect();
    while let Some(path) = waiting.pop() {
        // A file may vanish between listing and looking; the next look sees the rest.
        let Ok(metadata) = path.metadata() else {
            continue;
        };
        if metadata.is_dir() {
            let reading = format!("reading {}", path.display());
            let entries = std::fs::read_dir(&path).map_err(Failure::io(reading))?;
            waiting.extend(entries.flatten().map(|entry| entry.path()));
        } else if matters(&path) {
            snapshot.files += 1;
            snapshot.newest = snapshot
                .newest
                .max(metadata.modified().unwrap_or(snapshot.newest));
        }
    }
    Ok(snapshot)
}

/// Sources, and what is compiled into them (SQL, templates, word lists); not editors' own files.
fn matters(path: &Path) -> bool {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    matches!(
        extension,
        "rs" | "toml" | "lock" | "sql" | "txt" | "html" | "j2" | "jinja" | "json" | "css"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_additions_and_removals_are_noticed() {
        let root = std::env::temp_dir().join(format!("gantry-xtask-dev-{}", std::process::id()));
        let folder = root.join("kit/thing/src");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("lib.rs");
        std::fs::write(&file, "a").unwrap();
        let first = snapshot(&root).unwrap();
        assert_eq!(first.files, 1);
        std::fs::write(folder.join(".lib.rs.swp"), "x").unwrap();
        assert_eq!(snapshot(&root).unwrap(), first);
        let later = SystemTime::now() + Duration::from_secs(5);
        std::fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(later)
            .unwrap();
        let edited = snapshot(&root).unwrap();
        assert_ne!(edited, first);
        std::fs::write(folder.join("more.sql"), "x").unwrap();
        let added = snapshot(&root).unwrap();
        assert_ne!(added, edited);
        std::fs::remove_file(folder.join("more.sql")).unwrap();
        assert_eq!(snapshot(&root).unwrap(), edited);
        std::fs::remove_dir_all(&root).unwrap();
    }
}
