//! Documents. A PDF cannot be made anew as a picture can, so it is looked into: whether it is one from its first byte to its last, and whether it
//! holds what runs, opens or sends something. Readers find objects by their offset, also inside of what passes for a stream, so all of the file
//! is searched and not only what a well-meant one would use.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::Fault;

/// The most that is unpacked of one document.
const MOST_UNPACKED: u64 = 128 << 20;
/// How far from the end the place of the table of objects is named.
const TAIL: usize = 1_024;
/// The longest name that is compared.
const LONGEST_NAME: usize = 32;
/// What no document here may hold, by the names PDF gives it (ISO 32000): programs, commands, other files, forms that are sent, a second document in
/// XML, and encryption, under which none of it could be seen.
const REFUSED: [&[u8]; 10] = [
    b"JavaScript",
    b"Launch",
    b"EmbeddedFile",
    b"EmbeddedFiles",
    b"RichMedia",
    b"SubmitForm",
    b"ImportData",
    b"GoToE",
    b"XFA",
    b"Encrypt",
];

/// Looks into a document, unpacking what is packed.
pub(crate) fn look_into(file: &[u8]) -> Result<(), Fault> {
    structure(file)?;
    names(file)?;
    let mut budget = MOST_UNPACKED;
    let (mut from, mut end) = (0, 0);
    // Also what begins inside of another stream is looked at, as a reader may be led there.
    while let Some(at) = find(file, from, b"stream") {
        let before = file.get(from..at).unwrap_or_default();
        from = at + b"stream".len();
        if before.ends_with(b"end") {
            continue;
        }
        if end < from {
            end = find(file, from, b"endstream").unwrap_or(file.len());
        }
        let data = file.get(from..end).unwrap_or_default();
        let data = data.strip_prefix(b"\r").unwrap_or(data);
        let data = data.strip_prefix(b"\n").unwrap_or(data);
        unpack(dictionary(before), data, &mut budget)?;
    }
    Ok(())
}

/// The beginning at the first byte, the end at the last, and a table of objects where the end says it is.
fn structure(file: &[u8]) -> Result<(), Fault> {
    let broken = |why: &str| Err(Fault::Damaged(why.to_owned()));
    if !(file.starts_with(b"%PDF-1.") || file.starts_with(b"%PDF-2.")) {
        return broken("it does not begin as a document");
    }
    let file = file.trim_ascii_end();
    if !file.ends_with(b"%%EOF") {
        return broken("it breaks off, or something follows its end");
    }
    let tail = file
        .get(file.len().saturating_sub(TAIL)..)
        .unwrap_or_default();
    let Some(at) = tail.windows(9).rposition(|word| word == b"startxref") else {
        return broken("it does not say where its objects are");
    };
    let digits = tail.get(at + 9..).unwrap_or_default().trim_ascii_start();
    let digits: Vec<u8> = digits
        .iter()
        .copied()
        .take_while(u8::is_ascii_digit)
        .collect();
    let offset = String::from_utf8(digits)
        .ok()
        .and_then(|text| text.parse::<usize>().ok());
    let table = offset
        .and_then(|offset| file.get(offset..))
        .unwrap_or_default();
    let table = table.trim_ascii_start();
    if table.starts_with(b"xref") || table.first().is_some_and(u8::is_ascii_digit) {
        Ok(())
    } else {
        broken("its table of objects is not where it says")
    }
}

/// What stands before a stream, back to the beginning of its object.
fn dictionary(before: &[u8]) -> &[u8] {
    let object = before.windows(3).rposition(|word| word == b"obj");
    object.map_or(before, |at| before.get(at..).unwrap_or_default())
}

fn unpack(dictionary: &[u8], data: &[u8], budget: &mut u64) -> Result<(), Fault> {
    let says = |name: &[u8]| each_name(dictionary).any(|found| found == name);
    let objects = says(b"ObjStm");
    let plain = !says(b"Filter") && !says(b"F");
    if plain {
        // It was searched with the file.
        return Ok(());
    }
    let other = [
        "LZWDecode",
        "ASCII85Decode",
        "ASCIIHexDecode",
        "RunLengthDecode",
        "Crypt",
        "LZW",
        "A85",
        "AHx",
        "RL",
    ];
    if objects && (says(b"Predictor") || other.iter().any(|name| says(name.as_bytes()))) {
        return Err(Fault::Damaged(
            "its objects are packed in a way that is not read here".to_owned(),
        ));
    }
    if !says(b"FlateDecode") && !says(b"Fl") {
        return Ok(());
    }
    let mut out = Vec::new();
    let mut packed = ZlibDecoder::new(data);
    let read = (&mut packed).take(*budget + 1).read_to_end(&mut out);
    // Reading counts as well, as what unpacks to nothing can be looked at again and again.
    let work = packed.total_in().max(out.len() as u64);
    if work > *budget {
        return Err(Fault::Damaged(
            "it is many times larger unpacked".to_owned(),
        ));
    }
    *budget -= work;
    if objects && read.is_err() {
        return Err(Fault::Damaged("its objects cannot be unpacked".to_owned()));
    }
    names(&out)
}

fn names(bytes: &[u8]) -> Result<(), Fault> {
    match each_name(bytes).find(|name| REFUSED.contains(&name.as_slice())) {
        Some(name) => Err(Fault::Active(String::from_utf8_lossy(&name).into_owned())),
        None => Ok(()),
    }
}

/// Every `/Name`, with `#4a` read as the letter it stands for.
fn each_name(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let slashes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    slashes.map(|(at, _)| {
        let mut rest = bytes.get(at + 1..).unwrap_or_default();
        let mut name = Vec::new();
        while let Some((&first, after)) = rest.split_first() {
            if !is_regular(first) || name.len() > LONGEST_NAME {
                break;
            }
            (name, rest) = match hex(first, after) {
                Some((byte, after)) => (with(name, byte), after),
                None => (with(name, first), after),
            };
        }
        name
    })
}

fn with(mut name: Vec<u8>, byte: u8) -> Vec<u8> {
    name.push(byte);
    name
}

fn hex(first: u8, after: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = after.split_first_chunk::<2>()?;
    if first != b'#' {
        return None;
    }
    let digits = std::str::from_utf8(digits).ok()?;
    Some((u8::from_str_radix(digits, 16).ok()?, rest))
}

const fn is_regular(byte: u8) -> bool {
    byte > b' '
        && !matches!(
            byte,
            b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
        )
}

fn find(bytes: &[u8], from: usize, word: &[u8]) -> Option<usize> {
    let mut pieces = bytes.get(from..)?.windows(word.len());
    pieces.position(|piece| piece == word).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use proptest::prelude::*;

    use super::*;

    fn document(objects: &[u8]) -> Vec<u8> {
        let mut file = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n".to_vec();
        file.extend_from_slice(objects);
        let at = file.len();
        file.extend_from_slice(
            b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Root 1 0 R >>\nstartxref\n",
        );
        file.extend_from_slice(format!("{at}\n%%EOF\n").as_bytes());
        file
    }

    fn packed(dictionary: &str, inside: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        // What is short and has no repetition would be stored as it is.
        encoder.write_all(&b"q Q ".repeat(50)).unwrap();
        encoder.write_all(inside).unwrap();
        let data = encoder.finish().unwrap();
        assert!(names(&data).is_ok(), "it is hidden");
        let mut object = format!(
            "5 0 obj\n<< {dictionary} /Length {} >>\nstream\r\n",
            data.len()
        )
        .into_bytes();
        object.extend_from_slice(&data);
        object.extend_from_slice(b"\nendstream\nendobj\n");
        object
    }

    fn refused(file: &[u8]) -> String {
        look_into(file).unwrap_err().to_string()
    }

    #[test]
    fn a_document_is_taken() {
        assert_eq!(look_into(&document(b"")), Ok(()));
        let page = packed("/Filter /FlateDecode", b"BT (Hello) Tj ET");
        assert_eq!(look_into(&document(&page)), Ok(()));
        let objects = packed(
            "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode",
            b"7 0 << /Type /Page >>",
        );
        assert_eq!(look_into(&document(&objects)), Ok(()));
    }

    #[test]
    fn what_runs_is_found_wherever_it_hides() {
        let action = b"<< /S /JavaScript /JS (app.alert(1)) >>";
        let plain = document(&[b"4 0 obj\n", &action[..], b"\nendobj\n"].concat());
        assert!(refused(&plain).contains("JavaScript"));
        let escaped = document(b"4 0 obj\n<< /S /Java#53cript >>\nendobj\n");
        assert!(refused(&escaped).contains("JavaScript"));
        let inside = packed("/Type /ObjStm /Filter /FlateDecode", action);
        assert!(refused(&document(&inside)).contains("JavaScript"));
        let short = packed(
            "/Type /ObjStm /F#69lter [/Fl]",
            b"<< /S /Launch /F (cmd) >>",
        );
        assert!(refused(&document(&short)).contains("Launch"));
        let stored = document(
            b"6 0 obj\n<< /Length 40 >>\nstream\n9 0 obj << /S /Launch >>\nendstream\nendobj\n",
        );
        assert!(refused(&stored).contains("Launch"));
        let sealed = document(b"trailer << /Encrypt 9 0 R >>\n");
        assert!(refused(&sealed).contains("Encrypt"));
        let odd = packed(
            "/Type /ObjStm /Filter [/ASCIIHexDecode /FlateDecode]",
            action,
        );
        assert!(refused(&document(&odd)).contains("not read here"));
    }

    #[test]
    fn a_document_that_is_also_something_else_is_not_one() {
        let file = document(b"");
        let before = [b"GIF89a".to_vec(), file.clone()].concat();
        assert!(refused(&before).contains("begin"));
        let after = [file.clone(), b"PK\x03\x04".to_vec()].concat();
        assert!(refused(&after).contains("follows its end"));
        let cut = file.get(..file.len() / 2).unwrap();
        assert!(refused(cut).contains("breaks off"));
        let elsewhere = String::from_utf8(file)
            .unwrap()
            .replace("startxref\n", "startxref\n9");
        assert!(refused(elsewhere.as_bytes()).contains("not where it says"));
    }

    #[test]
    fn a_bomb_is_not_unpacked_to_its_end() {
        let mut objects = Vec::new();
        for _ in 0..3 {
            objects.extend(packed("/Filter /FlateDecode", &vec![b' '; 50 << 20]));
        }
        let file = document(&objects);
        assert!(file.len() < 1 << 20, "{}", file.len());
        assert!(refused(&file).contains("larger unpacked"));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(objects: Vec<u8>, cut: usize) {
            let file = document(&objects);
            let _outcome = look_into(&file);
            let _outcome = look_into(file.get(..cut % file.len()).unwrap());
        }
    }
}
