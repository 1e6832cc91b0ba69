//! A list of passwords that were found in breaches, in the format of Have I Been Pwned: one file sorted by SHA-1, or a
//! folder with one file for each beginning of five digits. It is asked here, so nothing about a password leaves the machine.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use gantry_kernel::crypto;

/// Digits of a SHA-1.
const DIGITS: usize = 40;
/// Digits in the name of a file of a folder.
const PREFIX: usize = 5;
/// A range of a file that is read in one piece. Longer than any two lines.
const PIECE: u32 = 4_096;
/// More than any line has.
const LINE: u32 = 128;

/// Where the list is.
#[derive(Clone, Debug)]
pub enum Breached {
    /// Lines of `SHA1:count`, sorted.
    File(PathBuf),
    /// Files such as `5BAA6.txt`, with lines of the other 35 digits and a count.
    Folder(PathBuf),
}

impl Breached {
    /// Looks whether there is such a list.
    pub fn open(path: &Path) -> Result<Self, String> {
        let said = |error: io::Error| format!("{}: {error}", path.display());
        if std::fs::metadata(path).map_err(said)?.is_dir() {
            let list = Self::Folder(path.to_owned());
            return match list.range("00000") {
                Ok(_) => Ok(list),
                Err(_) => Err(format!(
                    "{} holds no file 00000.txt or 00000",
                    path.display()
                )),
            };
        }
        let mut first = Vec::new();
        let file = File::open(path).map_err(said)?;
        BufReader::new(file.take(u64::from(LINE)))
            .read_until(b'\n', &mut first)
            .map_err(said)?;
        if digits(&first).is_none() {
            return Err(format!(
                "{} does not begin with a line of 40 hexadecimal digits, a colon and a number",
                path.display()
            ));
        }
        Ok(Self::File(path.to_owned()))
    }

    /// Whether a password is on the list. Reads a few kilobytes, whatever the size of the list is.
    pub fn holds(&self, password: &[u8]) -> io::Result<bool> {
        let wanted = hex(&crypto::sha1(password));
        match self {
            Self::File(path) => search(&mut File::open(path)?, wanted.as_bytes()),
            Self::Folder(_) => {
                let (prefix, rest) = wanted.split_at(PREFIX);
                let range = self.range(prefix)?;
                Ok(range.split(|byte| *byte == b'\n').any(|line| {
                    let known = line.get(..rest.len());
                    let same =
                        known.is_some_and(|known| known.eq_ignore_ascii_case(rest.as_bytes()));
                    // Lines that were only added to hide the size of the range count none.
                    same && line.get(rest.len()..).map(<[u8]>::trim_ascii) != Some(b":0".as_slice())
                }))
            }
        }
    }

    fn range(&self, prefix: &str) -> io::Result<Vec<u8>> {
        let (Self::File(folder) | Self::Folder(folder)) = self;
        match std::fs::read(folder.join(format!("{prefix}.txt"))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::read(folder.join(prefix))
            }
            read => read,
        }
    }
}

/// Halves the range in which the line must be until it can be read in one piece.
fn search(list: &mut (impl Read + Seek), wanted: &[u8]) -> io::Result<bool> {
    // A line begins at `from`, and at `to` unless that is the end.
    let (mut from, mut to) = (0, list.seek(SeekFrom::End(0))?);
    while to - from > u64::from(PIECE) {
        let middle = from + (to - from) / 2;
        let piece = piece(list, middle, LINE as usize)?;
        let begin = piece
            .iter()
            .position(|byte| *byte == b'\n')
            .map(|at| at + 1);
        let begin = begin.ok_or_else(unsorted)?;
        let mut line = piece.get(begin..).unwrap_or_default().to_vec();
        if line.len() < DIGITS {
            line = self::piece(list, middle + begin as u64, DIGITS)?;
        }
        let here = digits(&line).ok_or_else(unsorted)?;
        if here.as_slice() <= wanted {
            from = middle + begin as u64;
        } else {
            to = middle + begin as u64;
        }
    }
    let length = usize::try_from(to - from).unwrap_or(usize::MAX);
    let lines = piece(list, from, length)?;
    let found = |line: &[u8]| digits(line).is_some_and(|known| known.as_slice() == wanted);
    Ok(lines.split(|byte| *byte == b'\n').any(found))
}

fn piece(list: &mut (impl Read + Seek), at: u64, length: usize) -> io::Result<Vec<u8>> {
    list.seek(SeekFrom::Start(at))?;
    let mut piece = Vec::with_capacity(length.min(PIECE as usize));
    list.take(length as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

/// The SHA-1 at the beginning of a line, in capitals.
fn digits(line: &[u8]) -> Option<Vec<u8>> {
    let digits = line.get(..DIGITS)?;
    let fits = digits.iter().all(u8::is_ascii_hexdigit);
    fits.then(|| digits.to_ascii_uppercase())
}

fn unsorted() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "not a sorted list of lines that begin with 40 hexadecimal digits",
    )
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(DIGITS);
    for byte in bytes {
        // Writing to a String cannot fail.
        write!(text, "{byte:02X}").ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_known_password_has_its_known_sum() {
        let sum = hex(&crypto::sha1(b"password"));
        assert_eq!(sum, "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
    }

    fn found(list: &[u8], password: &str) -> bool {
        let wanted = hex(&crypto::sha1(password.as_bytes()));
        search(&mut Cursor::new(list), wanted.as_bytes()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_is_listed_is_found_and_nothing_else(
            listed in prop::collection::btree_set("[a-z]{1,12}", 0..500),
            others in prop::collection::btree_set("[a-z]{1,12}", 0..50),
            counts in prop::collection::vec(1_u64..100_000_000, 1..7),
            ending in prop::sample::select(vec!["\n", "\r\n"]),
            last in any::<bool>(),
        ) {
            let sums: BTreeSet<String> =
                listed.iter().map(|password| hex(&crypto::sha1(password.as_bytes()))).collect();
            let lines: Vec<String> = sums
                .iter()
                .zip(counts.iter().cycle())
                .map(|(sum, count)| format!("{sum}:{count}"))
                .collect();
            let mut list = lines.join(ending);
            if last {
                list.push_str(ending);
            }
            for password in &listed {
                prop_assert!(found(list.as_bytes(), password), "{}", password);
            }
            for password in others.difference(&listed) {
                prop_assert!(!found(list.as_bytes(), password), "{}", password);
            }
        }
    }

    #[test]
    fn what_is_no_list_is_an_error_and_no_answer() {
        let wanted = hex(&crypto::sha1(b"x"));
        for list in ["no list\n".repeat(2_000), "y".repeat(10_000)] {
            assert!(search(&mut Cursor::new(list), wanted.as_bytes()).is_err());
        }
    }
}
