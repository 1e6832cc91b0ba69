//! A page that lists the operations: plain HTML without script, readable under the strictest policy.

use crate::route::{AccessRule, Endpoint};

/// Stylesheet of the server's own plain pages.
pub(crate) const DOCS_CSS: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
padding:0 1rem;color:#1a1a1a;background:#fff}code{font:14px/1.5 ui-monospace,monospace}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.4rem .6rem;\
border-bottom:1px solid #ddd}small{color:#555}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#151515}td,th{border-color:#333}small{color:#aaa}\
a{color:#8ab4f8}}";

/// Escapes text for HTML content and attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Wraps content into a page.
pub(crate) fn html(title: &str, content: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/api/docs.css\"></head><body><h1>{title}</h1>{content}</body></html>",
        title = escape(title),
    )
}

/// The list of operations.
pub(crate) fn docs_page<'a>(endpoints: impl Iterator<Item = &'a Endpoint>) -> String {
    let rows: String = endpoints.map(row).collect();
    html(
        "API",
        &format!(
            "<p>The machine-readable description is <a href=\"/api/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>\
             <table><thead><tr><th>Operation</th><th>What it does</th><th>Who may</th></tr></thead>\
             <tbody>{rows}</tbody></table>"
        ),
    )
}

fn row(endpoint: &Endpoint) -> String {
    let access = match endpoint.access {
        AccessRule::Public(reason) => format!("public: {}", escape(reason)),
        AccessRule::SignedIn => "signed in".to_owned(),
        AccessRule::Tenant(permission, _) => format!("member with <code>{permission}</code>"),
        AccessRule::Member => "member".to_owned(),
        AccessRule::Platform(permission) => format!("operator with <code>{permission}</code>"),
    };
    format!(
        "<tr><td><code>{} {}</code><br><small>{}</small></td><td>{}</td><td>{access}</td></tr>",
        endpoint.method,
        escape(endpoint.path),
        escape(endpoint.operation_id),
        escape(endpoint.options.summary),
    )
}
