//! Reads one line at a time with a bound, and tells CRLF from a bare LF.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Ended by CRLF within the bound.
    Complete(Vec<u8>),
    /// Ended by LF alone. RFC 5321 section 2.3.8 forbids it; taking it for a line end lets one message
    /// smuggle in another.
    BareLf,
    /// Longer than the bound; read to its end and dropped.
    TooLong,
    /// The peer closed the connection.
    Closed,
}

/// Reads up to the next LF; `limit` counts the line's octets including CRLF, as RFC 5321 section
/// 4.5.3.1 does.
pub(crate) async fn read(
    reader: &mut (impl AsyncBufRead + Unpin),
    limit: usize,
) -> io::Result<Line> {
    let mut line = Vec::new();
    let mut total = 0;
    loop {
        let chunk = reader.fill_buf().await?;
        if chunk.is_empty() {
            return Ok(Line::Closed);
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(chunk.len(), |end| end + 1);
        total += taken;
        if total <= limit {
            line.extend_from_slice(&chunk[..taken]);
        }
        reader.consume(taken);
        if end.is_none() {
            continue;
        }
        if total > limit {
            return Ok(Line::TooLong);
        }
        line.pop();
        return Ok(match line.pop() {
            Some(b'\r') => Line::Complete(line),
            _ => Line::BareLf,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bounds_and_line_ends() {
        let mut input: &[u8] = b"ok\r\nbare\n123456789\r\n\r\nrest";
        assert_eq!(
            read(&mut input, 8).await.unwrap(),
            Line::Complete(b"ok".to_vec())
        );
        assert_eq!(read(&mut input, 8).await.unwrap(), Line::BareLf);
        assert_eq!(read(&mut input, 8).await.unwrap(), Line::TooLong);
        assert_eq!(
            read(&mut input, 8).await.unwrap(),
            Line::Complete(Vec::new())
        );
        assert_eq!(read(&mut input, 8).await.unwrap(), Line::Closed);
    }
}
