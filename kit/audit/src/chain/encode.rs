//! Which bytes a link is made of.

use gantry_db::{DbError, FromRow, Row};
use gantry_kernel::Timestamp;
use gantry_kernel::crypto::sha256;

/// SHA-256 of everything up to and with a row.
pub type Link = [u8; 32];

/// The one list of the table's columns: what is hashed, exported and selected. In ascending order, since
/// that is the order in which they are hashed.
macro_rules! columns {
    ($($name:literal),+ $(,)?) => {
        /// The columns of `audit`, in the order in which they are hashed.
        pub const COLUMNS: &[&str] = &[$($name),+];

        /// The same for a statement that calls the table `a`, each followed by a comma.
        macro_rules! selected {
            () => { concat!($("a.", $name, ", "),+) };
        }
    };
}
columns![
    "action",
    "actor_id",
    "actor_kind",
    "at",
    "facts_after",
    "facts_before",
    "id",
    "ip",
    "on_behalf_of",
    "outcome",
    "request_id",
    "target_id",
    "target_kind",
    "tenant_id",
    "user_agent",
];
pub(super) use selected;

/// A row as it is hashed: the text of each column, in the order of [`COLUMNS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow(Vec<Option<String>>);

impl SealedRow {
    /// The row's id; empty when the row is gone.
    #[must_use]
    pub fn id(&self) -> &str {
        self.get("id").unwrap_or_default()
    }

    /// The text of a column; `None` when it is NULL.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&str> {
        let at = COLUMNS.iter().position(|name| *name == column)?;
        self.0.get(at)?.as_deref()
    }

    /// Each column with its text.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        COLUMNS
            .iter()
            .copied()
            .zip(self.0.iter().map(Option::as_deref))
    }
}

impl FromRow for SealedRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let text = |name: &&str| match *name {
            "at" => Ok(row
                .get::<Option<Timestamp>>(name)?
                .map(|at| at.as_micros().to_string())),
            name => row.get::<Option<String>>(name),
        };
        COLUMNS.iter().map(text).collect::<Result<_, _>>().map(Self)
    }
}

/// What the first row of a chain follows.
pub(super) fn genesis(place: &str) -> Link {
    sha256(format!("gantry-audit-genesis-v1\n{place}").as_bytes())
}

/// The link of a row at a place in the chain.
pub(super) fn link(previous: &Link, sequence: i64, row: &SealedRow) -> Link {
    let mut bytes = b"gantry-audit-link-v1\n".to_vec();
    bytes.extend_from_slice(previous);
    bytes.extend_from_slice(&sequence.to_be_bytes());
    for (name, value) in row.columns() {
        let Some(value) = value else { continue };
        for part in [name, value] {
            // Columns are bounded to a few kilobytes; one of 4 GiB would be cut here and in no database.
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    sha256(&bytes)
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(texts: &[(&str, &str)]) -> SealedRow {
        let of = |name: &&str| {
            let text = texts.iter().find(|(column, _)| column == name);
            text.map(|(_, value)| (*value).to_owned())
        };
        SealedRow(COLUMNS.iter().map(of).collect())
    }

    #[test]
    fn columns_are_in_order() {
        assert!(COLUMNS.is_sorted());
    }

    #[test]
    fn a_border_cannot_be_moved() {
        let start = genesis("control");
        let rows = [
            row(&[("action", "ab"), ("actor_kind", "c")]),
            row(&[("action", "a"), ("actor_kind", "bc")]),
            row(&[("action", "abc")]),
            row(&[("action", "abc"), ("actor_kind", "")]),
            row(&[("actor_kind", "abc")]),
        ];
        for (at, one) in rows.iter().enumerate() {
            for other in &rows[at + 1..] {
                assert_ne!(link(&start, 1, one), link(&start, 1, other));
            }
        }
        assert_ne!(link(&start, 1, &rows[0]), link(&start, 2, &rows[0]));
        assert_ne!(link(&start, 1, &rows[0]), link(&genesis("x"), 1, &rows[0]));
    }
}
