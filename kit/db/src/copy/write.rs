//! Writing a copy frame by frame.

use std::io::Write;

use gantry_kernel::column::ValueRef;
use gantry_kernel::crypto::{Sha256, hex};

use super::CopyError;
use super::format::{
    END, FOOTER, Footer, HEADER, Header, LARGEST, MAGIC, ROW, Summary, TABLE, Table, TableSum,
    content_of, encode,
};

/// A copy being written. What is dropped before [`Writer::finish`] has no footer and is refused by
/// every reader.
pub(super) struct Writer<W> {
    out: W,
    whole: Sha256,
    bytes: u64,
    header: Header,
    tables: Vec<TableSum>,
    row: Vec<u8>,
}

/// The table being written.
pub(super) struct Open<'a> {
    table: &'a Table,
    sum: Sha256,
    rows: u64,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W, header: Header) -> Result<Self, CopyError> {
        let text = json(&header)?;
        let mut writer = Self {
            out,
            whole: Sha256::new(),
            bytes: 0,
            header,
            tables: Vec::new(),
            row: Vec::new(),
        };
        writer.put(MAGIC)?;
        writer.frame(HEADER, &text)?;
        Ok(writer)
    }

    pub(super) fn open<'a>(&mut self, table: &'a Table) -> Result<Open<'a>, CopyError> {
        let text = json(table)?;
        self.frame(TABLE, &text)?;
        let mut sum = Sha256::new();
        sum.update(&text);
        Ok(Open {
            table,
            sum,
            rows: 0,
        })
    }

    /// A row; `cell` gives its values in the order of the table's columns.
    pub(super) fn row<'v>(
        &mut self,
        open: &mut Open<'_>,
        mut cell: impl FnMut(usize) -> Result<ValueRef<'v>, String>,
    ) -> Result<(), CopyError> {
        let mut row = std::mem::take(&mut self.row);
        row.clear();
        for (at, column) in open.table.columns.iter().enumerate() {
            cell(at)
                .and_then(|value| encode(column.kind, value, &mut row))
                .map_err(|why| {
                    CopyError::unfit(format!("{}.{}: {why}", open.table.name, column.name))
                })?;
        }
        open.sum.update(&length(&row)?.to_be_bytes());
        open.sum.update(&row);
        open.rows += 1;
        self.frame(ROW, &row)?;
        self.row = row;
        Ok(())
    }

    pub(super) fn close(&mut self, open: Open<'_>) -> Result<(), CopyError> {
        let sum = TableSum {
            name: open.table.name.clone(),
            rows: open.rows,
            sha256: hex(&open.sum.finish()),
        };
        let text = json(&sum)?;
        self.tables.push(sum);
        self.frame(END, &text)
    }

    /// Ends the copy; the caller makes the output durable.
    pub(super) fn finish(mut self) -> Result<(W, Summary), CopyError> {
        let content = content_of(&self.tables);
        let footer = json(&Footer {
            tables: self.tables.clone(),
            content: content.clone(),
        })?;
        self.frame(FOOTER, &footer)?;
        let digest = self.whole.clone().finish();
        self.put(&digest)?;
        self.out.flush().map_err(CopyError::Write)?;
        let summary = Summary {
            header: self.header,
            tables: self.tables,
            content,
            bytes: self.bytes,
        };
        Ok((self.out, summary))
    }

    /// Written so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    fn frame(&mut self, kind: u8, payload: &[u8]) -> Result<(), CopyError> {
        let length = length(payload)?.to_be_bytes();
        self.put(&[kind, length[0], length[1], length[2], length[3]])?;
        self.put(payload)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), CopyError> {
        self.whole.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes).map_err(CopyError::Write)
    }
}

fn length(payload: &[u8]) -> Result<u32, CopyError> {
    u32::try_from(payload.len())
        .ok()
        .filter(|length| *length <= LARGEST)
        .ok_or_else(|| CopyError::unfit("a row beyond 1 GB"))
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, CopyError> {
    serde_json::to_vec(value).map_err(|error| CopyError::Write(error.into()))
}
