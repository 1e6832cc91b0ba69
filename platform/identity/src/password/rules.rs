//! Which passwords are accepted: long enough, and not made of what everybody knows about the person.
//!
//! OWASP ASVS 5.0: at least 12 and at most 128 characters of any kind (6.2.1, 6.2.9), no composition rules
//! (6.2.5), context-specific words refused (6.2.11), and the password is taken exactly as received (6.2.8),
//! which is why no Unicode normalisation happens anywhere between the request and the hash.

/// Fewest characters (Unicode scalar values) of a new password.
pub(crate) const MIN_CHARS: usize = 12;
/// Most characters of any password; longer input is refused before it is hashed.
pub(crate) const MAX_CHARS: usize = 128;

/// The product's name, in lower case.
const PRODUCT: &str = "gantry";
/// Words shorter than this say too little about a person to be refused.
const SHORTEST_WORD: usize = 4;
/// What must be left of a password when the words everybody knows are taken out.
const FRESH_CHARS: usize = 8;

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer than [`MIN_CHARS`].
    #[error("use at least 12 characters")]
    TooShort,
    /// More than [`MAX_CHARS`].
    #[error("use at most 128 characters")]
    TooLong,
    /// One or two characters, repeated.
    #[error("use more than two different characters")]
    Repetitive,
    /// Little more than the person's name, address or the product's name.
    #[error(
        "do not build the password from your name, your e-mail address or the name of this product"
    )]
    Guessable,
}

impl WeakPassword {
    /// Stable code of the field error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::Repetitive => "repetitive",
            Self::Guessable => "guessable",
        }
    }
}

/// Checks a new password of the person called `name` with the address `email`.
pub(crate) fn check(password: &str, email: &str, name: &str) -> Result<(), WeakPassword> {
    let length = password.chars().count();
    if length < MIN_CHARS {
        return Err(WeakPassword::TooShort);
    }
    if length > MAX_CHARS {
        return Err(WeakPassword::TooLong);
    }
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() <= 2 {
        return Err(WeakPassword::Repetitive);
    }
    let mut rest = password.to_lowercase();
    for word in known_words(email, name) {
        rest = rest.replace(&word, "");
    }
    if rest.len() < password.to_lowercase().len() && rest.chars().count() < FRESH_CHARS {
        return Err(WeakPassword::Guessable);
    }
    Ok(())
}

/// The words to take out, longest first, so that a whole address goes before its parts.
fn known_words(email: &str, name: &str) -> Vec<String> {
    let email = email.to_lowercase();
    let name = name.to_lowercase();
    let mut words = vec![PRODUCT.to_owned(), email.clone(), name.clone()];
    for text in [&email, &name] {
        words.extend(
            text.split(|c: char| !c.is_alphanumeric())
                .map(str::to_owned),
        );
    }
    if let Some((local, domain)) = email.split_once('@') {
        words.push(local.to_owned());
        words.push(domain.to_owned());
    }
    words.retain(|word| word.chars().count() >= SHORTEST_WORD);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(password: &str) -> Result<(), WeakPassword> {
        check(password, "rani.sharma@example.com", "Rani Sharma")
    }

    #[test]
    fn length_is_counted_in_characters_not_bytes() {
        assert_eq!(verdict("kurz"), Err(WeakPassword::TooShort));
        assert_eq!(verdict("पासवर्डलंबा"), Err(WeakPassword::TooShort));
        assert_eq!(verdict("मेरीनईलंबीकुंजी"), Ok(()));
        assert_eq!(verdict(&"aé☃".repeat(43)), Err(WeakPassword::TooLong));
        assert_eq!(verdict(&"aé☃z".repeat(32)), Ok(()));
    }

    #[test]
    fn no_composition_is_asked_for() {
        for password in [
            "correct horse battery",
            "            x y",
            "correcthorsebattery",
            "314159265358979",
        ] {
            assert_eq!(verdict(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn what_everybody_knows_about_the_person_is_refused() {
        for password in [
            "RaniSharma2026",
            "rani.sharma@example.com",
            "sharmasharma",
            "GantryGantry1",
            "Gantry-Sharma",
            "example.com99",
        ] {
            assert_eq!(
                verdict(password),
                Err(WeakPassword::Guessable),
                "{password}"
            );
        }
        assert_eq!(verdict("sharma keeps nine brass lamps"), Ok(()));
        assert_eq!(verdict("aaaaaaaaaaaaaa"), Err(WeakPassword::Repetitive));
    }
}
