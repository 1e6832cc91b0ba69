//! Programs from `PyPI`, each in a virtual environment of its own in the cache, at the versions of a list in the repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::Args;
use crate::step::{Failure, Outcome, sh, step};
use crate::workspace::{cache_dir, root};

const FIX: &str = "install Python 3.10 or newer with pip and venv (Debian: python3-venv); it downloads from PyPI once";

/// The program `name` of the environment `called`, installed unless it is there. The environment is kept by what is asked for, so
/// that another list of versions makes another.
pub(crate) fn provide(called: &str, list: &Path, name: &str) -> Result<PathBuf, Failure> {
    let wanted = std::fs::read_to_string(list).map_err(Failure::io(list.display()))?;
    let home = cache_dir()?.join(called);
    let mark = home.join("installed.txt");
    let program = home.join("bin").join(name);
    if program.is_file() && std::fs::read_to_string(&mark).is_ok_and(|known| known == wanted) {
        return Ok(program);
    }
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&home);
    sh(&mut venv, FIX)?;
    let mut pip = Command::new(home.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ])
    .arg(list);
    sh(&mut pip, FIX)?;
    // Last: an installation that was interrupted is never taken for a whole one.
    std::fs::write(&mark, wanted).map_err(Failure::io(mark.display()))?;
    Ok(program)
}

/// The S3 server that the tests of backups talk to.
pub(crate) fn s3_peer() -> Outcome {
    let list = root().join("kit/testkit/s3/requirements.txt");
    provide("moto", &list, "python").map(drop)
}

pub(crate) fn install_s3_peer(args: &Args) -> Outcome {
    args.finish()?;
    step("moto from PyPI", s3_peer)
}
