//! One record into one student, or every fault of it: a person repairs a line once, so all that is wrong
//! with it is said at once.

use std::collections::HashMap;

use gantry_kernel::{CivilDate, UnitId, fold};

use super::fault::{Column, Fault, Refusal, shortened};
use super::field::Field;
use super::mapping::Mapping;
use super::records::{Broken, Record};
use super::sheet::Sheet;
use super::value;
use crate::student::{Status, StudentFields};

/// A branch that rows may name: one within the importer's scope.
#[derive(Debug, Clone)]
pub struct BranchRef {
    /// Its id.
    pub id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Whether it takes students.
    pub active: bool,
    /// The day it is there.
    pub today: CivilDate,
}

/// A row that can become a student.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Physical line.
    pub line: u32,
    /// The student, without anything only a database knows.
    pub fields: StudentFields,
    /// The day it is in the student's branch.
    pub today: CivilDate,
}

/// Reads the rows of one sheet.
pub struct Reader<'a> {
    sheet: &'a Sheet<'a>,
    mapping: &'a Mapping,
    branches: &'a [BranchRef],
    by_name: HashMap<String, usize>,
    default_branch: Option<&'a BranchRef>,
}

/// The faults found so far in one row, and where its cells are.
struct Row<'r> {
    sheet: &'r Sheet<'r>,
    mapping: &'r Mapping,
    record: &'r Record<'r>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// A reader of `sheet`. Rows without a branch go to `default_branch`, or to the only branch there is.
    pub fn new(
        sheet: &'a Sheet<'a>,
        mapping: &'a Mapping,
        branches: &'a [BranchRef],
        default_branch: Option<UnitId>,
    ) -> Self {
        let mut by_name = HashMap::new();
        for (at, branch) in branches.iter().enumerate() {
            by_name.entry(fold(&branch.name)).or_insert(at);
        }
        // Codes are unique and names need not be, so a code wins over another branch's name.
        by_name.extend(
            branches
                .iter()
                .enumerate()
                .map(|(at, b)| (fold(&b.code), at)),
        );
        let default_branch = if let Some(id) = default_branch {
            branches.iter().find(|branch| branch.id == id)
        } else {
            let mut active = branches.iter().filter(|branch| branch.active);
            active.next().filter(|_| active.next().is_none())
        };
        Self {
            sheet,
            mapping,
            branches,
            by_name,
            default_branch,
        }
    }

    /// The student of a row, or everything that is wrong with it (never empty).
    pub fn read(&self, record: &Record<'_>) -> Result<Draft, Vec<Fault>> {
        if let Some(fault) = self.shape(record) {
            return Err(vec![fault]);
        }
        let mut row = Row {
            sheet: self.sheet,
            mapping: self.mapping,
            record,
            faults: Vec::new(),
        };
        row.check_cells();
        if !row.faults.is_empty() {
            return Err(row.faults);
        }
        let code = row.value(Field::Code, false, value::code);
        let name = row.value(Field::Name, true, value::name);
        let phone = row.value(Field::Phone, true, value::phone);
        let email = row.value(Field::Email, false, value::email);
        let guardian_name = row.value(Field::GuardianName, false, value::name_of_guardian);
        let guardian_phone = row.value(Field::GuardianPhone, false, value::phone);
        let gender = row.value(Field::Gender, false, value::gender);
        let status = row.value(Field::Status, false, value::status);
        let notes = row.value(Field::Notes, false, value::notes);
        let branch = self.branch(&mut row);
        let today = branch.map(|branch| branch.today);
        let date_of_birth = row.value(Field::DateOfBirth, false, |raw| value::birth(raw, today));
        let joined_on = row.value(Field::JoinedOn, false, |raw| {
            value::joined(raw, today, date_of_birth)
        });
        match (name, phone, branch) {
            (Some(name), Some(phone), Some(branch)) if row.faults.is_empty() => Ok(Draft {
                line: record.line,
                today: branch.today,
                fields: StudentFields {
                    branch_id: branch.id,
                    code,
                    name,
                    phone,
                    email,
                    guardian_name,
                    guardian_phone,
                    date_of_birth,
                    gender,
                    joined_on,
                    status: status.unwrap_or(Status::Active),
                    notes,
                },
            }),
            _ => Err(row.faults),
        }
    }

    /// What is wrong with the line before any cell is looked at.
    fn shape(&self, record: &Record<'_>) -> Option<Fault> {
        let columns = self.sheet.columns.len();
        let width = record.width;
        let refusal = match record.broken {
            Some(Broken::QuoteUnclosed) => Refusal::new(
                "quote_unclosed",
                "a quote opens a cell of this line and nothing closes it",
                "close the quote, or remove it",
            ),
            Some(Broken::QuoteMisplaced) => Refusal::new(
                "quote_misplaced",
                "text follows the closing quote of a cell",
                "put the whole cell in quotes and double the quotes inside it",
            ),
            None if record
                .cells
                .iter()
                .skip(columns)
                .any(|cell| !cell.trim().is_empty())
                || width > record.cells.len() =>
            {
                Refusal::new(
                    "too_many_cells",
                    format!("the line has {width} cells, the header {columns}"),
                    "put a value that contains the separator in quotes",
                )
            }
            None => {
                let required = [Field::Name, Field::Phone];
                let needed = required.iter().filter_map(|f| self.mapping.index(*f)).max();
                needed.filter(|last| width <= *last).map(|_| {
                    let cells = if width == 1 { "cell" } else { "cells" };
                    Refusal::new(
                        "too_few_cells",
                        format!("the line has {width} {cells}, the header {columns}"),
                        "look for a line break inside a cell, or a line that is no student",
                    )
                })?
            }
        };
        let value = record
            .cells
            .join(&char::from(self.sheet.separator.byte()).to_string());
        Some(refusal.at(None, &value))
    }

    fn branch(&self, row: &mut Row<'_>) -> Option<&'a BranchRef> {
        let found = row.value(Field::Branch, false, |raw| {
            match self.by_name.get(&fold(raw)) {
                Some(at) => Ok(self.branches.get(*at)),
                None => Err(Refusal::new(
                    "branch_unknown",
                    "there is no branch of this name or code among yours",
                    self.known_branches(),
                )),
            }
        });
        let branch = match found {
            Some(named) => named,
            None if row.raw(Field::Branch).is_some() => return None,
            None => self.default_branch,
        };
        match branch {
            Some(branch) if branch.active => Some(branch),
            Some(branch) => {
                let refusal = Refusal::new(
                    "branch_inactive",
                    format!("the branch {} is closed", branch.name),
                    "choose another branch, or open it again",
                );
                row.fault(Field::Branch, refusal);
                None
            }
            None => {
                let refusal = Refusal::new(
                    "branch_missing",
                    "the row names no branch and none was chosen for the import",
                    "choose a branch for rows without one, or fill in the column",
                );
                row.fault(Field::Branch, refusal);
                None
            }
        }
    }

    fn known_branches(&self) -> String {
        let names: Vec<&str> = self
            .branches
            .iter()
            .take(5)
            .map(|b| b.name.as_str())
            .collect();
        match names.len() {
            0 => "create the branch first".to_owned(),
            _ => format!(
                "write the name or code of a branch, e.g. {}",
                shortened(&names.join(", "), 120)
            ),
        }
    }
}

/// Words for "nothing" that people put into cells that hold a structured value.
fn means_nothing(field: Field, text: &str) -> bool {
    let free = matches!(
        field,
        Field::Name | Field::GuardianName | Field::Notes | Field::Code
    );
    !free
        && matches!(
            text.to_ascii_lowercase().as_str(),
            "-" | "--" | "---" | "na" | "n/a" | "n.a." | "nil" | "none" | "null"
        )
}

/// The inverse of the export's protection against formulas: one apostrophe in front of what a
/// spreadsheet would run.
fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if crate::export::is_dangerous(rest) => rest,
        _ => text,
    }
}

impl Row<'_> {
    fn raw(&self, field: Field) -> Option<&str> {
        let cell = self.record.cells.get(self.mapping.index(field)?)?;
        let text = unguarded(cell.trim());
        (!text.is_empty() && !means_nothing(field, text)).then_some(text)
    }

    fn column(&self, field: Field) -> Option<Column> {
        self.sheet.column(self.mapping.index(field)?)
    }

    fn fault(&mut self, field: Field, refusal: Refusal) {
        let column = self.column(field);
        let index = self.mapping.index(field);
        let cell = index.and_then(|index| self.record.cells.get(index));
        let fault = refusal.at(column, cell.map_or("", AsRef::as_ref));
        self.faults.push(fault);
    }

    fn value<T>(
        &mut self,
        field: Field,
        required: bool,
        read: impl FnOnce(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        let outcome = match self.raw(field) {
            Some(raw) => read(raw),
            None if required => Err(value::missing(field)),
            None => return None,
        };
        match outcome {
            Ok(value) => Some(value),
            Err(refusal) => {
                self.fault(field, refusal);
                None
            }
        }
    }

    /// What no mapped cell may be, whatever it means.
    fn check_cells(&mut self) {
        for field in self.mapping.0.keys() {
            let Some(cell) = self
                .mapping
                .index(*field)
                .and_then(|at| self.record.cells.get(at))
            else {
                continue;
            };
            if let Some(refusal) = value::unusable(*field, cell.trim()) {
                self.fault(*field, refusal);
            }
        }
    }
}
