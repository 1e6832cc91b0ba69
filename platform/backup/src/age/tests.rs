//! The keys and bytes of age, against the format's own description.

use std::io::{Cursor, Read, Write};

use gantry_kernel::{Kernel, ManualClock};

use super::*;

const PIECE: usize = 64 << 10;

fn sealed(data: &[u8], recipients: &[Recipient], kernel: &Kernel) -> Vec<u8> {
    let mut sealing = seal(Vec::new(), recipients, kernel).unwrap();
    sealing.write_all(data).unwrap();
    sealing.finish().unwrap()
}

fn opened(sealed: &[u8], identity: &Identity) -> Result<Vec<u8>, AgeError> {
    let mut data = Vec::new();
    open(Cursor::new(sealed), identity)?.read_to_end(&mut data)?;
    Ok(data)
}

fn kernel() -> Kernel {
    Kernel::manual(&ManualClock::default(), 7)
}

#[test]
fn a_key_reads_as_the_program_age_writes_it() {
    // The key of the project's own test vectors.
    let text = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    let identity = Identity::from_file_text(&format!("# made today\n\n{text}\n")).unwrap();
    assert_eq!(identity.secret.as_ref(), &[0x42; 32]);
    assert_eq!(identity.to_text().expose(), text);
    let recipient = identity.recipient().to_string();
    assert_eq!(
        recipient,
        "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
    );
    assert_eq!(
        recipient.parse::<Recipient>().unwrap(),
        identity.recipient()
    );
    for wrong in [
        "",
        "age1",
        &text[1..],
        &recipient.replace('z', "y"),
        &recipient.to_uppercase()[..20],
    ] {
        assert!(wrong.parse::<Recipient>().is_err(), "{wrong}");
        assert!(Identity::from_file_text(wrong).is_err(), "{wrong}");
    }
    assert!(Identity::from_file_text(&format!("{text}\n{text}\n")).is_err());
}

#[test]
fn what_is_sealed_opens_for_each_recipient_and_nobody_else() {
    let kernel = kernel();
    let [one, two, other] = [(); 3].map(|()| Identity::new(&kernel).unwrap());
    for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
        let data: Vec<u8> = (0..=250).cycle().take(length).collect();
        let sealed = sealed(&data, &[one.recipient(), two.recipient()], &kernel);
        assert_eq!(opened(&sealed, &one).unwrap(), data);
        assert_eq!(opened(&sealed, &two).unwrap(), data);
        assert!(matches!(opened(&sealed, &other), Err(AgeError::WrongKey)));
    }
}

#[test]
fn every_change_and_every_cut_is_found() {
    let kernel = kernel();
    let identity = Identity::new(&kernel).unwrap();
    let whole = sealed(&[7; 100], &[identity.recipient()], &kernel);
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        assert!(opened(&changed, &identity).is_err(), "byte {at}");
        assert!(opened(&whole[..at], &identity).is_err(), "cut at {at}");
    }
    assert!(opened(&[&whole[..], b"x"].concat(), &identity).is_err());
    // Pieces left off, doubled or moved.
    let long = sealed(&vec![7; 3 * PIECE + 5], &[identity.recipient()], &kernel);
    let (head, piece) = (long.len() - (3 * (PIECE + 16) + 21), PIECE + 16);
    let part = |from: usize, to: usize| long[head + from * piece..head + to * piece].to_vec();
    let last = long[head + 3 * piece..].to_vec();
    let header = long[..head].to_vec();
    for wrong in [
        [header.clone(), part(0, 3)].concat(),
        [header.clone(), part(0, 2), last.clone()].concat(),
        [
            header.clone(),
            part(1, 2),
            part(0, 1),
            part(2, 3),
            last.clone(),
        ]
        .concat(),
        [header.clone(), part(0, 3), part(2, 3), last].concat(),
    ] {
        assert!(opened(&wrong, &identity).is_err());
    }
    assert_eq!(opened(&long, &identity).unwrap().len(), 3 * PIECE + 5);
    assert!(matches!(
        opened(b"PK\x03\x04 something else\n", &identity),
        Err(AgeError::NotAge)
    ));
}
