//! Bytes to text. Spreadsheets write UTF-8 with and without a byte order mark, UTF-16 ("Unicode text")
//! and, most often in Europe and India, Windows-1252; none of them says so in the file.

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::FileFault;

/// How the bytes of a file were read as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8 without a byte order mark.
    Utf8,
    /// UTF-8 that starts with a byte order mark.
    Utf8Bom,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Windows code page 1252, the fallback for what is not valid UTF-8.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl Encoding {
    /// The stable text of the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf8",
            Self::Utf8Bom => "utf8-bom",
            Self::Utf16Le => "utf16-le",
            Self::Utf16Be => "utf16-be",
            Self::Windows1252 => "windows-1252",
        }
    }
}

/// Text and how it was found.
#[derive(Debug)]
pub struct Decoded {
    /// The content without a byte order mark. Bytes that mean nothing became U+FFFD, which the rows that
    /// contain it are refused for.
    pub text: String,
    /// The encoding that was recognised.
    pub encoding: Encoding,
}

/// Formats that people upload under the name of CSV, by their first bytes.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "an Excel or OpenDocument workbook"),
    (b"\xD0\xCF\x11\xE0", "an old Excel workbook"),
    (b"\x1F\x8B", "a compressed file"),
    (b"%PDF", "a PDF document"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"<table", "a web page"),
    (b"<?xml", "an XML document"),
    (b"{\\rtf", "a rich text document"),
];

/// Decodes a whole file.
///
/// Errors: [`FileFault`] when the file is empty or recognisably not text.
pub fn decode(bytes: &[u8]) -> Result<Decoded, FileFault> {
    if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(FileFault::not_csv(what));
    }
    let decoded = decode_any(bytes);
    if decoded.text.trim().is_empty() {
        return Err(FileFault::empty());
    }
    Ok(decoded)
}

fn decode_any(bytes: &[u8]) -> Decoded {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        let text = String::from_utf8_lossy(rest).into_owned();
        return Decoded {
            text,
            encoding: Encoding::Utf8Bom,
        };
    }
    let utf16 = match bytes {
        [0xFF, 0xFE, ..] => Some((Encoding::Utf16Le, 2)),
        [0xFE, 0xFF, ..] => Some((Encoding::Utf16Be, 2)),
        _ => utf16_without_mark(bytes).map(|encoding| (encoding, 0)),
    };
    if let Some((encoding, mark)) = utf16 {
        let codec = if encoding == Encoding::Utf16Le {
            UTF_16LE
        } else {
            UTF_16BE
        };
        let (text, _) = codec.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
        return Decoded {
            text: text.into_owned(),
            encoding,
        };
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded {
            text: text.to_owned(),
            encoding: Encoding::Utf8,
        },
        Err(_) if is_damaged_utf8(bytes) => Decoded {
            text: String::from_utf8_lossy(bytes).into_owned(),
            encoding: Encoding::Utf8,
        },
        Err(_) => {
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
            Decoded {
                text: text.into_owned(),
                encoding: Encoding::Windows1252,
            }
        }
    }
}

/// UTF-16 without its mark shows in the header, which is nearly always plain Latin: read in the right byte
/// order its units are below 0x100, read as anything else they are not.
fn utf16_without_mark(bytes: &[u8]) -> Option<Encoding> {
    let sample = bytes.get(..bytes.len().min(128) & !1)?;
    if sample.is_empty() {
        return None;
    }
    let pairs = sample.len() / 2;
    let plain = |low: usize| {
        let first_line = sample
            .chunks_exact(2)
            .map(|pair| (pair.get(low).copied(), pair.get(1 - low).copied()))
            .take_while(|unit| *unit != (Some(b'\n'), Some(0)))
            .collect::<Vec<_>>();
        let latin = first_line
            .iter()
            .filter(|(low, high)| *high == Some(0) && *low != Some(0))
            .count();
        latin > 0 && latin * 2 >= first_line.len() && latin * 8 >= pairs.min(8)
    };
    match (plain(0), plain(1)) {
        (true, false) => Some(Encoding::Utf16Le),
        (false, true) => Some(Encoding::Utf16Be),
        _ => None,
    }
}

/// Whether invalid bytes stand in what is otherwise UTF-8. Real Windows-1252 text contains next to no
/// sequences that happen to be valid multi-byte UTF-8; reading such a file as Windows-1252 would turn every
/// accented name into two wrong letters without a word.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let mut valid = 0usize;
    let mut invalid = 0usize;
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    valid > 0 && valid >= invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    }

    #[test]
    fn every_encoding_is_recognised_and_read() {
        let text = "Name,Phone\r\nRenée Müller,98765 43210\r\n";
        let (cp1252, _, _) = WINDOWS_1252.encode(text);
        let cases: [(Vec<u8>, Encoding); 7] = [
            (text.as_bytes().to_vec(), Encoding::Utf8),
            (
                [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
                Encoding::Utf8Bom,
            ),
            (
                [b"\xFF\xFE".to_vec(), utf16(text, false)].concat(),
                Encoding::Utf16Le,
            ),
            (
                [b"\xFE\xFF".to_vec(), utf16(text, true)].concat(),
                Encoding::Utf16Be,
            ),
            (utf16(text, false), Encoding::Utf16Le),
            (utf16(text, true), Encoding::Utf16Be),
            (cp1252.into_owned(), Encoding::Windows1252),
        ];
        for (bytes, expected) in cases {
            let decoded = decode(&bytes).expect("decodes");
            assert_eq!(decoded.encoding, expected);
            assert_eq!(decoded.text, text);
        }
    }

    #[test]
    fn one_broken_byte_in_utf8_does_not_turn_the_file_into_windows_1252() {
        let mut bytes = "name\nश्री राम\nरेणु\nA".as_bytes().to_vec();
        bytes.push(0xE9);
        let decoded = decode(&bytes).expect("decodes");
        assert_eq!(decoded.encoding, Encoding::Utf8);
        assert!(decoded.text.ends_with("A\u{FFFD}"));
        assert!(decoded.text.contains("श्री राम"));
    }

    #[test]
    fn a_half_unit_and_lone_surrogates_become_replacement_characters() {
        let mut bytes = [b"\xFF\xFE".to_vec(), utf16("a\nb", false)].concat();
        bytes.push(0x41);
        assert!(decode(&bytes).expect("decodes").text.ends_with('\u{FFFD}'));
        let lone = [0xFF, 0xFE, 0x41, 0x00, 0x00, 0xD8, 0x42, 0x00];
        assert_eq!(decode(&lone).expect("decodes").text, "A\u{FFFD}B");
    }

    #[test]
    fn what_is_not_a_text_file_is_named() {
        for bytes in [
            &b"PK\x03\x04...."[..],
            b"%PDF-1.7",
            b"\xD0\xCF\x11\xE0",
            b"<html>",
        ] {
            assert_eq!(decode(bytes).expect_err("refused").code, "not_csv");
        }
        for bytes in [&b""[..], b"\xEF\xBB\xBF", b"\xFF\xFE", b" \r\n\t "] {
            assert_eq!(decode(bytes).expect_err("refused").code, "empty_file");
        }
    }
}
