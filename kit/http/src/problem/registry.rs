//! Every error code a client can meet, with one sentence of meaning; each has a page under `/errors/`.

use std::collections::BTreeMap;

/// A documented error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// Stable word for programs, snake case.
    pub code: &'static str,
    /// The HTTP status it comes with.
    pub status: u16,
    /// A few words for people; the same for every occurrence (RFC 9457, section 3.1.3).
    pub title: &'static str,
    /// What it means and what to do about it.
    pub meaning: &'static str,
}

impl ErrorCode {
    /// Documents a code.
    pub const fn new(
        code: &'static str,
        status: u16,
        title: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            code,
            status,
            title,
            meaning,
        }
    }
}

/// All codes of one server.
#[derive(Debug, Default)]
pub(crate) struct Registry(BTreeMap<&'static str, ErrorCode>);

impl Registry {
    /// Adds a code; gives back the one that already stands there if it says something else.
    pub(crate) fn add(&mut self, code: ErrorCode) -> Result<(), ErrorCode> {
        match self.0.insert(code.code, code) {
            Some(known) if known != code => Err(known),
            _ => Ok(()),
        }
    }

    pub(crate) fn get(&self, code: &str) -> Option<&ErrorCode> {
        self.0.get(code)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ErrorCode> {
        self.0.values()
    }
}
