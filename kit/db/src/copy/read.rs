//! Reading a copy, believing nothing before it is checked.

use std::io::{ErrorKind, Read};

use gantry_kernel::column::Value;
use gantry_kernel::crypto::{Sha256, hex};
use serde::de::DeserializeOwned;

use super::CopyError;
use super::format::{
    END, FOOTER, FORMAT, Footer, HEADER, Header, LARGEST, MAGIC, ROW, Summary, TABLE, Table,
    TableSum, content_of, decode, precedes,
};

/// What comes next in a copy.
pub(super) enum Event {
    Table(Table),
    Row(Vec<Value>),
    /// The table that was open is complete and its hash is right.
    End,
    /// The copy is complete and its hashes are right.
    Over(Summary),
}

/// A copy being read.
pub(super) struct Reader<R> {
    from: R,
    whole: Sha256,
    bytes: u64,
    header: Header,
    tables: Vec<TableSum>,
    open: Option<Open>,
}

struct Open {
    table: Table,
    sum: Sha256,
    rows: u64,
    last: Option<Vec<Value>>,
}

/// Reads a whole copy and checks everything that can be checked without a database: its structure, its
/// rows, the order of their keys, all hashes, and that nothing follows.
pub fn verify(from: impl Read) -> Result<Summary, CopyError> {
    let mut reader = Reader::new(from)?;
    loop {
        if let Event::Over(summary) = reader.next()? {
            return Ok(summary);
        }
    }
}

impl<R: Read> Reader<R> {
    pub(super) fn new(from: R) -> Result<Self, CopyError> {
        let mut reader = Self {
            from,
            whole: Sha256::new(),
            bytes: 0,
            header: Header::new(
                super::Subject::Control,
                gantry_kernel::Timestamp::from_micros(0),
                Vec::new(),
            ),
            tables: Vec::new(),
            open: None,
        };
        let mut magic = [0; MAGIC.len()];
        match reader.fill(&mut magic) {
            Ok(()) if magic == *MAGIC => {}
            Ok(()) | Err(CopyError::Damaged { .. }) => return Err(CopyError::NotACopy),
            Err(error) => return Err(error),
        }
        let (kind, payload) = reader.frame()?;
        if kind != HEADER {
            return Err(reader.damaged("the header is missing"));
        }
        // A later format may have other members, so its number is read alone first.
        let Format { format } = reader.json(&payload)?;
        if format != FORMAT {
            return Err(CopyError::Format(format));
        }
        reader.header = reader.json(&payload)?;
        Ok(reader)
    }

    pub(super) const fn header(&self) -> &Header {
        &self.header
    }

    /// Whether a table has begun and not ended.
    pub(super) const fn in_table(&self) -> bool {
        self.open.is_some()
    }

    pub(super) fn next(&mut self) -> Result<Event, CopyError> {
        let (kind, payload) = self.frame()?;
        match (kind, self.open.take()) {
            (TABLE, None) => self.begin(&payload),
            (ROW, Some(open)) => self.row(open, &payload),
            (END, Some(open)) => self.end(open, &payload),
            (FOOTER, None) => self.over(&payload),
            (TABLE | FOOTER, Some(open)) => {
                Err(self.damaged(format!("table {} has no end", open.table.name)))
            }
            (ROW | END, None) => Err(self.damaged("a row outside of any table")),
            (HEADER, _) => Err(self.damaged("a second header")),
            (other, _) => Err(self.damaged(format!("a frame of unknown kind {other}"))),
        }
    }

    fn begin(&mut self, payload: &[u8]) -> Result<Event, CopyError> {
        let table: Table = self.json(payload)?;
        let sound = !table.key.is_empty()
            && table.key.iter().all(|at| *at < table.columns.len())
            && self.tables.iter().all(|known| known.name < table.name);
        if !sound {
            return Err(self.damaged(format!("table {} is described wrongly", table.name)));
        }
        let mut sum = Sha256::new();
        sum.update(payload);
        self.open = Some(Open {
            table: table.clone(),
            sum,
            rows: 0,
            last: None,
        });
        Ok(Event::Table(table))
    }

    fn row(&mut self, mut open: Open, payload: &[u8]) -> Result<Event, CopyError> {
        let values = decode(&open.table.columns, payload)
            .map_err(|why| self.damaged(format!("table {}: {why}", open.table.name)))?;
        let ordered = open
            .last
            .as_ref()
            .is_none_or(|last| precedes(&open.table.key, last, &values));
        if !ordered {
            return Err(self.damaged(format!(
                "table {}: the rows are not in the order of their keys",
                open.table.name
            )));
        }
        // A frame's length fits four bytes, because it was read from four.
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        open.sum.update(&length.to_be_bytes());
        open.sum.update(payload);
        open.rows += 1;
        open.last = Some(key_of(&open.table, &values));
        self.open = Some(open);
        Ok(Event::Row(values))
    }

    fn end(&mut self, open: Open, payload: &[u8]) -> Result<Event, CopyError> {
        let said: TableSum = self.json(payload)?;
        let found = TableSum {
            name: open.table.name,
            rows: open.rows,
            sha256: hex(&open.sum.finish()),
        };
        if said != found {
            return Err(self.damaged(format!(
                "table {}: {} rows or their hash are not what the copy says",
                found.name, found.rows
            )));
        }
        self.tables.push(found);
        Ok(Event::End)
    }

    fn over(&mut self, payload: &[u8]) -> Result<Event, CopyError> {
        let said: Footer = self.json(payload)?;
        let content = content_of(&self.tables);
        if said.tables != self.tables || said.content != content {
            return Err(self.damaged("the tables are not those the footer lists"));
        }
        let wanted = self.whole.clone().finish();
        let mut digest = [0; 32];
        self.fill(&mut digest)?;
        if digest != wanted {
            return Err(self.damaged("the hash of the whole is wrong"));
        }
        let mut more = Vec::new();
        let rest = (&mut self.from).take(1).read_to_end(&mut more);
        if rest.map_err(CopyError::Read)? != 0 {
            return Err(self.damaged("something follows the end"));
        }
        Ok(Event::Over(Summary {
            header: self.header.clone(),
            tables: std::mem::take(&mut self.tables),
            content,
            bytes: self.bytes,
        }))
    }

    fn frame(&mut self) -> Result<(u8, Vec<u8>), CopyError> {
        let mut head = [0; 5];
        self.fill(&mut head)?;
        let [kind, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        if length > LARGEST {
            return Err(self.damaged("a frame beyond 1 GB"));
        }
        // Taken as it comes: a length that was tampered with must not reserve memory.
        let mut payload = Vec::new();
        let read = (&mut self.from)
            .take(u64::from(length))
            .read_to_end(&mut payload)
            .map_err(CopyError::Read)?;
        self.whole.update(&payload);
        self.bytes += read as u64;
        if read < length as usize {
            return Err(self.damaged("it ends in the middle"));
        }
        Ok((kind, payload))
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), CopyError> {
        match self.from.read_exact(buffer) {
            Ok(()) => {
                self.whole.update(buffer);
                self.bytes += buffer.len() as u64;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Err(self.damaged("it ends in the middle"))
            }
            Err(error) => Err(CopyError::Read(error)),
        }
    }

    fn json<T: DeserializeOwned>(&self, payload: &[u8]) -> Result<T, CopyError> {
        serde_json::from_slice(payload).map_err(|error| self.damaged(error.to_string()))
    }

    fn damaged(&self, detail: impl Into<String>) -> CopyError {
        CopyError::Damaged {
            at: self.bytes,
            detail: detail.into(),
        }
    }
}

/// The version, whatever else a header has.
#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}

/// The row with its key only, at the places where the key's columns are.
fn key_of(table: &Table, values: &[Value]) -> Vec<Value> {
    let kept = values.iter().enumerate().map(|(at, value)| {
        if table.key.contains(&at) {
            value.clone()
        } else {
            Value::Null
        }
    });
    kept.collect()
}
