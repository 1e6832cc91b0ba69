//! Writing tables that open in a spreadsheet with the right letters and without running anything.

use std::io;

use crate::import::read::Field;
use crate::import::{Import, ImportRow};
use crate::student::Student;

use super::guarded;

/// The columns of an export, which the import recognises by these names.
const COLUMNS: [Field; 12] = [
    Field::Code,
    Field::Name,
    Field::Phone,
    Field::Email,
    Field::GuardianName,
    Field::GuardianPhone,
    Field::DateOfBirth,
    Field::Gender,
    Field::JoinedOn,
    Field::Status,
    Field::Branch,
    Field::Notes,
];

/// A CSV document with a byte order mark, without which Excel takes UTF-8 for Windows-1252.
pub struct Table(csv::Writer<Vec<u8>>);

impl Table {
    fn new() -> Self {
        let writer = csv::WriterBuilder::new()
            .quote_style(csv::QuoteStyle::Always)
            .terminator(csv::Terminator::CRLF)
            .from_writer("\u{FEFF}".as_bytes().to_vec());
        Self(writer)
    }

    /// Adds a row; what a spreadsheet would run is guarded.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) -> io::Result<()> {
        let cells: Vec<_> = cells.into_iter().map(guarded).collect();
        Ok(self
            .0
            .write_record(cells.iter().map(|cell| cell.as_bytes()))?)
    }

    /// A document with this header.
    pub fn with_header(columns: &[&str]) -> io::Result<Self> {
        let mut table = Self::new();
        table.row(columns.iter().copied())?;
        Ok(table)
    }

    /// The finished document.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        self.0
            .into_inner()
            .map_err(|error| io::Error::other(error.to_string()))
    }

    /// A document with the header of students.
    pub fn of_students() -> io::Result<Self> {
        let mut table = Self::new();
        table.row(COLUMNS.iter().map(|field| field.as_str()))?;
        Ok(table)
    }

    /// Adds a student of the branch with this code.
    pub fn student(&mut self, student: &Student, branch: &str) -> io::Result<()> {
        let optional = |value: Option<String>| value.unwrap_or_default();
        let cells = [
            student.code.to_string(),
            student.name.to_string(),
            student.phone.to_string(),
            optional(student.email.as_ref().map(ToString::to_string)),
            optional(student.guardian_name.as_ref().map(ToString::to_string)),
            optional(student.guardian_phone.as_ref().map(ToString::to_string)),
            optional(student.date_of_birth.map(|date| date.to_string())),
            optional(student.gender.map(|gender| gender.to_string())),
            student.joined_on.to_string(),
            student.status.to_string(),
            branch.to_owned(),
            optional(student.notes.as_ref().map(ToString::to_string)),
        ];
        self.row(cells.iter().map(String::as_str))
    }
}

/// The rejected rows of an import with what is wrong with each, to be repaired and uploaded again.
pub fn rejected_rows(import: &Import, rows: &[ImportRow]) -> io::Result<Vec<u8>> {
    let mut table = Table::new();
    let headers = import
        .columns
        .iter()
        .map(|column| column.column.header.as_str());
    table.row(
        ["line", "column", "problem", "fix"]
            .into_iter()
            .chain(headers),
    )?;
    for row in rows {
        let column = |fault: &crate::import::read::Fault| {
            fault
                .column
                .as_ref()
                .map_or_else(String::new, |column| column.header.clone())
        };
        let joined = |parts: Vec<String>| parts.join("; ");
        let mut cells = vec![
            row.line.to_string(),
            joined(row.faults.iter().map(column).collect()),
            joined(
                row.faults
                    .iter()
                    .map(|fault| fault.reason.clone())
                    .collect(),
            ),
            joined(row.faults.iter().map(|fault| fault.fix.clone()).collect()),
        ];
        cells.extend(row.cells.iter().cloned());
        cells.resize(import.columns.len() + 4, String::new());
        table.row(cells.iter().map(String::as_str))?;
    }
    table.finish()
}
