//! E-mail addresses, normalised so that one mailbox is one account.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

/// An address: trimmed, NFKC, lower case in both parts, the domain as ASCII (UTS 46).
///
/// RFC 5321 lets a host tell case apart in the local part; none in use does, and telling them apart here would let
/// somebody register a second account that reads like the first. Dots and `+tags` are kept: they are real mailboxes at
/// many hosts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// The text was not an e-mail address that can be mailed to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address: expected something like name@example.com")]
pub struct NotAnEmail;

impl Email {
    /// The normalised address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

impl FromStr for Email {
    type Err = NotAnEmail;
    fn from_str(text: &str) -> Result<Self, NotAnEmail> {
        // 254 is the longest path SMTP carries (RFC 5321 4.5.3.1.3, erratum 1690); four bytes a character before folding.
        if text.len() > 1016 {
            return Err(NotAnEmail);
        }
        let folded: String = text.trim().nfkc().flat_map(char::to_lowercase).collect();
        let folded: String = folded.nfkc().collect();
        let (local, domain) = folded.rsplit_once('@').ok_or(NotAnEmail)?;
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| NotAnEmail)?;
        let email = format!("{local}@{domain}");
        if email.len() <= 254 && is_local(local) && is_domain(&domain) {
            Ok(Self(email))
        } else {
            Err(NotAnEmail)
        }
    }
}

/// The dot-atom of RFC 5322 with the UTF-8 letters of RFC 6531; quoted local parts are legal, unused, and a way to smuggle.
fn is_local(local: &str) -> bool {
    let allowed = |c: char| {
        if c.is_ascii() {
            c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)
        } else {
            c.is_alphanumeric()
        }
    };
    (1..=64).contains(&local.len())
        && local.chars().all(allowed)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn is_domain(domain: &str) -> bool {
    domain.contains('.')
        && domain
            .split('.')
            .all(|label| (1..=63).contains(&label.len()))
        && !domain
            .rsplit('.')
            .next()
            .is_some_and(|top| top.bytes().all(|byte| byte.is_ascii_digit()))
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Email {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Email".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "email", "maxLength": 254, "examples": ["owner@example.com"]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn email(text: &str) -> Result<Email, NotAnEmail> {
        text.parse()
    }

    #[test]
    fn disguises_of_one_mailbox_are_one_address() {
        let plain = email("owner@example.com").unwrap();
        for disguise in [
            " Owner@Example.COM ",
            "ｏｗｎｅｒ@example.com",
            "OWNER@EXAMPLE.COM\t",
            "owner@ｅxample.com",
            "owner@example。com",
        ] {
            assert_eq!(email(disguise), Ok(plain.clone()), "{disguise}");
        }
        assert_eq!(
            email("info@bücher.example").unwrap().as_str(),
            "info@xn--bcher-kva.example"
        );
    }

    #[test]
    fn what_cannot_be_mailed_or_smuggles_is_refused() {
        for bad in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@b",
            "a b@example.com",
            "a@exa mple.com",
            "a..b@example.com",
            ".a@example.com",
            "a@example.com\r\nBcc: x@example.org",
            "\"a b\"@example.com",
            "a@[127.0.0.1]",
            "a@1.2.3.4",
            "a@b@example.com",
            "a@-example.com",
            "a\u{0}@example.com",
            "a@example..com",
            "<a@example.com>",
            "a,b@example.com",
        ] {
            assert_eq!(email(bad), Err(NotAnEmail), "{bad:?}");
        }
        assert_eq!(
            email(&format!("{}@example.com", "a".repeat(65))),
            Err(NotAnEmail)
        );
    }

    proptest! {
        #[test]
        fn normalising_is_idempotent(raw in "\\PC{1,12}@\\PC{1,12}\\.com") {
            if let Ok(once) = email(&raw) {
                prop_assert_eq!(email(once.as_str()), Ok(once.clone()));
                prop_assert!(!once.as_str().contains(char::is_whitespace));
            }
        }
    }
}
