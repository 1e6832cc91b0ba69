//! The two forms of an export; `docs/operating.md` describes them for whoever reads one.

use std::io::{self, Write};

use clap::ValueEnum;
use gantry_audit::chain::{COLUMNS, Exported, Seal, SealKeys, hex};
use gantry_kernel::formula::guarded;
use serde_json::{Map, Value};

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// One JSON object a line
    Jsonl,
    /// A table for a spreadsheet
    Csv,
}

/// What stands before and after the columns of the table.
const BEFORE: [&str; 5] = ["record", "database", "sequence", "previous", "link"];
const AFTER: [&str; 5] = ["seal_kind", "seal_at", "key_id", "public_key", "signature"];

type Field<'a> = (&'static str, Option<&'a str>);

/// An export under way.
pub(super) struct Sheet<'k, W: Write> {
    format: Format,
    out: W,
    keys: &'k SealKeys,
    rows: u64,
}

impl<'k, W: Write> Sheet<'k, W> {
    pub(super) fn new(format: Format, mut out: W, keys: &'k SealKeys) -> io::Result<Self> {
        if format == Format::Csv {
            let names: Vec<&str> = names().collect();
            write!(out, "{}\r\n", names.join(","))?;
        }
        Ok(Self {
            format,
            out,
            keys,
            rows: 0,
        })
    }

    pub(super) fn row(&mut self, database: &str, found: &Exported) -> io::Result<()> {
        let sequence = found.seq.map(|seq| seq.to_string());
        let [previous, link] = [&found.previous, &found.link].map(|link| link.as_deref().map(hex));
        let mut fields: Vec<Field<'_>> = vec![
            ("record", Some("row")),
            ("database", Some(database)),
            ("sequence", sequence.as_deref()),
            ("previous", previous.as_deref()),
            ("link", link.as_deref()),
        ];
        fields.extend(found.row.columns());
        self.rows += 1;
        self.line(&fields)
    }

    pub(super) fn seal(&mut self, database: &str, seal: &Seal) -> io::Result<()> {
        let (sequence, at) = (seal.seq.to_string(), seal.at.as_micros().to_string());
        let (link, signature) = (hex(&seal.link), hex(&seal.signature));
        let public_key = self.keys.public_key(&seal.key_id);
        self.line(&[
            ("record", Some("seal")),
            ("database", Some(database)),
            ("sequence", Some(&sequence)),
            ("link", Some(&link)),
            ("seal_kind", Some(&seal.kind)),
            ("seal_at", Some(&at)),
            ("key_id", Some(&seal.key_id)),
            ("public_key", public_key.as_deref()),
            ("signature", Some(&signature)),
        ])
    }

    /// How many rows were written.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.out.flush()?;
        Ok(self.rows)
    }

    fn line(&mut self, fields: &[Field<'_>]) -> io::Result<()> {
        match self.format {
            Format::Jsonl => {
                let object: Map<String, Value> = fields
                    .iter()
                    .map(|(name, text)| ((*name).to_owned(), json(name, *text)))
                    .collect();
                writeln!(self.out, "{}", Value::Object(object))
            }
            Format::Csv => {
                let cell = |name: &str| {
                    let field = fields.iter().find(|(known, _)| *known == name);
                    field.and_then(|(_, text)| *text).map(quoted)
                };
                let cells: Vec<String> =
                    names().map(|name| cell(name).unwrap_or_default()).collect();
                write!(self.out, "{}\r\n", cells.join(","))
            }
        }
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    BEFORE
        .into_iter()
        .chain(COLUMNS.iter().copied())
        .chain(AFTER)
}

/// Every value is the text that was hashed or signed; the sequence alone is a number.
fn json(name: &str, text: Option<&str>) -> Value {
    match text {
        None => Value::Null,
        Some(text) if name == "sequence" => text.parse::<i64>().map_or(Value::Null, Value::from),
        Some(text) => Value::from(text),
    }
}

/// A cell of RFC 4180, always in quotes: what is not there at all has none.
fn quoted(text: &str) -> String {
    format!("\"{}\"", guarded(text).replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_runs_nothing_and_keeps_its_text() {
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
        assert_eq!(quoted("say \"hi\", twice"), "\"say \"\"hi\"\", twice\"");
        assert_eq!(quoted(""), "\"\"");
    }
}
