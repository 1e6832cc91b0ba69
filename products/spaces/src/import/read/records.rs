//! Cells and physical lines (RFC 4180, read as tolerantly as spreadsheets do where nothing is lost by it).
//!
//! Own rather than a crate's reader, for what an import must say and a general reader does not: the line a
//! record starts on, and where a quote was left open. An open quote would swallow the rest of the file;
//! here it costs the line it stands on, and reading goes on with the next.

use std::borrow::Cow;

use super::separator::Separator;

/// Most lines that one quoted cell may span before its quote counts as left open.
const MAX_QUOTED_LINES: u32 = 50;
/// Longest quoted cell in bytes before its quote counts as left open.
const MAX_QUOTED_BYTES: usize = 64 * 1024;
/// Most cells kept of one record; the rest is only counted.
pub const MAX_COLUMNS: usize = 200;

/// The cells of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// Physical line it starts on; the first line is 1.
    pub line: u32,
    /// Its cells, without the quotes around them, at most [`MAX_COLUMNS`].
    pub cells: Vec<Cow<'a, str>>,
    /// How many cells there really are.
    pub width: usize,
    /// Why the line could not be split into cells; `cells` then holds the line itself.
    pub broken: Option<Broken>,
}

/// Why a line could not be split into cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// A quote opens a cell and nothing closes it.
    QuoteUnclosed,
    /// Text follows a closing quote.
    QuoteMisplaced,
}

impl Record<'_> {
    /// Whether every cell is empty or white space.
    pub fn is_blank(&self) -> bool {
        let all_kept = self.width == self.cells.len();
        self.broken.is_none() && all_kept && self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// Splits text into records. Lines end with LF, CRLF or CR.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    separator: u8,
}

impl<'a> Records<'a> {
    /// Reads `text` from its beginning.
    pub fn new(text: &'a str, separator: Separator) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            separator: separator.byte(),
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The position after the line end that starts at `at`, if one does.
    fn line_end(&self, at: usize) -> Option<usize> {
        match (self.byte(at)?, self.byte(at + 1)) {
            (b'\r', Some(b'\n')) => Some(at + 2),
            (b'\r' | b'\n', _) => Some(at + 1),
            _ => None,
        }
    }

    /// Gives up on splitting: the record is the physical line, and reading goes on after it.
    fn broken(&mut self, start: usize, line: u32, why: Broken) -> Record<'a> {
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|b| matches!(b, b'\n' | b'\r'))
            .unwrap_or(rest.len());
        let end = start + length;
        self.at = self.line_end(end).unwrap_or(end);
        self.line = line + 1;
        let cells = vec![Cow::Borrowed(self.slice(start, end))];
        Record {
            line,
            cells,
            width: 1,
            broken: Some(why),
        }
    }

    /// The quoted cell whose opening quote stands at `at`: its text, the position after its closing quote,
    /// and the lines it spans.
    fn quoted(&self, at: usize) -> Result<(Cow<'a, str>, usize, u32), Broken> {
        let from = at + 1;
        let mut text: Option<String> = None;
        let mut piece = from;
        let mut lines = 0;
        let mut here = from;
        loop {
            match self.byte(here) {
                Some(b'"') if self.byte(here + 1) == Some(b'"') => {
                    text.get_or_insert_default()
                        .push_str(self.slice(piece, here + 1));
                    here += 2;
                    piece = here;
                }
                Some(b'"') => {
                    let last = self.slice(piece, here);
                    let text = match text {
                        Some(mut text) => {
                            text.push_str(last);
                            Cow::Owned(text)
                        }
                        None => Cow::Borrowed(last),
                    };
                    return Ok((text, here + 1, lines));
                }
                Some(_) => match self.line_end(here) {
                    Some(next) => {
                        lines += 1;
                        here = next;
                    }
                    None => here += 1,
                },
                None => return Err(Broken::QuoteUnclosed),
            }
            if lines > MAX_QUOTED_LINES || here - from > MAX_QUOTED_BYTES {
                return Err(Broken::QuoteUnclosed);
            }
        }
    }

    /// Whether a cell that starts at `at` is quoted, and where its quote is: spaces before the quote are
    /// tolerated, as people who type CSV by hand put them there.
    fn opening_quote(&self, at: usize) -> Option<usize> {
        let mut here = at;
        while self.byte(here) == Some(b' ') {
            here += 1;
        }
        (self.byte(here) == Some(b'"')).then_some(here)
    }

    fn unquoted(&self, at: usize) -> (&'a str, usize) {
        let mut here = at;
        while let Some(byte) = self.byte(here) {
            if byte == self.separator || matches!(byte, b'\n' | b'\r') {
                break;
            }
            here += 1;
        }
        (self.slice(at, here), here)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        if self.at >= self.text.len() {
            return None;
        }
        let (start, line) = (self.at, self.line);
        let mut cells = Vec::new();
        let mut width = 0;
        let mut spanned = 0;
        loop {
            let (cell, mut end) = if let Some(quote) = self.opening_quote(self.at) {
                match self.quoted(quote) {
                    Ok((cell, end, lines)) => {
                        spanned += lines;
                        (cell, end)
                    }
                    Err(why) => return Some(self.broken(start, line, why)),
                }
            } else {
                let (cell, end) = self.unquoted(self.at);
                (Cow::Borrowed(cell), end)
            };
            while self.byte(end) == Some(b' ') {
                end += 1;
            }
            width += 1;
            if width <= MAX_COLUMNS {
                cells.push(cell);
            }
            match self.byte(end) {
                Some(byte) if byte == self.separator => self.at = end + 1,
                Some(_) => {
                    let Some(next) = self.line_end(end) else {
                        // A quoted cell that spans lines and is followed by text is a quote left open
                        // on the first line, closed by the opening quote of a later one.
                        let why = match spanned {
                            0 => Broken::QuoteMisplaced,
                            _ => Broken::QuoteUnclosed,
                        };
                        return Some(self.broken(start, line, why));
                    };
                    self.at = next;
                    break;
                }
                None => {
                    self.at = end;
                    break;
                }
            }
        }
        self.line = line + spanned + 1;
        Some(Record {
            line,
            cells,
            width,
            broken: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u32, Vec<String>)> {
        Records::new(text, Separator::Comma)
            .map(|r| (r.line, r.cells.iter().map(ToString::to_string).collect()))
            .collect()
    }

    fn row(line: u32, cells: &[&str]) -> (u32, Vec<String>) {
        (line, cells.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn lines_are_physical_whatever_ends_them() {
        let text = "a,b\r\n\"x\r\ny\",\"1 \"\"q\"\"\"\n\nlast\rcr,\n";
        assert_eq!(
            read(text),
            [
                row(1, &["a", "b"]),
                row(2, &["x\r\ny", "1 \"q\""]),
                row(4, &[""]),
                row(5, &["last"]),
                row(6, &["cr", ""]),
            ]
        );
    }

    #[test]
    fn a_quote_inside_a_cell_is_a_character() {
        assert_eq!(
            read("6\" ruler,Ravi \"Raju\" K"),
            [row(1, &["6\" ruler", "Ravi \"Raju\" K"])]
        );
        assert_eq!(read("a, \"b,c\" ,d"), [row(1, &["a", "b,c", "d"])]);
    }

    #[test]
    fn an_open_quote_costs_its_own_line_only() {
        let text = "a,\"Ravi,1\nb,\"Sita\",2\nc,d,3\n";
        let records: Vec<_> = Records::new(text, Separator::Comma).collect();
        assert_eq!(records.len(), 3);
        assert_eq!(records[0].broken, Some(Broken::QuoteUnclosed));
        assert_eq!(records[1].cells, ["b", "Sita", "2"]);
        assert_eq!((records[2].line, records[2].broken), (3, None));

        let text = "a,\"Ravi\nb,c\n";
        let records: Vec<_> = Records::new(text, Separator::Comma).collect();
        assert_eq!(records[0].broken, Some(Broken::QuoteUnclosed));
        assert_eq!(records[1].cells, ["b", "c"]);

        let text = "\"Ravi\" Kumar,1\nb,2";
        let records: Vec<_> = Records::new(text, Separator::Comma).collect();
        assert_eq!(records[0].broken, Some(Broken::QuoteMisplaced));
        assert_eq!(records[1].cells, ["b", "2"]);
    }

    #[test]
    fn a_line_of_a_million_cells_is_counted_and_not_kept() {
        let text = ",".repeat(1_000_000);
        let records: Vec<_> = Records::new(&text, Separator::Comma).collect();
        assert_eq!(
            (records[0].width, records[0].cells.len()),
            (1_000_001, MAX_COLUMNS)
        );
    }
}
