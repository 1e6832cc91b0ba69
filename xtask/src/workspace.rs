//! Where things are: the root of this repository, cargo, what cargo builds, and caches.

use std::path::PathBuf;
use std::process::Command;

use crate::step::{Failure, Outcome, read, sh};

/// The folder of the root `Cargo.toml`. Read at run time: a cached binary may have been built in a
/// checkout that is gone.
pub(crate) fn root() -> PathBuf {
    let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    manifest_dir
        .and_then(|dir| dir.parent().map(std::path::Path::to_owned))
        .unwrap_or_else(|| PathBuf::from("."))
}

/// A cargo command in the root, the same cargo that runs this.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    // Set by `cargo run` for this process only; a nested cargo must not inherit them.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command
}

/// `cargo metadata` as JSON: without dependencies, or resolved for this machine's platform.
pub(crate) fn metadata(with_dependencies: bool) -> Result<serde_json::Value, Failure> {
    let mut command = cargo(&["metadata", "--format-version", "1", "--quiet"]);
    if with_dependencies {
        command.args(["--filter-platform", &host()?]);
    } else {
        command.arg("--no-deps");
    }
    let text = read(
        &mut command,
        "`cargo metadata` says what is wrong with a manifest",
    )?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(
            format!("cargo metadata is not JSON: {error}"),
            "update the Rust toolchain",
        )
    })
}

fn host() -> Result<String, Failure> {
    let text = read(&mut cargo(&["-vV"]), "repair the Rust installation")?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("cargo names no host", "repair the Rust installation"))
}

/// Cargo's target folder, honouring `CARGO_TARGET_DIR` and configuration.
pub(crate) fn target_dir() -> Result<PathBuf, Failure> {
    let metadata = metadata(false)?;
    let dir = metadata
        .get("target_directory")
        .and_then(serde_json::Value::as_str);
    dir.map(PathBuf::from)
        .ok_or_else(|| Failure::new("cargo names no target folder", "update the Rust toolchain"))
}

/// The profile's folder below the target folder.
pub(crate) fn binaries(release: bool) -> Result<PathBuf, Failure> {
    Ok(target_dir()?.join(if release { "release" } else { "debug" }))
}

/// Builds the programs that `run` and `dev` start.
pub(crate) fn build_programs(release: bool) -> Outcome {
    let mut build = cargo(&[
        "build",
        "--package",
        "gantry",
        "--package",
        "gantry-sim-smtp",
    ]);
    if release {
        build.arg("--release");
    }
    sh(&mut build, "repair what the compiler names above")
}

/// A folder for downloads that outlives a run: `GANTRY_CACHE_DIR`, else below the user's cache.
pub(crate) fn cache_dir() -> Result<PathBuf, Failure> {
    if let Some(dir) = std::env::var_os("GANTRY_CACHE_DIR") {
        return Ok(PathBuf::from(dir));
    }
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(dir) => PathBuf::from(dir),
        None => match std::env::var_os("HOME") {
            Some(home) => PathBuf::from(home).join(".cache"),
            None => return Ok(target_dir()?.join("cache")),
        },
    };
    Ok(base.join("gantry"))
}
