//! Schemathesis against the real programs: does Gantry do what its own description says?
//!
//! It comes from `PyPI` into a virtual environment in the cache, at the versions of `requirements.txt`. Its
//! settings, and the reason of every deviation, are in `xtask/schemathesis/schemathesis.toml`.

use std::net::TcpListener;
use std::process::Command;

use crate::args::Args;
use crate::process::Interrupt;
use crate::python;
use crate::run::{Simulator, Stack, stop};
use crate::step::{Failure, Outcome, sh, step};
use crate::workspace::{binaries, build_programs, root};

const FOLDER: &str = "xtask/schemathesis";
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

/// Runs it against programs that are built.
pub(crate) fn check() -> Outcome {
    let list = root().join(FOLDER).join("requirements.txt");
    let program = step("schemathesis from PyPI", || {
        python::provide("schemathesis", &list, "schemathesis")
    })?;
    step("schemathesis", || run(&program))
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
