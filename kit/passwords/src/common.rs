//! The most common passwords that are long enough to be chosen here (see `data/README.md`).

use std::sync::LazyLock;

/// In lower case, sorted by bytes.
static COMMON: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    include_str!("../data/common-passwords.txt")
        .lines()
        .collect()
});

/// Whether a password is on the list: as it is, without what was put before or behind the letters to make it
/// pass, or with the usual digits for letters.
pub fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    [&lower, core]
        .into_iter()
        .any(|text| listed(text) || listed(&plain(text)))
}

fn listed(text: &str) -> bool {
    COMMON.binary_search(&text).is_ok()
}

/// The letters that people write as digits and signs.
fn plain(text: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    /// The shortest password that is accepted; shorter ones need no list.
    const MIN_CHARS: usize = 12;

    #[test]
    fn the_list_can_be_searched() {
        assert_eq!(COMMON.len(), 10_000);
        assert!(COMMON.is_sorted());
        assert!(COMMON.iter().all(|word| word.len() >= MIN_CHARS));
        assert!(COMMON.iter().all(|word| *word == word.to_lowercase()));
    }

    #[test]
    fn a_common_password_is_found_in_its_disguises() {
        for password in [
            "sonyericsson",
            "SonyEricsson",
            "S0ny3r1c$$0n",
            "sonyericsson2026!",
            "!!sonyericsson",
            "1qaz2wsx3edc",
            "qwerty123456",
        ] {
            assert!(is_common(password), "{password}");
        }
        assert!(!is_common("nine brass lamps burn"));
        assert!(!is_common(""));
    }
}
