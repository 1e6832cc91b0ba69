//! Cargo plug-ins: used from the search path, or from our cache, where `--install` puts them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::step::{Failure, Outcome, sh};
use crate::workspace::{cache_dir, cargo};

/// A cargo plug-in this repository uses; `name` without `cargo-`.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// What an install costs, so that nobody starts one unaware.
    pub(crate) cost: &'static str,
}

pub(crate) const NEXTEST: Tool = Tool {
    name: "nextest",
    cost: "several minutes",
};
pub(crate) const DENY: Tool = Tool {
    name: "deny",
    cost: "about 4 minutes on two cores",
};
pub(crate) const LLVM_COV: Tool = Tool {
    name: "llvm-cov",
    cost: "about a minute",
};

impl Tool {
    /// True when the plug-in answers.
    pub(crate) fn is_there(&self) -> bool {
        self.command().is_ok_and(|mut command| {
            command
                .arg("--version")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        })
    }

    /// `cargo <name>`, with our cache on the search path.
    pub(crate) fn command(&self) -> Result<Command, Failure> {
        let mut path = std::env::var_os("PATH").unwrap_or_default();
        path.push(":");
        path.push(Self::home()?.join("bin"));
        let mut command = cargo(&[self.name]);
        command.env("PATH", path);
        Ok(command)
    }

    /// Makes sure of the plug-in, installing it when `install` says so.
    pub(crate) fn ensure(&self, install: bool) -> Outcome {
        if self.is_there() {
            return Ok(());
        }
        let package = format!("cargo-{}", self.name);
        if !install {
            return Err(Failure::new(
                format!("{package} is not installed"),
                format!(
                    "`cargo install --locked {package}`, or pass --install ({})",
                    self.cost
                ),
            ));
        }
        println!("   installing {package} into the cache ({})", self.cost);
        let mut command = cargo(&["install", "--locked", "--quiet", &package, "--root"]);
        command.arg(Self::home()?);
        sh(&mut command, "install it by hand")
    }

    fn home() -> Result<PathBuf, Failure> {
        Ok(cache_dir()?.join("tools"))
    }
}
