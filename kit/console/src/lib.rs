//! The web console, if it was built when this crate was: `cargo xtask run` sees to both. Without it the binary serves
//! the API, and `/` says how to get the console.

use gantry_http::{Site, SiteFile};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The page that every address of the console answers with.
const INDEX: &str = "/index.html";

/// What the console may do in a browser: run its own script and style, show its own pictures and those it draws itself,
/// and talk to this server. No inline script or style, no `eval`, no form that leaves the page, no frame around it.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Shown at `/` by a binary without the console.
const MISSING: SiteFile = SiteFile {
    path: "/",
    content_type: "text/html; charset=utf-8",
    digest: "missing-1",
    immutable: false,
    plain: b"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
        <meta name=\"viewport\" content=\"width=device-width\"><title>Gantry</title>\
        <link rel=\"stylesheet\" href=\"/api/docs.css\"></head><body><h1>Gantry</h1>\
        <p>This binary was built without the web console. The API is here: \
        <a href=\"/api/docs\">its operations</a>.</p>\
        <p>To have the console, install Node.js 20 or newer and build again with <code>cargo xtask run</code>, \
        or with <code>cargo xtask console</code> followed by <code>cargo build</code>.</p></body></html>",
    brotli: None,
    gzip: None,
};

const MISSING_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The console, or the page that says how to build it.
pub fn site() -> Site {
    match FILES.iter().find(|file| file.path == INDEX) {
        Some(index) => {
            let others = FILES.iter().filter(|file| file.path != INDEX);
            Site::application(others.copied(), *index, POLICY)
        }
        None => Site::page(MISSING, MISSING_POLICY),
    }
}

/// Whether this binary has the console.
pub fn is_built() -> bool {
    FILES.iter().any(|file| file.path == INDEX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_nothing_inline_and_nothing_foreign_run() {
        for loose in ["unsafe", "http:", "https:", "*", "blob:"] {
            assert!(!POLICY.contains(loose), "{loose}");
            assert!(!MISSING_POLICY.contains(loose), "{loose}");
        }
        for kept in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(
                POLICY.contains(kept) && MISSING_POLICY.contains(kept),
                "{kept}"
            );
        }
    }

    #[test]
    fn what_is_built_in_is_whole() {
        assert_eq!(FILES.is_empty(), !is_built());
        for file in FILES {
            assert!(
                file.path.starts_with('/') && !file.digest.is_empty(),
                "{}",
                file.path
            );
            assert!(!file.plain.is_empty(), "{} is empty", file.path);
            // What is kept for ever must have a name of its own for every content.
            assert_eq!(
                file.immutable,
                file.path.starts_with("/assets/"),
                "{}",
                file.path
            );
        }
    }
}
