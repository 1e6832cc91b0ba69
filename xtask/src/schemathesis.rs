//! Schemathesis against the real programs: does Gantry do what its own description says?
//!
//! It comes from `PyPI` into a virtual environment in the cache, at the versions of `requirements.txt`. Its
//! settings, and the reason of every deviation, are in `xtask/schemathesis/schemathesis.toml`.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::args::Args;
use crate::process::Interrupt;
use crate::run::{Simulator, Stack, stop};
use crate::step::{Failure, Outcome, sh, step};
use crate::workspace::{binaries, build_programs, cache_dir, root};

const FOLDER: &str = "xtask/schemathesis";
const FIX: &str = "install Python 3.10 or newer with pip and venv (Debian: python3-venv); it downloads from PyPI once";
/// Settings that differ for this: thousands of requests come from one address and one person.
const SETTINGS: [(&str, &str); 7] = [
    ("GANTRY_LOG__LEVEL", "warn"),
    ("GANTRY_HTTP__LIMITS__OFF", "true"),
    ("GANTRY_IDENTITY__LOG_IN_PER_ACCOUNT", "1000000/1m"),
    ("GANTRY_IDENTITY__FAILED_LOG_IN_PER_ADDRESS", "1000000/1m"),
    ("GANTRY_IDENTITY__RESET_PER_ACCOUNT", "1000000/1m"),
    ("GANTRY_IDENTITY__MAIL_PER_ACCOUNT", "1000000/1m"),
    ("GANTRY_IDENTITY__STRENGTH_PER_ADDRESS", "1000000/1m"),
];

pub(crate) fn schemathesis(args: &Args) -> Outcome {
    args.finish()?;
    step("build", || build_programs(false))?;
    check()
}

/// Python can make a virtual environment here, or one was made before.
pub(crate) fn is_possible() -> bool {
    let venv = Command::new("python3")
        .args([
            "-c",
            "import venv, ensurepip, sys; sys.exit(sys.version_info < (3, 10))",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    venv.is_ok_and(|status| status.success())
}

/// Runs it against programs that are built.
pub(crate) fn check() -> Outcome {
    let program = step("schemathesis from PyPI", installed)?;
    step("schemathesis", || run(&program))
}

/// The environment is kept by what is asked for, so that another list of versions makes another.
fn installed() -> Result<PathBuf, Failure> {
    let list = root().join(FOLDER).join("requirements.txt");
    let wanted = std::fs::read_to_string(&list).map_err(Failure::io(list.display()))?;
    let home = cache_dir()?.join("schemathesis");
    let mark = home.join("installed.txt");
    let program = home.join("bin/schemathesis");
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
    .arg(&list);
    sh(&mut pip, FIX)?;
    // Last: an installation that was interrupted is never taken for a whole one.
    std::fs::write(&mark, wanted).map_err(Failure::io(mark.display()))?;
    Ok(program)
}

fn run(program: &std::path::Path) -> Outcome {
    let interrupt = Interrupt::listen()?;
    let programs = binaries(false)?;
    let scratch = programs.join(format!("schemathesis-{}", std::process::id()));
    let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let stack = Stack {
        listen: free.map_err(Failure::io("finding a free port"))?,
        data: scratch.join("data"),
        programs,
    };
    let mail = Simulator::start(&stack.programs)?;
    let mut gantry = stack.start_gantry(&mail, &SETTINGS, &interrupt)?;
    let url = format!("http://{}", stack.listen);
    let mut command = Command::new(program);
    command
        .current_dir(root().join(FOLDER))
        .args(["--config-file", "schemathesis.toml", "run"])
        .arg(format!("{url}/api/openapi.json"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_GANTRY", &url)
        .env("SCHEMATHESIS_INBOX", mail.inbox());
    let checked = sh(
        &mut command,
        "repair the server or its description; what must differ goes into schemathesis.toml with its reason",
    );
    let stopped = stop(&mut gantry);
    std::fs::remove_dir_all(&scratch)
        .map_err(Failure::io(format_args!("removing {}", scratch.display())))?;
    checked.and(stopped)
}
