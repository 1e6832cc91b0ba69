//! The provider and the client by others that take part in the log-in test, from npm. The tests find them where they are
//! put here.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failure, Outcome, sh};
use crate::workspace::{cache_dir, root};

/// What is needed, and exactly which.
const MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];

/// Installs the packages unless they are there as the repository wants them.
pub(crate) fn provide() -> Outcome {
    let wanted = root().join("gantry/tests/openid-peers");
    let cache = cache_dir()?;
    let home = cache.join("openid-peers");
    if home.join("node_modules").is_dir() && MANIFESTS.iter().all(|file| same(&wanted, &home, file))
    {
        return Ok(());
    }
    // Built aside and renamed, so that an interrupted install is never taken for a whole one.
    let partial = cache.join(format!("openid-peers-partial-{}", std::process::id()));
    install(&wanted, &partial)?;
    let old = cache.join(format!("openid-peers-old-{}", std::process::id()));
    if home.is_dir() {
        std::fs::rename(&home, &old).map_err(moving(&home))?;
    }
    std::fs::rename(&partial, &home).map_err(moving(&partial))?;
    if old.is_dir() {
        let removing = format!("removing {}", old.display());
        std::fs::remove_dir_all(&old).map_err(Failure::io(removing))?;
    }
    Ok(())
}

fn same(wanted: &Path, home: &Path, file: &str) -> bool {
    let read = |folder: &Path| std::fs::read(folder.join(file)).ok();
    read(wanted).is_some_and(|text| Some(text) == read(home))
}

fn install(wanted: &Path, partial: &Path) -> Outcome {
    std::fs::create_dir_all(partial).map_err(moving(partial))?;
    for file in MANIFESTS {
        let copied: PathBuf = wanted.join(file);
        std::fs::copy(&copied, partial.join(file)).map_err(moving(&copied))?;
    }
    println!("   installing a provider and a client for the log-in test from the npm registry");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--loglevel", "error"])
        .current_dir(partial);
    sh(&mut npm, "install Node.js 20 or newer with npm")
}

fn moving(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    Failure::io(format!("writing {}", path.display()))
}
