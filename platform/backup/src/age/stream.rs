//! The data: pieces of 64 KiB, each sealed under its number and whether it is the last, so that none
//! can be changed, moved, doubled or left off.

use std::io::{self, Read, Write};

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use zeroize::Zeroize;

use super::AgeError;
use super::header::cipher;

const PIECE: usize = 64 << 10;
const TAG: usize = 16;

fn nonce(counter: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&counter.to_be_bytes());
    nonce[11] = u8::from(last);
    Nonce::assume_unique_for_key(nonce)
}

fn damaged(detail: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, AgeError::Damaged(detail))
}

/// Seals what is written to it. Without [`Sealing::finish`] there is no last piece, and nobody takes
/// the data for whole.
pub(crate) struct Sealing<W> {
    out: W,
    key: LessSafeKey,
    counter: u64,
    piece: Vec<u8>,
}

impl<W: Write> Sealing<W> {
    pub(super) fn new(out: W, key: &[u8; 32]) -> Result<Self, AgeError> {
        Ok(Self {
            out,
            key: cipher(key)?,
            counter: 0,
            piece: Vec::with_capacity(PIECE + TAG),
        })
    }

    fn put(&mut self, last: bool) -> io::Result<()> {
        self.key
            .seal_in_place_append_tag(nonce(self.counter, last), Aad::empty(), &mut self.piece)
            .map_err(|_| io::Error::other("the cryptography library refused to seal"))?;
        self.out.write_all(&self.piece)?;
        self.piece.clear();
        self.counter += 1;
        Ok(())
    }

    /// Writes the last piece.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.put(true)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        // A full piece is written only when more comes: the last one is sealed otherwise.
        if self.piece.len() == PIECE && !data.is_empty() {
            self.put(false)?;
        }
        let taken = data.len().min(PIECE - self.piece.len());
        self.piece
            .extend_from_slice(data.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Opens what is read from it. Nothing of a piece is given out before the piece is found to be whole.
pub(crate) struct Opening<R> {
    from: R,
    key: LessSafeKey,
    counter: u64,
    piece: Vec<u8>,
    given: usize,
    last: bool,
}

impl<R: Read> Opening<R> {
    pub(super) fn new(from: R, key: &[u8; 32]) -> Result<Self, AgeError> {
        Ok(Self {
            from,
            key: cipher(key)?,
            counter: 0,
            piece: Vec::new(),
            given: 0,
            last: false,
        })
    }

    fn next(&mut self) -> io::Result<()> {
        let mut sealed = Vec::with_capacity(PIECE + TAG);
        let full = (PIECE + TAG) as u64;
        (&mut self.from).take(full).read_to_end(&mut sealed)?;
        if sealed.len() < TAG {
            return Err(damaged("it ends in the middle"));
        }
        // A shorter piece is the last one; a full one may be.
        let mut attempt = sealed.clone();
        let whole = sealed.len() == PIECE + TAG;
        let opened = if whole {
            self.key
                .open_in_place(nonce(self.counter, false), Aad::empty(), &mut attempt)
                .map(|data| data.len())
                .ok()
        } else {
            None
        };
        let length = if let Some(length) = opened {
            length
        } else {
            attempt.clone_from(&sealed);
            let length = self
                .key
                .open_in_place(nonce(self.counter, true), Aad::empty(), &mut attempt)
                .map(|data| data.len())
                .map_err(|_| damaged("a piece was changed or is missing"))?;
            self.end(length)?;
            length
        };
        attempt.truncate(length);
        self.piece.zeroize();
        self.piece = attempt;
        self.given = 0;
        self.counter += 1;
        Ok(())
    }

    fn end(&mut self, length: usize) -> io::Result<()> {
        self.last = true;
        if length == 0 && self.counter > 0 {
            return Err(damaged("its last piece is empty"));
        }
        let mut more = Vec::new();
        if (&mut self.from).take(1).read_to_end(&mut more)? > 0 {
            return Err(damaged("something follows its end"));
        }
        Ok(())
    }
}

impl<R: Read> Read for Opening<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.piece.len() {
            if self.last {
                return Ok(0);
            }
            self.next()?;
        }
        let rest = self.piece.get(self.given..).unwrap_or_default();
        let count = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}
