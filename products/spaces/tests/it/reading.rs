//! Any table written in any encoding and with any separator reads back equal.

use encoding_rs::WINDOWS_1252;
use gantry_spaces::import::read::separator::ALL;
use gantry_spaces::import::read::{Encoding, Separator, Sheet, decode};
use proptest::prelude::*;

const HEADER: [&str; 3] = ["Name", "Mobile No", "Remarks"];

fn write(rows: &[Vec<String>], separator: Separator, crlf: bool) -> String {
    let terminator = if crlf {
        csv::Terminator::CRLF
    } else {
        csv::Terminator::Any(b'\n')
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(separator.byte())
        .terminator(terminator)
        .from_writer(Vec::new());
    writer.write_record(HEADER).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn encode(text: &str, encoding: Encoding, mark: bool) -> Vec<u8> {
    let units = |big: bool| {
        let marked = if mark {
            format!("\u{FEFF}{text}")
        } else {
            text.to_owned()
        };
        marked
            .encode_utf16()
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf8Bom => format!("\u{FEFF}{text}").into_bytes(),
        Encoding::Utf16Le => units(false),
        Encoding::Utf16Be => units(true),
        Encoding::Windows1252 => WINDOWS_1252.encode(text).0.into_owned(),
    }
}

/// Cells without a first letter that would make a row blank or a file of another kind.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 ,;|\t\"'\n]{0,12}",
        "[a-zéüñÀ-ÿ€]{1,8}",
        "[अ-हा-ी]{1,6}",
        "\\PC{0,10}",
    ]
}

fn rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    let row = (cell(), cell(), cell()).prop_map(|(a, b, c)| vec![format!("x{a}"), b, c]);
    prop::collection::vec(row, 1..12)
}

fn read_back(text: &str) -> Vec<Vec<String>> {
    let sheet = Sheet::open(text).unwrap();
    assert_eq!(sheet.columns, HEADER);
    sheet
        .rows()
        .map(|row| row.cells.iter().map(ToString::to_string).collect())
        .collect()
}

proptest! {
    #[test]
    fn a_table_reads_back_equal(
        rows in rows(),
        separator in prop::sample::select(&ALL[..]),
        encoding in prop::sample::select(&[
            Encoding::Utf8, Encoding::Utf8Bom, Encoding::Utf16Le, Encoding::Utf16Be,
        ][..]),
        mark in any::<bool>(),
        crlf in any::<bool>(),
    ) {
        let text = write(&rows, separator, crlf);
        let decoded = decode(&encode(&text, encoding, mark)).unwrap();
        prop_assert_eq!(decoded.encoding, encoding);
        prop_assert_eq!(&decoded.text, &text);
        let sheet = Sheet::open(&decoded.text).unwrap();
        prop_assert_eq!(sheet.separator, separator);
        prop_assert_eq!(read_back(&decoded.text), rows);
    }

    #[test]
    fn a_table_in_windows_1252_reads_back_equal(
        names in prop::collection::vec("[a-zéüñß]{0,6}é[a-z ]{0,3}", 1..10),
        separator in prop::sample::select(&ALL[..]),
    ) {
        let rows: Vec<_> = names.into_iter().map(|name| vec![name, String::new(), String::new()]).collect();
        let text = write(&rows, separator, true);
        let decoded = decode(&encode(&text, Encoding::Windows1252, false)).unwrap();
        prop_assert_eq!(decoded.encoding, Encoding::Windows1252);
        prop_assert_eq!(read_back(&decoded.text), rows);
    }

    #[test]
    fn no_bytes_make_the_reader_panic_or_lose_a_line(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(decoded) = decode(&bytes)
            && let Ok(sheet) = Sheet::open(&decoded.text)
        {
            let mut last = sheet.header_line;
            for row in sheet.rows() {
                prop_assert!(row.line > last || last == sheet.header_line);
                last = row.line;
            }
        }
    }
}
