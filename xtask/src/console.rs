//! The web console: built when its sources changed, so that cargo finds it; checked and tested.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::chromium;
use crate::step::{Failure, Outcome, sh, step};
use crate::workspace::root;

/// What a build of the console follows from.
const SOURCES: [&str; 7] = [
    "package.json",
    "package-lock.json",
    "tsconfig.base.json",
    "docs/openapi.json",
    "clients/typescript",
    "console",
    ".npmrc",
];
/// Folders of what is made or fetched, and of tests.
const SKIPPED: [&str; 4] = ["node_modules", "dist", "e2e", "tests"];
const OLDEST_NODE: u32 = 20;

/// Whether there is a Node that can build the console.
fn node_is_there() -> bool {
    let output = Command::new("node")
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    output.is_ok_and(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let major = text.trim().trim_start_matches('v').split('.').next();
        major
            .and_then(|major| major.parse::<u32>().ok())
            .is_some_and(|major| major >= OLDEST_NODE)
    })
}

/// Whether the console can be worked on here. A laptop without Node has the API only; continuous integration must have
/// it, or it would pass what it never looked at.
fn able(consequence: &str) -> Result<bool, Failure> {
    if node_is_there() {
        return Ok(true);
    }
    if std::env::var_os("CI").is_some() {
        return Err(Failure::new(
            "there is no Node.js",
            format!("install Node.js {OLDEST_NODE} or newer with npm"),
        ));
    }
    println!("   there is no Node.js {OLDEST_NODE} or newer: {consequence}");
    Ok(false)
}

/// `npm run SCRIPT` in the console.
fn npm_run(script: &str) -> Command {
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", "--workspace", "console", script])
        .current_dir(root());
    npm
}

/// Makes sure that `console/dist` holds what the sources say.
pub(crate) fn build() -> Outcome {
    step("console", || {
        if !able("the binary will serve the API and no console")? {
            return Ok(());
        }
        install()?;
        let stamp = root().join("console/dist/.stamp");
        let wanted = stamp_of(&root(), &SOURCES)?;
        if read(&stamp).as_deref() == Some(&wanted) {
            return Ok(());
        }
        sh(
            &mut npm_run("build"),
            "repair what is named above, in console/ or clients/typescript/",
        )?;
        write(&stamp, &wanted)
    })
}

/// Types, lint, format and unit tests.
pub(crate) fn check() -> Outcome {
    step("console check", || {
        if !able("the console is not checked")? {
            return Ok(());
        }
        install()?;
        for script in ["generate", "types", "lint", "test"] {
            sh(
                &mut npm_run(script),
                "repair what is named above; `npm run format --workspace console` formats",
            )?;
        }
        Ok(())
    })
}

/// The journeys in a browser, against the built programs.
pub(crate) fn journeys(binaries: &Path, chromium: &Path, postgres: (&str, &str)) -> Outcome {
    let (postgres, url) = postgres;
    step("console journeys", || {
        if !able("the console is not tested in a browser")? {
            return Ok(());
        }
        sh(
            npm_run("e2e")
                .env(postgres, url)
                .env(chromium::VARIABLE, chromium)
                .env("GANTRY_BIN", binaries.join("gantry"))
                .env("GANTRY_SIM_SMTP_BIN", binaries.join("gantry-sim-smtp")),
            "repair what failed above",
        )
    })
}

/// Installs what the lock file says, once for each lock file.
fn install() -> Outcome {
    let stamp = root().join("node_modules/.gantry-stamp");
    let wanted = stamp_of(&root(), &["package-lock.json", "package.json"])?;
    if read(&stamp).as_deref() == Some(&wanted) {
        return Ok(());
    }
    sh(
        Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .args(["--loglevel", "error"])
            .current_dir(root()),
        "npm must reach its registry, once",
    )?;
    write(&stamp, &wanted)
}

/// A number that changes when a file does, is added or is removed.
fn stamp_of(root: &Path, sources: &[&str]) -> Result<String, Failure> {
    let mut files = Vec::new();
    let mut waiting: Vec<PathBuf> = sources.iter().map(|name| root.join(name)).collect();
    while let Some(path) = waiting.pop() {
        if path.is_file() {
            files.push(path);
            continue;
        }
        let reading = format!("reading {}", path.display());
        let entries = std::fs::read_dir(&path).map_err(Failure::io(reading))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            if !SKIPPED.iter().any(|skipped| name == *skipped) && name != "schema.ts" {
                waiting.push(entry.path());
            }
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        let reading = format!("reading {}", file.display());
        let bytes = std::fs::read(&file).map_err(Failure::io(reading))?;
        let name = file.strip_prefix(root).unwrap_or(&file);
        hasher.write(name.to_string_lossy().as_bytes());
        hasher.write_usize(bytes.len());
        hasher.write(&bytes);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn write(path: &Path, text: &str) -> Outcome {
    std::fs::write(path, text).map_err(Failure::io(format_args!("writing {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_changes_with_the_sources_and_with_nothing_else() {
        let root =
            std::env::temp_dir().join(format!("gantry-xtask-console-{}", std::process::id()));
        let folder = root.join("console/src");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::create_dir_all(root.join("console/dist")).unwrap();
        let stamp = || stamp_of(&root, &["console"]).unwrap();
        std::fs::write(folder.join("main.tsx"), "a").unwrap();
        let first = stamp();
        std::fs::write(root.join("console/dist/index.html"), "made").unwrap();
        assert_eq!(stamp(), first);
        std::fs::write(folder.join("main.tsx"), "b").unwrap();
        let edited = stamp();
        assert_ne!(edited, first);
        std::fs::write(folder.join("more.tsx"), "").unwrap();
        assert_ne!(stamp(), edited);
        std::fs::remove_dir_all(&root).unwrap();
    }
}
