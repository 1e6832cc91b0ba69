//! Everything wrong with a configuration is reported at once, each fault with the place it was
//! written: fixing one key per start is how an evening goes by.

use std::fmt;
use std::path::PathBuf;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not valid toml: {detail}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The parser's message, with line and column.
        detail: String,
    },
    /// Keys or values that cannot stand.
    #[error("the configuration cannot be used:{}", Lines(.0))]
    Faults(Vec<Fault>),
    /// Two modules claim one section; a mistake in the binary, not in the configuration.
    #[error("two modules declare the configuration section {0:?}")]
    DuplicateSection(&'static str),
    /// A module asked for a section it did not declare with this type.
    #[error("the configuration section {0:?} was not declared with this type")]
    WrongType(&'static str),
}

/// One thing wrong with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it was written: `gantry.toml line 3`, `GANTRY_SERVER__LISTEN`, `--listen`.
    pub place: String,
    /// What is wrong, naming the key.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

struct Lines<'a>(&'a [Fault]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}
