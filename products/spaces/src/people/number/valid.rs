//! Which texts can be numbers of which kind. What passes may still be nobody's.

use gantry_kernel::Secret;

use super::NumberKind;

/// The characters that stay visible, unless that is more than half of them.
const VISIBLE: usize = 4;

/// Why a text is no number of its kind. It never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotANumber {
    /// Aadhaar has another form.
    #[error("an Aadhaar number has 12 digits and begins with 2 to 9")]
    AadhaarForm,
    /// Its last digit does not fit the others.
    #[error("the check digit of the Aadhaar number is wrong; look for a digit that was mistyped")]
    AadhaarCheck,
    /// A PAN has another form.
    #[error(
        "a PAN has five letters, four digits and a letter, and its fourth letter is one of ABCFGHJLPT"
    )]
    PanForm,
    /// Too short, too long, or with other characters.
    #[error("a number has 6 to 32 letters, digits, hyphens and slashes")]
    OtherForm,
}

/// The number as it is kept: without spaces, in capitals.
pub(super) fn checked(
    kind: NumberKind,
    raw: &Secret<String>,
) -> Result<Secret<String>, NotANumber> {
    let plain = |c: &char| !c.is_whitespace() && (kind == NumberKind::Other || *c != '-');
    let text: String = raw.expose().chars().filter(plain).collect();
    let number = Secret::new(text.to_uppercase());
    match kind {
        NumberKind::Aadhaar => aadhaar(number.expose())?,
        NumberKind::Pan => pan(number.expose())?,
        NumberKind::Other => other(number.expose())?,
    }
    Ok(number)
}

/// What stays visible of a number that was checked.
pub(super) fn last(number: &Secret<String>) -> String {
    let number = number.expose();
    let from = number.len() - VISIBLE.min(number.len() / 2);
    number.get(from..).unwrap_or_default().to_owned()
}

fn aadhaar(number: &str) -> Result<(), NotANumber> {
    let digits: Option<Vec<u8>> = number
        .bytes()
        .map(|byte| byte.is_ascii_digit().then(|| byte - b'0'))
        .collect();
    match digits.as_deref() {
        Some(digits @ [2..=9, ..]) if digits.len() == 12 => {
            if verhoeff(digits) {
                Ok(())
            } else {
                Err(NotANumber::AadhaarCheck)
            }
        }
        _ => Err(NotANumber::AadhaarForm),
    }
}

/// The dihedral group of a pentagon, in which the digits are multiplied (Verhoeff, 1969).
fn times(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

/// Whether the product of all digits, each permuted as often as its place from the right says, is the neutral element.
fn verhoeff(digits: &[u8]) -> bool {
    const PERMUTED: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let permuted = |digit: u8, often: usize| {
        (0..often).fold(digit, |digit, _| {
            PERMUTED
                .get(usize::from(digit))
                .copied()
                .unwrap_or_default()
        })
    };
    let places = digits.iter().rev().enumerate();
    places.fold(0, |product, (place, digit)| {
        times(product, permuted(*digit, place % 8))
    }) == 0
}

fn pan(number: &str) -> Result<(), NotANumber> {
    let bytes = number.as_bytes();
    let fits = bytes.len() == 10
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            3 => b"ABCFGHJLPT".contains(byte),
            5..=8 => byte.is_ascii_digit(),
            _ => byte.is_ascii_uppercase(),
        });
    if fits {
        Ok(())
    } else {
        Err(NotANumber::PanForm)
    }
}

fn other(number: &str) -> Result<(), NotANumber> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/');
    if (6..=32).contains(&number.len()) && number.bytes().all(allowed) {
        Ok(())
    } else {
        Err(NotANumber::OtherForm)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(kind: NumberKind, text: &str) -> Result<String, NotANumber> {
        let number = checked(kind, &Secret::new(text.to_owned()))?;
        Ok(number.expose().clone())
    }

    /// Twelve digits with the check digit that fits.
    fn completed(eleven: &[u8]) -> Vec<u8> {
        let with = |last| [eleven, &[last]].concat();
        (0..10).map(with).find(|digits| verhoeff(digits)).unwrap()
    }

    fn text(digits: &[u8]) -> String {
        digits
            .iter()
            .map(|digit| char::from(b'0' + digit))
            .collect()
    }

    #[test]
    fn known_numbers() {
        // 236 with its check digit 3 is the usual example of the method; the other numbers are made up.
        assert!(verhoeff(&[2, 3, 6, 3]));
        assert_eq!(
            of(NumberKind::Aadhaar, "2345 6789-0124"),
            Ok("234567890124".to_owned())
        );
        assert_eq!(
            of(NumberKind::Aadhaar, "234567890123"),
            Err(NotANumber::AadhaarCheck)
        );
        assert_eq!(
            of(NumberKind::Aadhaar, "134567890124"),
            Err(NotANumber::AadhaarForm)
        );
        assert_eq!(
            of(NumberKind::Aadhaar, "23456789012"),
            Err(NotANumber::AadhaarForm)
        );
        assert_eq!(
            of(NumberKind::Pan, "abcpe 1234f"),
            Ok("ABCPE1234F".to_owned())
        );
        assert_eq!(of(NumberKind::Pan, "ABCDE1234F"), Err(NotANumber::PanForm));
        assert_eq!(of(NumberKind::Pan, "ABCPE12345"), Err(NotANumber::PanForm));
        assert_eq!(
            of(NumberKind::Other, "dl-04/2011 0149646"),
            Ok("DL-04/20110149646".to_owned())
        );
        assert_eq!(of(NumberKind::Other, "12345"), Err(NotANumber::OtherForm));
        assert_eq!(
            of(NumberKind::Other, "<script>"),
            Err(NotANumber::OtherForm)
        );
        assert_eq!(last(&Secret::new("234567890124".to_owned())), "0124");
    }

    proptest! {
        /// What the method is for: a digit mistyped, or two neighbours exchanged, is found.
        #[test]
        fn a_slip_is_found(first in 2_u8..10, rest in proptest::collection::vec(0_u8..10, 10), at in 0_usize..12, other in 1_u8..10) {
            let digits = completed(&[&[first][..], &rest].concat());
            prop_assert_eq!(of(NumberKind::Aadhaar, &text(&digits)), Ok(text(&digits)));
            let mut mistyped = digits.clone();
            mistyped[at] = (mistyped[at] + other) % 10;
            prop_assert!(of(NumberKind::Aadhaar, &text(&mistyped)).is_err());
            if at < 11 && digits[at] != digits[at + 1] {
                let mut exchanged = digits;
                exchanged.swap(at, at + 1);
                prop_assert!(of(NumberKind::Aadhaar, &text(&exchanged)).is_err());
            }
        }

        #[test]
        fn nothing_makes_it_panic(raw in ".{0,60}") {
            for kind in [NumberKind::Aadhaar, NumberKind::Pan, NumberKind::Other] {
                if let Ok(number) = checked(kind, &Secret::new(raw.clone())) {
                    prop_assert!(last(&number).len() <= number.expose().len() / 2);
                }
            }
        }
    }
}
