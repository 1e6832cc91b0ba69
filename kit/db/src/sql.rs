//! A statement's text: constant, known at compile time, and registered, so that one test can
//! prepare every statement of the program on both engines.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use crate::Engine;
use crate::stats::Class;

/// Where and what a statement is. Made by [`sql!`](macro@crate::sql) only.
#[derive(Debug)]
pub struct Statement {
    sqlite: &'static str,
    postgres: &'static str,
    file: &'static str,
    line: u32,
    runs: AtomicU64,
    /// Where its class is among all; see `stats`.
    place: AtomicU16,
    /// Which argument each of SQLite's parameters is; see `sqlite::conn::bind`.
    numbers: OnceLock<Box<[usize]>>,
}

impl Statement {
    #[doc(hidden)]
    pub const fn new(
        sqlite: &'static str,
        postgres: &'static str,
        file: &'static str,
        line: u32,
    ) -> Self {
        assert!(
            groupable(sqlite) && groupable(postgres),
            "read and write begin and end transactions, and settings last beyond one"
        );
        Self {
            sqlite,
            postgres,
            file,
            line,
            runs: AtomicU64::new(0),
            place: AtomicU16::new(u16::MAX),
            numbers: OnceLock::new(),
        }
    }

    /// The numbers of SQLite's parameters, read once by `read`.
    pub(crate) fn numbers<E>(
        &self,
        read: impl FnOnce() -> Result<Box<[usize]>, E>,
    ) -> Result<&[usize], E> {
        if let Some(numbers) = self.numbers.get() {
            return Ok(numbers);
        }
        let numbers = read()?;
        Ok(self.numbers.get_or_init(|| numbers))
    }

    /// The text for an engine.
    pub const fn text(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }

    /// The source file that holds the statement.
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// Its line there.
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// How often this process has run it, on any database.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// What it does to which table, as far as measuring tells statements apart.
    pub fn class(&self) -> Class {
        Class::of(self.sqlite)
    }

    pub(crate) fn place(&self) -> usize {
        self.place.load(Ordering::Relaxed).into()
    }

    /// A program with more classes than fit leaves the last ones unmeasured.
    pub(crate) fn set_place(&self, place: usize) {
        let place = u16::try_from(place).unwrap_or(u16::MAX);
        self.place.store(place, Ordering::Relaxed);
    }

    pub(crate) fn count_run(&self) {
        self.runs.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether a statement leaves alone what it shares with others: a COMMIT of its own would be the
/// commit of everybody in its group, and a PRAGMA would hold for those after it.
const fn groupable(text: &str) -> bool {
    const REFUSED: [&[u8]; 10] = [
        b"begin",
        b"start",
        b"commit",
        b"end",
        b"rollback",
        b"abort",
        b"savepoint",
        b"release",
        b"pragma",
        b"set",
    ];
    let text = text.as_bytes();
    let mut from = 0;
    while from < text.len() && text[from].is_ascii_whitespace() {
        from += 1;
    }
    let mut to = from;
    while to < text.len() && text[to].is_ascii_alphabetic() {
        to += 1;
    }
    let mut at = 0;
    while at < REFUSED.len() {
        let word = REFUSED[at];
        let mut same = 0;
        while same < word.len()
            && from + same < to
            && text[from + same].to_ascii_lowercase() == word[same]
        {
            same += 1;
        }
        if same == word.len() && from + same == to {
            return false;
        }
        at += 1;
    }
    true
}

/// A statement to run; a copyable handle made by [`sql!`](macro@crate::sql), never from run-time text.
#[derive(Clone, Copy, Debug)]
pub struct Sql(&'static Statement);

impl Sql {
    #[doc(hidden)]
    pub const fn new(statement: &'static Statement) -> Self {
        Self(statement)
    }

    /// The text for an engine.
    pub const fn text(self, engine: Engine) -> &'static str {
        self.0.text(engine)
    }

    /// The statement behind the handle.
    pub const fn statement(self) -> &'static Statement {
        self.0
    }
}

/// A registered statement; see [`statements`].
#[doc(hidden)]
pub struct Registered(pub &'static Statement);
inventory::collect!(Registered);

/// Every statement linked into this program.
pub fn statements() -> impl Iterator<Item = Sql> {
    inventory::iter::<Registered>
        .into_iter()
        .map(|registered| Sql(registered.0))
}

/// Makes a [`Sql`] from literal text with `$1, $2, ..` parameters; where the engines must differ:
/// `sql!{ sqlite: "..", postgres: ".." }`.
#[macro_export]
macro_rules! sql {
    (sqlite: $sqlite:expr, postgres: $postgres:expr $(,)?) => {{
        static STATEMENT: $crate::Statement =
            $crate::Statement::new($sqlite, $postgres, ::std::file!(), ::std::line!());
        $crate::__private::inventory::submit! { $crate::__private::Registered(&STATEMENT) }
        $crate::Sql::new(&STATEMENT)
    }};
    ($text:expr $(,)?) => {
        $crate::sql! { sqlite: $text, postgres: $text }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_cannot_end_its_transaction_nor_change_a_setting() {
        for text in [
            "COMMIT",
            " \n rollback to x",
            "End;",
            "PRAGMA defer_foreign_keys = ON",
        ] {
            assert!(!groupable(text), "{text}");
        }
        for text in [
            "SELECT 1",
            "commitments",
            "",
            "UPDATE a SET b = 1",
            "  WITH x AS (SELECT 1) SELECT 1",
        ] {
            assert!(groupable(text), "{text}");
        }
    }
}
