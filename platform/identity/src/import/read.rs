//! The file of an import: one account a line, as JSON objects or as CSV with a header. Both have the same fields.

use std::io::{self, BufRead, Read};
use std::path::Path;

use gantry_kernel::Email;
use gantry_kernel::email::NotAnEmail;
use gantry_kernel::text::NotText;
use gantry_passwords::{HashError, check_stored};
use serde::Deserialize;

use crate::account::PersonName;

/// Bytes of the longest line; what an account is made of is far shorter.
const MAX_LINE: u64 = 16 * 1024;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object on each line.
    Jsonl,
    /// A header, then rows (RFC 4180).
    Csv,
}

impl Format {
    /// By the end of the name: `.jsonl`, `.ndjson` or `.csv`.
    pub fn of(path: &Path) -> Option<Self> {
        let end = path.extension()?.to_str()?.to_ascii_lowercase();
        match end.as_str() {
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// An account to import.
#[derive(Debug)]
pub struct Row {
    pub(super) email: Email,
    pub(super) name: PersonName,
    /// Checked: it can be verified here, at a cost that is bounded.
    pub(super) hash: Option<String>,
    pub(super) verified: bool,
    pub(super) workspace: PersonName,
}

/// Why a row cannot be taken. It never repeats the hash.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// Not a row of this format, or a field is missing, unknown or of the wrong kind.
    #[error("{0}")]
    Syntax(String),
    /// Longer than any account.
    #[error("the line is longer than 16 KiB")]
    TooLong,
    /// The address.
    #[error("email: {0}")]
    Email(#[from] NotAnEmail),
    /// The name, or the workspace's.
    #[error("{0}: {1}")]
    Name(&'static str, NotText),
    /// The hash.
    #[error("hash: {0}")]
    Hash(#[from] HashError),
    /// Nothing would be left of the row.
    #[error(
        "hash: a row that is not verified needs one; without it the person can as well sign up"
    )]
    Nothing,
    /// The file cannot be read on.
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    email: String,
    name: String,
    hash: Option<String>,
    #[serde(default)]
    verified: bool,
    workspace: Option<String>,
}

impl Raw {
    fn check(self) -> Result<Row, RowError> {
        let text =
            |field, text: &str| PersonName::new(text).map_err(|error| RowError::Name(field, error));
        let hash = self.hash.filter(|hash| !hash.is_empty());
        match &hash {
            Some(hash) => check_stored(hash)?,
            None if !self.verified => return Err(RowError::Nothing),
            None => {}
        }
        let workspace = self.workspace.filter(|name| !name.is_empty());
        Ok(Row {
            email: self.email.parse()?,
            name: text("name", &self.name)?,
            hash,
            verified: self.verified,
            workspace: text("workspace", workspace.as_ref().unwrap_or(&self.name))?,
        })
    }
}

/// The rows of a file with their line numbers. After [`RowError::Io`] there are no more.
pub fn rows<'a>(
    format: Format,
    file: impl BufRead + 'a,
) -> Box<dyn Iterator<Item = (u64, Result<Row, RowError>)> + 'a> {
    match format {
        Format::Jsonl => Box::new(lines(file)),
        Format::Csv => Box::new(records(file)),
    }
}

fn lines(mut file: impl BufRead) -> impl Iterator<Item = (u64, Result<Row, RowError>)> {
    let (mut number, mut ended) = (0, false);
    std::iter::from_fn(move || {
        while !ended {
            number += 1;
            match line(&mut file) {
                Ok(None) => ended = true,
                Ok(Some(bytes)) if bytes.iter().all(u8::is_ascii_whitespace) => {}
                Ok(Some(bytes)) => return Some((number, parse(&bytes))),
                Err(error) => {
                    ended = matches!(error, RowError::Io(_));
                    return Some((number, Err(error)));
                }
            }
        }
        None
    })
}

fn line(file: &mut impl BufRead) -> Result<Option<Vec<u8>>, RowError> {
    let mut bytes = Vec::new();
    file.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if !bytes.ends_with(b"\n") && u64::try_from(bytes.len()).unwrap_or(MAX_LINE) == MAX_LINE {
        file.skip_until(b'\n')?;
        return Err(RowError::TooLong);
    }
    Ok(Some(bytes))
}

fn parse(line: &[u8]) -> Result<Row, RowError> {
    let raw: Raw =
        serde_json::from_slice(line).map_err(|error| RowError::Syntax(error.to_string()))?;
    raw.check()
}

fn records(file: impl Read) -> impl Iterator<Item = (u64, Result<Row, RowError>)> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(file);
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let headers = match reader.headers() {
            Ok(headers) => headers.clone(),
            Err(error) => {
                ended = true;
                return Some((1, Err(syntax(&error))));
            }
        };
        let mut record = csv::StringRecord::new();
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                let raw: Result<Raw, _> = record.deserialize(Some(&headers));
                Some((
                    line,
                    raw.map_err(|error| syntax(&error)).and_then(Raw::check),
                ))
            }
            Err(error) => {
                ended = error.is_io_error();
                Some((line, Err(syntax(&error))))
            }
        }
    })
}

fn syntax(error: &csv::Error) -> RowError {
    RowError::Syntax(match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
        _ => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

    fn read(format: Format, text: &str) -> Vec<(u64, String)> {
        rows(format, text.as_bytes())
            .map(|(line, row)| match row {
                Ok(row) => (
                    line,
                    format!("{} {} {}", row.email, row.hash.is_some(), row.verified),
                ),
                Err(error) => (line, error.to_string()),
            })
            .collect()
    }

    #[test]
    fn json_lines_are_read_one_by_one() {
        let long = "x".repeat(20_000);
        let text = format!(
            "{{\"email\":\"A@example.com\",\"name\":\"A\",\"hash\":\"{HASH}\",\"verified\":true}}\n\
             \n\
             not json\n\
             {{\"email\":\"b@example.com\",\"name\":\"{long}\"}}\n\
             {{\"email\":\"c@example.com\",\"name\":\"C\",\"verified\":true,\"admin\":true}}\n\
             {{\"email\":\"d\",\"name\":\"D\",\"verified\":true}}\n\
             {{\"email\":\"e@example.com\",\"name\":\"\",\"verified\":true}}\n\
             {{\"email\":\"f@example.com\",\"name\":\"F\",\"hash\":\"$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\"}}\n\
             {{\"email\":\"g@example.com\",\"name\":\"G\"}}\n\
             {{\"email\":\"h@example.com\",\"name\":\"H\",\"verified\":true}}"
        );
        let found = read(Format::Jsonl, &text);
        let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(found[0].1, "a@example.com true true");
        assert_eq!(found[8].1, "h@example.com false true");
        for (place, word) in [
            (1, "expected"),
            (2, "longer"),
            (3, "admin"),
            (4, "email"),
            (5, "name"),
            (6, "bcrypt cost 31"),
            (7, "needs one"),
        ] {
            assert!(found[place].1.contains(word), "{:?}", found[place]);
        }
        assert!(found.iter().all(|(_, said)| !said.contains("$2")));
    }

    #[test]
    fn csv_is_read_by_its_header() {
        let text = format!(
            "name,email,verified,hash\nA,a@example.com,true,{HASH}\nB,b@example.com,maybe,\n\"C, D\",c@example.com,true,\ntoo,few\n"
        );
        let found = read(Format::Csv, &text);
        assert_eq!(found[0], (2, "a@example.com true true".to_owned()));
        assert_eq!(found[1].0, 3);
        assert_eq!(found[2], (4, "c@example.com false true".to_owned()));
        assert_eq!((found[3].0, found.len()), (5, 4));
        let unknown = read(Format::Csv, "email,name,role\na@example.com,A,owner\n");
        assert!(unknown[0].1.contains("role"), "{unknown:?}");
    }

    proptest::proptest! {
        #[test]
        fn no_file_is_a_surprise(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
            for format in [Format::Jsonl, Format::Csv] {
                let found = rows(format, bytes.as_slice()).take(500).count();
                proptest::prop_assert!(found < 500);
            }
        }
    }
}
