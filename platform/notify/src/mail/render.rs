//! Fills a mail kind's templates.

use gantry_jobs::MailKind;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::Value;

/// A mail's texts.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line without control characters.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl std::fmt::Debug for Rendered {
    /// The parts hold tokens and stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rendered").finish_non_exhaustive()
    }
}

/// A template that cannot be filled: a defect of the module that declared it. Names the template and
/// the line, never the values.
#[derive(Debug, thiserror::Error)]
#[error("template {template} line {line}: {kind}")]
pub struct RenderError {
    template: String,
    line: usize,
    kind: String,
}

/// What the name of a template ends with whose values are escaped.
const HTML: &str = "html";

/// Fills subject, text and HTML. A variable that is not given is an error, not an empty place.
pub fn render(kind: &MailKind, variables: &Value) -> Result<Rendered, RenderError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(HTML) {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    let fill = |part: &str, source: &str| {
        let name = format!("{}.{part}", kind.name);
        environment
            .render_named_str(&name, source, minijinja::value::Serde(variables))
            .map_err(|error| RenderError {
                template: name,
                line: error.line().unwrap_or(0),
                kind: error.kind().to_string(),
            })
    };
    Ok(Rendered {
        subject: one_line(&fill("subject", kind.subject)?),
        text: fill("txt", kind.text)?,
        html: fill(HTML, kind.html)?,
    })
}

/// Control characters become spaces and runs of spaces one: a value can neither end the header nor
/// start another.
fn one_line(subject: &str) -> String {
    subject
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(subject: &'static str, text: &'static str, html: &'static str) -> MailKind {
        MailKind::new(
            "test.mail",
            subject,
            text,
            html,
            || Value::Null,
            async |_| Ok(None),
        )
    }

    #[test]
    fn html_escapes_text_does_not_and_subjects_are_one_line() {
        let kind = kind("Hi {{ name }}", "Hi {{ name }}", "<p>Hi {{ name }}</p>");
        let rendered = render(&kind, &json!({ "name": "<b>\r\nBcc: x@example.com" })).unwrap();
        assert_eq!(rendered.subject, "Hi <b> Bcc: x@example.com");
        assert!(rendered.text.starts_with("Hi <b>"));
        assert!(rendered.html.starts_with("<p>Hi &lt;b&gt;"));
    }

    #[test]
    fn a_missing_variable_is_an_error_that_shows_no_values() {
        let kind = kind("x", "a\n{{ nothing }}", "x");
        let error = render(&kind, &json!({ "token": "secret" })).unwrap_err();
        assert_eq!(
            error.to_string(),
            "template test.mail.txt line 2: undefined value"
        );
    }
}
