//! A step has a name; a failed step says its name and how to go on.

use std::fmt;
use std::process::Command;
use std::time::Instant;

/// Why a chore stopped, and one line about what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    fix: String,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// For `map_err` on operations of the file system and of processes.
    pub(crate) fn io(doing: impl fmt::Display) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::new(format!("{doing}: {error}"), "see the reason above")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "failed: {}\n  fix: {}", self.what, self.fix)
    }
}

pub(crate) type Outcome = Result<(), Failure>;

/// Announces `name`, runs `body`, and says how long it took.
pub(crate) fn step<T>(name: &str, body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    println!("== {name}");
    let start = Instant::now();
    let value = body().map_err(|failure| Failure {
        what: format!("{name}: {}", failure.what),
        ..failure
    })?;
    println!("== {name}: ok in {:.1} s", start.elapsed().as_secs_f64());
    Ok(value)
}

/// Runs a command to its end with the terminal attached; anything but success is a failure.
pub(crate) fn sh(command: &mut Command, fix: &str) -> Outcome {
    let shown = show(command);
    let status = command.status().map_err(|error| {
        Failure::new(format!("`{shown}` did not start: {error}"), fix.to_owned())
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{shown}` ended with {status}"), fix))
}

/// Runs a command to its end and returns what it wrote to standard output.
pub(crate) fn read(command: &mut Command, fix: &str) -> Result<String, Failure> {
    let shown = show(command);
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| {
            Failure::new(format!("`{shown}` did not start: {error}"), fix.to_owned())
        })?;
    if !output.status.success() {
        return Err(Failure::new(
            format!("`{shown}` ended with {}", output.status),
            fix,
        ));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::new(format!("`{shown}` did not answer in UTF-8"), fix))
}

fn show(command: &Command) -> String {
    let mut shown = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        shown.push(' ');
        shown.push_str(&argument.to_string_lossy());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_names_itself_and_the_fix() {
        let failure = sh(Command::new("sh").args(["-c", "exit 3"]), "do better").unwrap_err();
        let text = failure.to_string();
        assert!(
            text.contains("`sh -c exit 3` ended with exit status: 3"),
            "{text}"
        );
        assert!(text.contains("fix: do better"), "{text}");
    }

    #[test]
    fn a_missing_program_is_a_failure() {
        let failure = sh(&mut Command::new("/nonexistent/program"), "install it").unwrap_err();
        assert!(failure.to_string().contains("did not start"), "{failure}");
    }
}
