//! Builds the message, so that nothing a person typed can become a header.

use std::time::{Duration, SystemTime};

use gantry_kernel::{Email, Timestamp};
use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};

use super::Rendered;

/// A sender or reply address of the configuration.
pub type Address = Mailbox;

/// What cannot be made into a message; another attempt cannot mend it.
#[derive(Debug, thiserror::Error)]
#[error("not a valid message: {0}")]
pub struct Unfit(String);

/// Everything that goes into a message.
pub(crate) struct Letter<'a> {
    pub(crate) from: &'a Address,
    pub(crate) reply_to: Option<&'a Address>,
    pub(crate) to: &'a Email,
    pub(crate) message_id: &'a str,
    pub(crate) date: Timestamp,
    pub(crate) rendered: Rendered,
}

/// Tells auto-responders to keep quiet (RFC 3834, section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

pub(crate) fn compose(letter: Letter<'_>) -> Result<Message, Unfit> {
    let unfit = |error: &dyn std::fmt::Display| Unfit(error.to_string());
    let to = letter.to.as_str().parse().map_err(|error| unfit(&error))?;
    let since = u64::try_from(letter.date.as_micros()).unwrap_or(0);
    let mut builder = Message::builder()
        .from(letter.from.clone())
        .to(Mailbox::new(None, to))
        .message_id(Some(format!("<{}>", letter.message_id)))
        .date(SystemTime::UNIX_EPOCH + Duration::from_micros(since))
        .subject(letter.rendered.subject)
        .header(AutoSubmitted);
    if let Some(reply_to) = letter.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    builder
        .multipart(MultiPart::alternative_plain_html(
            letter.rendered.text,
            letter.rendered.html,
        ))
        .map_err(|error| unfit(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_becomes_a_header() {
        let from: Address = "Gantry <no-reply@example.com>".parse().unwrap();
        let message = compose(Letter {
            from: &from,
            reply_to: None,
            to: &"a@example.org".parse().unwrap(),
            message_id: "one@example.com",
            date: Timestamp::from_micros(1_767_603_600_000_000),
            rendered: Rendered {
                subject: "x\r\nBcc: evil@example.com".to_owned(),
                text: "text".to_owned(),
                html: "<p>text</p>".to_owned(),
            },
        })
        .unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        assert!(
            !head
                .lines()
                .any(|line| line.to_lowercase().starts_with("bcc:")),
            "{head}"
        );
        assert!(head.contains("Message-ID: <one@example.com>"));
        assert!(head.contains("Date: Mon, 05 Jan 2026 09:00:00 +0000"));
        assert!(head.contains("Auto-Submitted: auto-generated"));
        assert!(
            "Gantry\r\nBcc: x <a@example.com>"
                .parse::<Address>()
                .is_err()
        );
    }
}
