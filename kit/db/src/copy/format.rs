//! The bytes of a copy.
//!
//! ```text
//! "gantry-copy\n"
//! frame*            one byte kind, four bytes length (big-endian), that many bytes
//!   H               header: JSON of `Header`; once, first
//!   T               a table begins: JSON of `Table`
//!   R               a row: its cells, in the order of the table's columns
//!   E               the table ends: JSON of `TableSum`
//!   F               footer: JSON of `Footer`; once, last
//! 32 bytes          SHA-256 of everything before
//! ```
//!
//! A cell is a byte and what belongs to it: 0 NULL; 1 an integer, eight bytes; 2 false; 3 true; 4 text
//! and 5 bytes, each with a length of four bytes; 6 a date as days since 1970-01-01, four bytes. All
//! numbers are big-endian and signed but the lengths. One row has one encoding, whichever engine it
//! came from.

use gantry_kernel::column::{Value, ValueRef};
use gantry_kernel::{CivilDate, Slug, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::SchemaStep;

pub(super) const MAGIC: &[u8; 12] = b"gantry-copy\n";
/// The version of this format.
pub const FORMAT: u32 = 1;
/// The largest frame that is believed: SQLite's and PostgreSQL's largest value is 1 GB.
pub(super) const LARGEST: u32 = 1 << 30;

pub(super) const HEADER: u8 = b'H';
pub(super) const TABLE: u8 = b'T';
pub(super) const ROW: u8 = b'R';
pub(super) const END: u8 = b'E';
pub(super) const FOOTER: u8 = b'F';

/// Whose contents a copy holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "place", rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// The control database.
    Control,
    /// One tenant's database.
    Tenant {
        /// The tenant.
        id: TenantId,
        /// Its slug when its database was made.
        slug: Slug,
        /// The life of the tenant it was taken from.
        incarnation: i64,
        /// When its database was made, in microseconds.
        created_at: i64,
    },
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Control => f.write_str("control"),
            Self::Tenant {
                id, incarnation, ..
            } => write!(f, "tenant {id} incarnation {incarnation}"),
        }
    }
}

/// What a copy says of itself before its contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format.
    pub format: u32,
    /// Whose contents these are.
    pub subject: Subject,
    /// When the snapshot was taken, in microseconds.
    pub(super) taken_us: i64,
    /// The migrations its schema was made by.
    pub schema: Vec<SchemaStep>,
}

impl Header {
    pub(super) fn new(subject: Subject, taken_at: Timestamp, schema: Vec<SchemaStep>) -> Self {
        Self {
            format: FORMAT,
            subject,
            taken_us: taken_at.as_micros(),
            schema,
        }
    }

    /// When the snapshot was taken.
    pub const fn taken_at(&self) -> Timestamp {
        Timestamp::from_micros(self.taken_us)
    }
}

/// What a column holds, as its migration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Id,
    Int,
    Time,
    Date,
    Bool,
    Json,
    Bytes,
    Text,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// A table: its columns in the order of their cells, and which of them are its primary key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) key: Vec<usize>,
}

/// A table's contents in short: equal on both engines when the rows are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSum {
    /// The table.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 of its description and rows, in hexadecimal.
    pub sha256: String,
}

/// What a copy says of itself after its contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Footer {
    pub(super) tables: Vec<TableSum>,
    /// SHA-256 over the tables' names, counts and hashes.
    pub(super) content: String,
}

/// A copy in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What it says of itself.
    pub header: Header,
    /// Its tables.
    pub tables: Vec<TableSum>,
    /// SHA-256 of all contents, in hexadecimal: equal for equal contents, whenever and from whichever
    /// engine they were taken.
    pub content: String,
    /// Its length.
    pub bytes: u64,
}

impl Summary {
    /// All rows.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// The hash over all tables.
pub(super) fn content_of(tables: &[TableSum]) -> String {
    let mut sum = gantry_kernel::crypto::Sha256::new();
    for table in tables {
        let line = format!("{} {} {}\n", table.name, table.rows, table.sha256);
        sum.update(line.as_bytes());
    }
    gantry_kernel::crypto::hex(&sum.finish())
}

/// Appends a cell, or says why the column cannot hold this value.
pub(super) fn encode(kind: Kind, value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    match (kind, value) {
        (_, ValueRef::Null) => out.push(0),
        (Kind::Int | Kind::Time, ValueRef::Int(n)) => {
            out.push(1);
            out.extend_from_slice(&n.to_be_bytes());
        }
        (Kind::Bool, ValueRef::Bool(b)) => out.push(2 + u8::from(b)),
        (Kind::Bool, ValueRef::Int(n @ (0 | 1))) => out.push(if n == 1 { 3 } else { 2 }),
        (Kind::Id | Kind::Json | Kind::Text, ValueRef::Text(text)) => {
            if text.contains('\0') {
                return Err("a text holds the character U+0000".to_owned());
            }
            out.push(4);
            sized(text.as_bytes(), out)?;
        }
        (Kind::Bytes, ValueRef::Bytes(bytes)) => {
            out.push(5);
            sized(bytes, out)?;
        }
        (Kind::Date, ValueRef::Date(date)) => day(date, out),
        (Kind::Date, ValueRef::Text(text)) => {
            // As SQLite compares dates by their text, another spelling of a date is another value.
            let date = text.parse::<CivilDate>().ok();
            let date = date.filter(|date| date.to_string() == text);
            day(date.ok_or("a text is not a date")?, out);
        }
        (kind, value) => return Err(format!("a {} in a column of {kind:?}", value.kind())),
    }
    Ok(())
}

fn sized(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let length = u32::try_from(bytes.len()).map_err(|_| "a value beyond 4 GB".to_owned())?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

fn day(date: CivilDate, out: &mut Vec<u8>) {
    out.push(6);
    out.extend_from_slice(&date.days_since_epoch().to_be_bytes());
}

/// Reads a row of these columns; every byte must belong to a cell.
pub(super) fn decode(columns: &[Column], mut row: &[u8]) -> Result<Vec<Value>, String> {
    let values = columns
        .iter()
        .map(|column| {
            cell(column.kind, &mut row).map_err(|why| format!("column {}: {why}", column.name))
        })
        .collect::<Result<_, _>>()?;
    if row.is_empty() {
        Ok(values)
    } else {
        Err("a row is longer than its cells".to_owned())
    }
}

fn cell(kind: Kind, row: &mut &[u8]) -> Result<Value, String> {
    let [tag] = fixed(row)?;
    let value = match (tag, kind) {
        (0, _) => Value::Null,
        (1, Kind::Int | Kind::Time) => Value::Int(i64::from_be_bytes(fixed(row)?)),
        (2 | 3, Kind::Bool) => Value::Bool(tag == 3),
        (4, Kind::Id | Kind::Json | Kind::Text) => {
            let text = std::str::from_utf8(bytes(row)?).map_err(|_| "text is not UTF-8")?;
            if text.contains('\0') {
                return Err("a text holds the character U+0000".to_owned());
            }
            Value::Text(text.to_owned())
        }
        (5, Kind::Bytes) => Value::Bytes(bytes(row)?.to_vec()),
        (6, Kind::Date) => {
            let days = i32::from_be_bytes(fixed(row)?);
            let date = CivilDate::from_days_since_epoch(days);
            Value::Date(date.ok_or("a date outside the years 1 to 9999")?)
        }
        _ => return Err(format!("a cell of sort {tag} in a column of {kind:?}")),
    };
    Ok(value)
}

fn fixed<const N: usize>(row: &mut &[u8]) -> Result<[u8; N], String> {
    let (head, rest) = row.split_first_chunk::<N>().ok_or("a row is cut off")?;
    *row = rest;
    Ok(*head)
}

fn bytes<'a>(row: &mut &'a [u8]) -> Result<&'a [u8], String> {
    let length = u32::from_be_bytes(fixed(row)?) as usize;
    let (head, rest) = row.split_at_checked(length).ok_or("a row is cut off")?;
    *row = rest;
    Ok(head)
}

/// Whether one row comes before another in the order of their keys. Values of one column are of one
/// sort; a key has no NULL.
pub(super) fn precedes(key: &[usize], earlier: &[Value], later: &[Value]) -> bool {
    for at in key {
        let order = match (earlier.get(*at), later.get(*at)) {
            (Some(Value::Int(a)), Some(Value::Int(b))) => a.cmp(b),
            (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
            (Some(Value::Text(a)), Some(Value::Text(b))) => a.as_bytes().cmp(b.as_bytes()),
            (Some(Value::Bytes(a)), Some(Value::Bytes(b))) => a.cmp(b),
            (Some(Value::Date(a)), Some(Value::Date(b))) => a.cmp(b),
            _ => return false,
        };
        match order {
            std::cmp::Ordering::Less => return true,
            std::cmp::Ordering::Greater => return false,
            std::cmp::Ordering::Equal => {}
        }
    }
    false
}
