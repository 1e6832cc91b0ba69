//! The inbox as a page. Everything a sender wrote is escaped; the HTML part of a message is shown in
//! a frame that may run nothing and load nothing.

use std::fmt::Write;

use hyper::{
    StatusCode,
    header::{CONTENT_SECURITY_POLICY, HeaderValue, REFRESH},
};

use super::{Reply, Site, reply, text};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;\
color:#1c2733;background:#fff}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .6rem;\
border-bottom:1px solid #d9dee4;vertical-align:top;overflow-wrap:anywhere}pre{white-space:pre-wrap;background:#f4f6f8;\
padding:1rem;overflow-wrap:anywhere}iframe{width:100%;height:28rem;border:1px solid #d9dee4}a{color:#0b5cad}\
@media(prefers-color-scheme:dark){body{color:#dfe6ee;background:#14191f}td,th,iframe{border-color:#34404d}\
pre{background:#1d242c}a{color:#7db8f5}iframe{background:#fff}}";

pub(crate) fn list(site: &Site) -> Reply {
    let messages = site.inbox.list(None, 0, 500);
    let mut body = String::from("<h1>Inbox</h1>");
    if messages.is_empty() {
        body.push_str("<p>Nothing has arrived yet. This page looks again every few seconds.</p>");
    } else {
        body.push_str(
            "<table><thead><tr><th>Received</th><th>To</th><th>Subject</th></tr></thead><tbody>",
        );
        for message in messages {
            let subject = match message.content.subject.as_str() {
                "" => "(no subject)",
                subject => subject,
            };
            put(
                &mut body,
                format_args!(
                    "<tr><td>{}</td><td>{}</td><td><a href=\"/messages/{}\">{}</a></td></tr>",
                    escape(&message.received_at),
                    escape(&message.recipients.join(", ")),
                    message.id,
                    escape(subject),
                ),
            );
        }
        body.push_str("</tbody></table>");
    }
    let mut page = document("Inbox", &body);
    page.headers_mut()
        .insert(REFRESH, HeaderValue::from_static("5"));
    page
}

pub(crate) fn show(site: &Site, id: &str) -> Reply {
    let Some(message) = id.parse().ok().and_then(|id| site.inbox.get(id)) else {
        return text(StatusCode::NOT_FOUND, "no such message");
    };
    let content = &message.content;
    let mut body = String::from("<p><a href=\"/\">Inbox</a></p>");
    put(
        &mut body,
        format_args!("<h1>{}</h1><table><tbody>", escape(&content.subject)),
    );
    for (name, value) in &content.headers {
        put(
            &mut body,
            format_args!(
                "<tr><th>{}</th><td>{}</td></tr>",
                escape(name),
                escape(value)
            ),
        );
    }
    body.push_str("</tbody></table>");
    if !content.links.is_empty() {
        body.push_str("<h2>Links</h2><ul>");
        for link in &content.links {
            let link = escape(link);
            put(
                &mut body,
                format_args!(
                    "<li><a rel=\"noreferrer noopener\" target=\"_blank\" href=\"{link}\">{link}</a></li>"
                ),
            );
        }
        body.push_str("</ul>");
    }
    if let Some(text) = &content.text {
        put(
            &mut body,
            format_args!("<h2>Text</h2><pre>{}</pre>", escape(text)),
        );
    }
    if content.html.is_some() {
        put(
            &mut body,
            format_args!(
                "<h2>HTML</h2><iframe sandbox title=\"HTML part\" src=\"/messages/{}/html\"></iframe>",
                message.id
            ),
        );
    }
    if !content.attachments.is_empty() {
        body.push_str("<h2>Attachments</h2><ul>");
        for attachment in &content.attachments {
            put(
                &mut body,
                format_args!(
                    "<li>{} ({}, {} bytes)</li>",
                    escape(attachment.name.as_deref().unwrap_or("unnamed")),
                    escape(&attachment.content_type),
                    attachment.bytes,
                ),
            );
        }
        body.push_str("</ul>");
    }
    put(
        &mut body,
        format_args!(
            "<h2>Raw</h2><pre>{}</pre>",
            escape(&String::from_utf8_lossy(&message.raw))
        ),
    );
    document(&content.subject, &body)
}

/// The sender's own markup, for the frame only.
pub(crate) fn html_part(site: &Site, id: &str) -> Reply {
    let message = id.parse().ok().and_then(|id| site.inbox.get(id));
    let Some(html) = message.and_then(|message| message.content.html.clone()) else {
        return text(StatusCode::NOT_FOUND, "no such part");
    };
    let mut page = reply(StatusCode::OK, "text/html; charset=utf-8", html);
    page.headers_mut().insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
        ),
    );
    page
}

fn document(title: &str, body: &str) -> Reply {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title>\
         <style>{STYLE}</style></head><body>{body}</body></html>",
        escape(title)
    );
    reply(StatusCode::OK, "text/html; charset=utf-8", page)
}

/// Writing to a `String` cannot fail.
fn put(body: &mut String, text: std::fmt::Arguments<'_>) {
    body.write_fmt(text).ok();
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
