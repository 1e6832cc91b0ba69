//! Sees to a browser for the tests: the one named in `GANTRY_TEST_CHROMIUM`, else the one in `PATH`, else one from npm.
//! There is no run without a browser, so that nothing is skipped unseen.

use std::path::PathBuf;

use crate::node;
use crate::step::Failure;

/// Names the program.
pub(crate) const VARIABLE: &str = "GANTRY_TEST_CHROMIUM";
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
const FIX: &str =
    "install Chromium (Debian: apt-get install chromium), or name one in GANTRY_TEST_CHROMIUM";

/// The program, found or brought.
pub(crate) fn provide() -> Result<PathBuf, Failure> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        let named = PathBuf::from(named);
        if !named.is_file() {
            let what = format!("{VARIABLE} names {}, which is no program", named.display());
            return Err(Failure::new(what, FIX));
        }
        return Ok(named);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = NAMES
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|file| file.is_file());
    let program = match found {
        Some(program) => program,
        None => node::chromium(FIX)?,
    };
    println!("   Chromium: {}", program.display());
    Ok(program)
}
