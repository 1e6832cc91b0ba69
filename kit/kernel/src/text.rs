//! Text that people type: names and slugs.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

use crate::fold;

/// Why a text was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// Fewer characters than allowed.
    #[error("must have at least {0} characters")]
    TooShort(usize),
    /// More characters than allowed.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// A control character, or one of the invisible formatting characters used to disguise text.
    #[error("must not contain control or invisible formatting characters")]
    Control,
}

/// One line of text of `MIN` to `MAX` characters: NFC, trimmed, inner white space runs folded to one space,
/// without control characters or the formatting characters used to disguise text (Unicode TR 36).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// Cleans and checks a text.
    pub fn new(raw: &str) -> Result<Self, NotText> {
        // A character may take four bytes and NFC never shortens by more than a small factor: refuse absurd input unread.
        if raw.len() > MAX.saturating_mul(16).saturating_add(64) {
            return Err(NotText::TooLong(MAX));
        }
        let mut text = String::with_capacity(raw.len());
        for word in raw.split_whitespace() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.extend(word.nfc());
        }
        if text.chars().any(is_disguise) {
            return Err(NotText::Control);
        }
        match text.chars().count() {
            count if count < MIN => Err(NotText::TooShort(MIN)),
            count if count > MAX => Err(NotText::TooLong(MAX)),
            _ => Ok(Self(text)),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> FromStr for Text<MIN, MAX> {
    type Err = NotText;
    fn from_str(text: &str) -> Result<Self, NotText> {
        Self::new(text)
    }
}

fn is_disguise(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// The text was not a slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be 3 to 40 characters of a-z, 0-9 and single hyphens, starting with a letter and not ending with a hyphen"
)]
pub struct NotASlug;

/// A name for addresses: 3 to 40 characters of `a-z`, `0-9` and single hyphens, starting with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

impl Slug {
    /// The longest slug.
    pub const MAX: usize = 40;

    /// The slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest slug to a name (`"Café Étude"` becomes `cafe-etude`), if it leaves enough letters to make one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut slug = String::new();
        for character in fold(name).chars() {
            if character.is_ascii_alphanumeric() {
                slug.push(character);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        let start = slug.find(|character: char| character.is_ascii_lowercase())?;
        let cut = &slug[start..slug.len().min(start + Self::MAX)];
        cut.trim_end_matches('-').parse().ok()
    }
}

impl FromStr for Slug {
    type Err = NotASlug;
    fn from_str(text: &str) -> Result<Self, NotASlug> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let shaped = (3..=Self::MAX).contains(&text.len())
            && text.bytes().all(allowed)
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && !text.ends_with('-')
            && !text.contains("--");
        if shaped {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotASlug)
        }
    }
}

macro_rules! as_text {
    ([$($generics:tt)*] $type:ty, $parse:expr) => {
        impl<$($generics)*> fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl<$($generics)*> Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }
        impl<'de, $($generics)*> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(from)?;
                $parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}
as_text!([] Slug, Slug::from_str);
as_text!([const MIN: usize, const MAX: usize] Text<MIN, MAX>, Text::new);

impl schemars::JsonSchema for Slug {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Slug".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "minLength": 3, "maxLength": 40,
            "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "examples": ["north-hall"]
        })
    }
}

impl<const MIN: usize, const MAX: usize> schemars::JsonSchema for Text<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Text_{MIN}_{MAX}").into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "minLength": MIN, "maxLength": MAX})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cleaning_is_idempotent(raw in "\\PC{0,60}") {
            if let Ok(text) = Text::<0, 60>::new(&raw) {
                prop_assert_eq!(Text::<0, 60>::new(text.as_str()).unwrap(), text);
            }
        }

        #[test]
        fn a_slug_made_from_any_name_is_a_slug(name in "\\PC{0,80}") {
            if let Some(slug) = Slug::from_name(&name) {
                prop_assert_eq!(slug.as_str().parse::<Slug>().unwrap(), slug);
            }
        }
    }

    #[test]
    fn text_is_cleaned_or_refused() {
        assert_eq!(
            Text::<1, 20>::new("  Ada \t Example ").unwrap().as_str(),
            "Ada Example"
        );
        assert_eq!(Text::<1, 20>::new("  ").unwrap_err(), NotText::TooShort(1));
        assert_eq!(
            Text::<1, 5>::new("abcdef").unwrap_err(),
            NotText::TooLong(5)
        );
        assert_eq!(Text::<1, 20>::new("a\u{0}b").unwrap_err(), NotText::Control);
        assert_eq!(
            Text::<1, 20>::new("abc\u{202E}fdp").unwrap_err(),
            NotText::Control
        );
        assert_eq!(Text::<1, 20>::new("e\u{301}").unwrap().as_str(), "é");
    }

    #[test]
    fn slugs_come_from_names() {
        assert_eq!(
            Slug::from_name("Café Étude № 7").unwrap().as_str(),
            "cafe-etude-no-7"
        );
        assert_eq!(Slug::from_name("O'Brien's").unwrap().as_str(), "obriens");
        assert_eq!(Slug::from_name("24x7 Study"), "x7-study".parse().ok());
        assert_eq!(Slug::from_name("अध्ययन"), None);
        for bad in ["ab", "-abc", "abc-", "a--b", "Abc", "1abc", "a_b"] {
            assert_eq!(bad.parse::<Slug>(), Err(NotASlug), "{bad}");
        }
    }
}
