//! Arguments after `cargo xtask`: one command, flags, and what follows `--`. A misspelt flag is an
//! error, never ignored.

use crate::step::{Failure, Outcome};

/// What is left of the command line; each accessor takes its part out.
pub(crate) struct Args {
    command: Option<String>,
    rest: Vec<String>,
    after_dashes: Vec<String>,
}

impl Args {
    pub(crate) fn from_env() -> Self {
        Self::new(std::env::args().skip(1))
    }

    fn new(arguments: impl Iterator<Item = String>) -> Self {
        let mut rest: Vec<String> = arguments.collect();
        let after_dashes = match rest.iter().position(|argument| argument == "--") {
            Some(at) => rest.split_off(at).into_iter().skip(1).collect(),
            None => Vec::new(),
        };
        let command = if rest.is_empty() {
            None
        } else {
            Some(rest.remove(0))
        };
        Self {
            command,
            rest,
            after_dashes,
        }
    }

    pub(crate) fn command(&mut self) -> Option<&str> {
        self.command.as_deref()
    }

    /// Takes `--name` out; true when it was there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.rest.len();
        self.rest.retain(|argument| argument != name);
        self.rest.len() != before
    }

    /// Takes `--name VALUE` out.
    pub(crate) fn value(&mut self, name: &str) -> Result<Option<String>, Failure> {
        let Some(at) = self.rest.iter().position(|argument| argument == name) else {
            return Ok(None);
        };
        self.rest.remove(at);
        if at < self.rest.len() {
            return Ok(Some(self.rest.remove(at)));
        }
        Err(Failure::new(
            format!("{name} needs a value"),
            format!("write `{name} VALUE`"),
        ))
    }

    /// Takes the first word that is no flag, where a command has parts.
    pub(crate) fn word(&mut self) -> Option<String> {
        let is_word = self
            .rest
            .first()
            .is_some_and(|first| !first.starts_with('-'));
        is_word.then(|| self.rest.remove(0))
    }

    /// Takes what followed `--`.
    pub(crate) fn after_dashes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.after_dashes)
    }

    /// Refuses whatever no accessor took.
    pub(crate) fn finish(&self) -> Outcome {
        match self.rest.iter().chain(&self.after_dashes).next() {
            None => Ok(()),
            Some(argument) => Err(Failure::new(
                format!("unexpected argument {argument:?}"),
                "`cargo xtask help` lists the commands and their flags",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn flags_values_and_the_tail_are_told_apart() {
        let mut args = parse("run --release --data here -- --release");
        assert_eq!(args.command(), Some("run"));
        assert!(args.flag("--release"));
        assert_eq!(args.value("--data").unwrap().as_deref(), Some("here"));
        assert_eq!(args.after_dashes(), ["--release"]);
        args.finish().unwrap();
    }

    #[test]
    fn a_word_comes_before_the_flags() {
        let mut args = parse("bench identity --quick");
        assert_eq!(args.word().as_deref(), Some("identity"));
        assert_eq!(args.word(), None);
    }

    #[test]
    fn leftovers_are_refused() {
        assert!(parse("run --relese").finish().is_err());
        assert!(parse("check -- extra").finish().is_err());
        assert!(parse("run --data").value("--data").is_err());
    }
}
