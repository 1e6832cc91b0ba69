//! The checks that read code, and the list that continuous integration runs.

use crate::args::Args;
use crate::step::{Outcome, sh, step};
use crate::tools;
use crate::workspace::cargo;
use crate::{check_asvs, check_deps, check_links, check_size, console, test};

/// Everything that needs no database.
pub(crate) fn check() -> Outcome {
    fmt()?;
    check_size::check()?;
    check_links::check()?;
    check_asvs::check()?;
    check_deps::check()?;
    console::check()?;
    clippy()
}

/// What a change must pass.
pub(crate) fn ci() -> Outcome {
    check()?;
    run_deny(true)?;
    doc()?;
    test::everything()?;
    // Last, because it alone needs a network.
    run_advisories(true)
}

pub(crate) fn fmt() -> Outcome {
    step("fmt", || {
        sh(
            &mut cargo(&["fmt", "--all", "--check"]),
            "`cargo fmt --all`",
        )
    })
}

pub(crate) fn clippy() -> Outcome {
    let mut command = cargo(&["clippy", "--workspace", "--all-targets", "--quiet"]);
    command.args(["--", "-D", "warnings"]);
    step("clippy", || {
        sh(
            &mut command,
            "repair what is named above; `#[expect]` needs a reason",
        )
    })
}

pub(crate) fn doc() -> Outcome {
    let mut command = cargo(&[
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ]);
    command.arg("--quiet").env("RUSTDOCFLAGS", "-D warnings");
    step("doc", || {
        sh(
            &mut command,
            "repair the links in the doc comments named above",
        )
    })
}

/// Licences, banned crates and where crates come from.
pub(crate) fn deny(mut args: Args) -> Outcome {
    let install = args.flag("--install");
    args.finish()?;
    run_deny(install)
}

/// Known vulnerabilities; fetches the advisory database.
pub(crate) fn advisories(mut args: Args) -> Outcome {
    let install = args.flag("--install");
    args.finish()?;
    run_advisories(install)
}

fn run_deny(install: bool) -> Outcome {
    step("deny", || {
        tools::DENY.ensure(install)?;
        let mut command = tools::DENY.command()?;
        command.args(["--workspace", "check", "--hide-inclusion-graph"]);
        command.args(["licenses", "bans", "sources"]);
        sh(
            &mut command,
            "replace the crate named above, or enter the exception and its reason in deny.toml",
        )
    })
}

fn run_advisories(install: bool) -> Outcome {
    step("advisories", || {
        tools::DENY.ensure(install)?;
        let mut command = tools::DENY.command()?;
        command.args(["--workspace", "check", "advisories"]);
        sh(
            &mut command,
            "`cargo update` the crate named above; without network this cannot be checked",
        )
    })
}
