//! A file as a table: where its header is and which rows follow.

use super::fault::{Column, FileFault};
use super::records::{MAX_COLUMNS, Record, Records};
use super::{Separator, field};

/// Records searched for the header: exports often begin with a title and a date.
const HEADER_WITHIN: usize = 10;
/// Longest column name in characters.
const MAX_HEADER: usize = 200;
/// Most data rows of one file.
pub const MAX_ROWS: usize = 100_000;

/// A table of cells over borrowed text.
#[derive(Debug, Clone)]
pub struct Sheet<'a> {
    /// The character between cells.
    pub separator: Separator,
    /// Physical line of the header.
    pub header_line: u32,
    /// Column names in order, as the file has them.
    pub columns: Vec<String>,
    body: Records<'a>,
}

impl<'a> Sheet<'a> {
    /// Finds separator and header. The same text always gives the same answer.
    ///
    /// Errors: [`FileFault`] when no header can be made out or the table is beyond what is imported.
    pub fn open(text: &'a str) -> Result<Self, FileFault> {
        let (separator, skipped) = declared(text);
        let separator = separator.unwrap_or_else(|| Separator::detect(text));
        let mut body = Records::new(text, separator);
        if skipped {
            body.next();
        }
        let mut best: Option<(usize, Record<'a>, Records<'a>)> = None;
        let mut ahead = body;
        let mut looked = 0;
        while let Some(record) = ahead.next() {
            if record.is_blank() {
                continue;
            }
            let known = field::known(&record.cells);
            let better = best
                .as_ref()
                .is_none_or(|(most, ..)| known >= 2 && known > *most);
            if better {
                best = Some((known, record, ahead.clone()));
            }
            looked += 1;
            if looked == HEADER_WITHIN {
                break;
            }
        }
        let (_, header, body) = best.ok_or_else(FileFault::empty)?;
        let columns = columns(&header)?;
        Ok(Self {
            separator,
            header_line: header.line,
            columns,
            body,
        })
    }

    /// The data rows; blank lines are left out.
    pub fn rows(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        self.body.clone().filter(|record| !record.is_blank())
    }

    /// How many data rows there are.
    ///
    /// Errors: [`FileFault`] when there are none or more than [`MAX_ROWS`].
    pub fn count(&self) -> Result<u32, FileFault> {
        match self.rows().take(MAX_ROWS + 1).count() {
            0 => Err(FileFault::new(
                "no_rows",
                format!(
                    "below the header on line {} there are no rows",
                    self.header_line
                ),
                "export the sheet again with its rows",
            )),
            n if n > MAX_ROWS => Err(FileFault::new(
                "too_many_rows",
                format!("the file has more than {MAX_ROWS} rows"),
                "split the file and import the parts one after the other",
            )),
            n => Ok(u32::try_from(n).unwrap_or(u32::MAX)),
        }
    }

    /// The column at a position (from 0).
    pub fn column(&self, index: usize) -> Option<Column> {
        let header = self.columns.get(index)?.clone();
        Some(Column {
            number: u32::try_from(index + 1).ok()?,
            header,
        })
    }
}

/// Excel's own first line `sep=;`, which names the separator and is no row.
fn declared(text: &str) -> (Option<Separator>, bool) {
    let first = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('\r');
    let name = first.trim_matches('"');
    let sign = name
        .strip_prefix("sep=")
        .or_else(|| name.strip_prefix("SEP="));
    match sign.map(str::as_bytes) {
        Some([byte]) => {
            let found = super::separator::ALL
                .into_iter()
                .find(|s| s.byte() == *byte);
            (found, found.is_some())
        }
        _ => (None, false),
    }
}

fn columns(header: &Record<'_>) -> Result<Vec<String>, FileFault> {
    let line = header.line;
    if header.broken.is_some() {
        return Err(FileFault::new(
            "header_quote",
            format!("the quotes of the header on line {line} do not match"),
            "close every quote on that line",
        ));
    }
    if header.width > MAX_COLUMNS {
        return Err(FileFault::new(
            "too_many_columns",
            format!("the header on line {line} has {} columns", header.width),
            format!("keep at most {MAX_COLUMNS} columns"),
        ));
    }
    let mut columns: Vec<String> = header.cells.iter().map(|c| c.trim().to_owned()).collect();
    for (number, name) in (1..).zip(&columns) {
        let length = name.chars().count();
        if length > MAX_HEADER {
            return Err(FileFault::new(
                "header_too_long",
                format!("the name of column {number} on line {line} has {length} characters"),
                "check that the first line holds the column names and that lines end",
            ));
        }
        if name.contains(|c: char| c == '\u{FFFD}' || (c.is_control() && !c.is_whitespace())) {
            return Err(FileFault::new(
                "header_unreadable",
                format!("the name of column {number} on line {line} has unreadable characters"),
                "save the sheet as \"CSV UTF-8\" and upload it again",
            ));
        }
    }
    while columns.last().is_some_and(String::is_empty) {
        columns.pop();
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_blank_lines_above_the_header_are_no_rows() {
        let text = "Central library\n\nStudents,2026\n Name ,Mobile No,\nRavi,1\n,,\nSita,2\n";
        let sheet = Sheet::open(text).expect("opens");
        assert_eq!((sheet.header_line, sheet.count()), (4, Ok(2)));
        assert_eq!(sheet.columns, ["Name", "Mobile No"]);
        assert_eq!(sheet.rows().map(|r| r.line).collect::<Vec<_>>(), [5, 7]);
    }

    #[test]
    fn a_declared_separator_is_obeyed_and_is_no_row() {
        let sheet = Sheet::open("sep=|\r\nA|B,C\r\n1|2\r\n").expect("opens");
        assert_eq!((sheet.separator, sheet.header_line), (Separator::Pipe, 2));
        assert_eq!(sheet.columns, ["A", "B,C"]);
    }

    #[test]
    fn absurd_headers_are_refused_precisely() {
        let cases = [
            ("x".repeat(10 << 20), "header_too_long"),
            (",".repeat(1_000_000) + "a", "too_many_columns"),
            ("na\0me,phone\nRavi,1\n".to_owned(), "header_unreadable"),
            ("name,\"phone\nRavi,1\n".to_owned(), "header_quote"),
        ];
        for (text, code) in cases {
            assert_eq!(Sheet::open(&text).expect_err("refused").code, code);
        }
        assert_eq!(
            Sheet::open("name,phone\n\n")
                .expect("opens")
                .count()
                .expect_err("")
                .code,
            "no_rows"
        );
    }
}
