//! The command line, as somebody at a console uses it: the real program, its answer, its exit code.

mod auditlog;
mod backup;
mod doctor;
mod keys;
mod ledger;
mod look;
mod rescue;
mod tenants;
mod words;

use std::process::{Command, Output};

use gantry_testkit::Server;

/// What came of a command.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Its exit code, checked; panics with everything it said.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        let Self { out, err, .. } = &self;
        assert_eq!(self.code, Some(code), "\nout: {out}\nerr: {err}");
        self
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs `gantry` in an empty directory with this environment and nothing of the surroundings'.
pub(crate) fn gantry(arguments: &[&str], env: &[(&str, &str)]) -> Said {
    let place = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GANTRY_") {
            command.env_remove(name);
        }
    }
    let output = command
        .args(arguments)
        .envs(env.iter().copied())
        .current_dir(place.path())
        .output();
    Said::from(output.unwrap())
}

/// Runs `gantry` over the data of a server, running or not.
pub(crate) fn beside(server: &Server, arguments: &[&str]) -> Said {
    Said::from(server.try_command(arguments))
}
