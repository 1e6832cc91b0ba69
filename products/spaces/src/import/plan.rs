//! What every row of a file should become, before the database has its say. Pure: made again after a
//! crash, the plan is the same, so a run goes on with the next row.

use std::collections::{HashMap, HashSet};

use gantry_kernel::{UnitId, fold};

use super::read::Field;
use super::read::fault::{Column, Fault, FileFault, Refusal, shortened};
use super::read::records::Record;
use super::read::row::{BranchRef, Draft, Reader};
use super::read::{Mapping, Sheet, decode};
use crate::student::{Code, StudentFields};

/// Most characters kept of each cell of a rejected row.
const MAX_KEPT: usize = 1_000;

/// A row and what it should become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRow {
    /// Physical line.
    pub line: u32,
    /// The student, or all that is wrong.
    pub outcome: Result<Draft, Vec<Fault>>,
    /// An earlier line with the same phone and another name.
    pub sibling_of: Option<u32>,
    /// The cells, to show if the row is rejected.
    pub cells: Vec<String>,
}

/// All rows of a file in order.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The rows.
    pub rows: Vec<PlannedRow>,
    /// Keys of the codes that rows carry.
    pub codes: HashSet<String>,
    columns: Vec<Option<Column>>,
}

/// What earlier rows have claimed, with their lines.
#[derive(Default)]
struct Claims {
    codes: HashMap<String, u32>,
    people: HashMap<(String, String), u32>,
    phones: HashMap<String, u32>,
}

impl Plan {
    /// Reads the whole file.
    ///
    /// Errors: [`FileFault`] when it is no table; a stored file was one when it was uploaded.
    pub fn new(
        bytes: &[u8],
        mapping: &Mapping,
        branches: &[BranchRef],
        default_branch: Option<UnitId>,
    ) -> Result<Self, FileFault> {
        let decoded = decode(bytes)?;
        let sheet = Sheet::open(&decoded.text)?;
        let reader = Reader::new(&sheet, mapping, branches, default_branch);
        let mut claims = Claims::default();
        let column = |field| mapping.index(field).and_then(|index| sheet.column(index));
        let columns = vec![
            column(Field::Code),
            column(Field::Name),
            column(Field::Phone),
        ];
        let mut plan = Self {
            rows: Vec::new(),
            codes: HashSet::new(),
            columns,
        };
        for record in sheet.rows() {
            let read = reader.read(&record);
            let row = plan.place(&record, read, &mut claims);
            plan.rows.push(row);
        }
        plan.codes.extend(claims.codes.into_keys());
        Ok(plan)
    }

    fn place(
        &self,
        record: &Record<'_>,
        read: Result<Draft, Vec<Fault>>,
        claims: &mut Claims,
    ) -> PlannedRow {
        let line = record.line;
        let mut sibling_of = None;
        let outcome = read.and_then(|draft| match claims.claim(&draft.fields, line) {
            Ok(sibling) => {
                sibling_of = sibling;
                Ok(draft)
            }
            Err((field, refusal)) => Err(vec![self.fault(field, &draft.fields, refusal)]),
        });
        let cells = record.cells.iter().map(|cell| shown(cell)).collect();
        PlannedRow {
            line,
            outcome,
            sibling_of,
            cells,
        }
    }

    /// The fault of a value of a row that could be read.
    pub fn fault(&self, field: Field, fields: &StudentFields, refusal: Refusal) -> Fault {
        let (at, value) = match field {
            Field::Code => (0, fields.code.as_ref().map_or("", |code| code.as_str())),
            Field::Name => (1, fields.name.as_str()),
            _ => (2, fields.phone.as_str()),
        };
        refusal.at(self.columns.get(at).cloned().flatten(), value)
    }
}

impl Claims {
    /// Takes code and person for this line: the earlier line with the same phone, or what is already taken.
    fn claim(
        &mut self,
        fields: &StudentFields,
        line: u32,
    ) -> Result<Option<u32>, (Field, Refusal)> {
        let phone = fields.phone.as_str().to_owned();
        let person = (phone.clone(), fold(fields.name.as_str()));
        if let Some(earlier) = self.people.get(&person) {
            return Err((
                Field::Name,
                Refusal::new(
                    "student_repeated",
                    format!("line {earlier} has the same name and phone"),
                    "remove one of the two lines",
                ),
            ));
        }
        let code = fields.code.as_ref().map(Code::key);
        if let Some(earlier) = code.as_ref().and_then(|code| self.codes.get(code)) {
            return Err((
                Field::Code,
                Refusal::new(
                    "code_repeated",
                    format!("line {earlier} has the same code"),
                    "give each student a code of their own, or leave it empty",
                ),
            ));
        }
        if let Some(code) = code {
            self.codes.insert(code, line);
        }
        self.people.insert(person, line);
        let sibling = self.phones.get(&phone).copied();
        self.phones.entry(phone).or_insert(line);
        Ok(sibling)
    }
}

/// A cell as it can be stored anywhere: line breaks stay, other control characters become pictures.
fn shown(cell: &str) -> String {
    let lines: Vec<String> = cell.lines().map(|line| shortened(line, MAX_KEPT)).collect();
    shortened_lines(&lines)
}

fn shortened_lines(lines: &[String]) -> String {
    let text = lines.join("\n");
    match text.char_indices().nth(MAX_KEPT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
