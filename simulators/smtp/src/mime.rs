//! Takes a message apart for people and tests: decoded headers, the text and HTML parts, the links.

use mail_parser::{HeaderForm, HeaderValue, MessageParser, MimeHeaders, PartType};
use serde::Serialize;

/// A message taken apart. A message that cannot be parsed has empty content and is still kept raw.
#[derive(Debug, Default, Serialize)]
pub struct Content {
    /// Header fields in order, RFC 2047 words decoded, unfolded.
    pub headers: Vec<(String, String)>,
    /// The decoded subject.
    pub subject: String,
    /// `Message-ID` without the angle brackets.
    pub message_id: Option<String>,
    /// The text part, if the message has one.
    pub text: Option<String>,
    /// The HTML part, if the message has one.
    pub html: Option<String>,
    /// Web addresses in the text and in the `href`s of the HTML, each once, in order.
    pub links: Vec<String>,
    /// What is attached.
    pub attachments: Vec<Attachment>,
}

/// One attachment, described.
#[derive(Debug, Serialize)]
pub struct Attachment {
    /// The file name, if one was given.
    pub name: Option<String>,
    /// Media type.
    pub content_type: String,
    /// Decoded size in bytes.
    pub bytes: usize,
}

impl Content {
    pub(crate) fn parse(raw: &[u8]) -> Self {
        let Some(message) = MessageParser::default().parse(raw) else {
            return Self::default();
        };
        let headers = message
            .headers()
            .iter()
            .map(|header| {
                let name = header.name.as_str();
                let text = message
                    .header_as(name, HeaderForm::Text)
                    .into_iter()
                    .next_back();
                let raw = || {
                    raw.get(header.offset_start as usize..header.offset_end as usize)
                        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
                        .unwrap_or_default()
                };
                let value = match (&header.value, text) {
                    (HeaderValue::Text(text), _) => text.to_string(),
                    (_, Some(HeaderValue::Text(text))) if occurs_once(&message, name) => {
                        text.to_string()
                    }
                    _ => unfold(&raw()),
                };
                let value = if value.contains(['\r', '\n']) {
                    unfold(&value)
                } else {
                    value
                };
                (name.to_owned(), value)
            })
            .collect();
        let text = message.text_bodies().find_map(|part| match &part.body {
            PartType::Text(text) => Some(text.to_string()),
            _ => None,
        });
        let html = message.html_bodies().find_map(|part| match &part.body {
            PartType::Html(html) => Some(html.to_string()),
            _ => None,
        });
        let attachments = message
            .attachments()
            .map(|part| Attachment {
                name: part.attachment_name().map(ToOwned::to_owned),
                content_type: part.content_type().map_or_else(
                    || "application/octet-stream".to_owned(),
                    |kind| match kind.subtype() {
                        Some(subtype) => format!("{}/{subtype}", kind.ctype()),
                        None => kind.ctype().to_owned(),
                    },
                ),
                bytes: part.contents().len(),
            })
            .collect();
        Self {
            headers,
            subject: message.subject().unwrap_or_default().to_owned(),
            message_id: message.message_id().map(ToOwned::to_owned),
            links: links(text.as_deref(), html.as_deref()),
            text,
            html,
            attachments,
        }
    }

    /// The first header of that name, decoded; case does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

fn occurs_once(message: &mail_parser::Message<'_>, name: &str) -> bool {
    message
        .headers()
        .iter()
        .filter(|header| header.name.as_str().eq_ignore_ascii_case(name))
        .count()
        == 1
}

fn unfold(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn links(text: Option<&str>, html: Option<&str>) -> Vec<String> {
    let mut found = Vec::new();
    let mut keep = |link: String| {
        if !found.contains(&link) {
            found.push(link);
        }
    };
    text.into_iter().flat_map(text_links).for_each(&mut keep);
    html.into_iter().flat_map(html_links).for_each(&mut keep);
    found
}

fn is_web(link: &str) -> bool {
    link.starts_with("http://") || link.starts_with("https://")
}

fn text_links(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '(' | ')' | '[' | ']'))
        .filter(|word| is_web(word))
        .map(|word| {
            word.trim_end_matches(['.', ',', ';', ':', '!', '?', '\''])
                .to_owned()
        })
        .collect()
}

fn html_links(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once("href=") {
        rest = after;
        let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            continue;
        };
        let Some((value, after)) = after[1..].split_once(quote) else {
            break;
        };
        rest = after;
        let link = unescape(value.trim());
        if is_web(&link) {
            found.push(link);
        }
    }
    found
}

/// The entities that occur in an attribute; `&amp;` last, so that nothing is decoded twice.
fn unescape(value: &str) -> String {
    value
        .replace("&#x2f;", "/")
        .replace("&#x2F;", "/")
        .replace("&#x3D;", "=")
        .replace("&#x3d;", "=")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &str = concat!(
        "From: \"Gantry\" <no-reply@example.com>\r\n",
        "To: a@example.org\r\n",
        "Subject: =?UTF-8?B?0J/RgNC40LLQtdGC?= =?UTF-8?Q?_caf=C3=A9?=\r\n",
        "Message-ID: <one@example.com>\r\n",
        "X-Long: a\r\n b\r\n",
        "MIME-Version: 1.0\r\n",
        "Content-Type: multipart/alternative; boundary=xx\r\n\r\n",
        "--xx\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
        "Open https://example.com/a?x=3D1&y=3D2. Caf=C3=A9=\r\n!\r\n",
        "--xx\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        "PGEgaHJlZj0iaHR0cHM6Ly9leGFtcGxlLmNvbS9hP3g9MSZhbXA7eT0yIj5nbzwvYT4gPGEgaHJl\r\n",
        "Zj0namF2YXNjcmlwdDphbGVydCgxKSc+bm88L2E+\r\n",
        "--xx--\r\n",
    );

    #[test]
    fn decodes_both_parts_and_finds_each_link_once() {
        let content = Content::parse(MIXED.as_bytes());
        assert_eq!(content.subject, "Привет café");
        assert_eq!(content.message_id.as_deref(), Some("one@example.com"));
        assert!(content.text.as_deref().unwrap().contains("Café!"));
        assert!(content.html.as_deref().unwrap().starts_with("<a href="));
        assert_eq!(content.links, ["https://example.com/a?x=1&y=2"]);
        assert_eq!(content.header("x-long"), Some("a b"));
    }

    #[test]
    fn a_message_with_one_part_does_not_invent_the_other() {
        let content = Content::parse(b"Subject: x\r\n\r\nonly text\r\n");
        assert_eq!(content.text.as_deref(), Some("only text\r\n"));
        assert_eq!(content.html, None);
    }
}
