//! Files of a web interface, served where no route is. They are data that lies in the binary: the same for everybody,
//! so nobody is asked who they are, and they count against no limit.

mod encoding;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::output::{Response, ResponseBody, bytes_response, none_match};
use encoding::Encoding;

/// One file, as it lies in the binary.
#[derive(Clone, Copy, Debug)]
pub struct SiteFile {
    /// Where it is served, from the first slash.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Hash of its bytes, of characters that an entity tag can carry.
    pub digest: &'static str,
    /// Whether its path changes when its bytes do, so that it can be kept for ever.
    pub immutable: bool,
    /// The bytes as they are.
    pub plain: &'static [u8],
    /// The bytes compressed with Brotli.
    pub brotli: Option<&'static [u8]>,
    /// The bytes compressed with gzip.
    pub gzip: Option<&'static [u8]>,
}

/// A web interface: files, and the page that stands for every address people navigate to.
#[derive(Clone, Debug, Default)]
pub struct Site {
    files: BTreeMap<&'static str, SiteFile>,
    root: Option<SiteFile>,
    /// Whether `root` answers navigations to other addresses as well, because it routes by itself.
    routes: bool,
    policy: Option<HeaderValue>,
}

impl Site {
    /// An application that routes by itself: `root` answers every navigation, under the given content security policy.
    pub fn application(
        files: impl IntoIterator<Item = SiteFile>,
        root: SiteFile,
        policy: &'static str,
    ) -> Self {
        Self {
            files: files.into_iter().map(|file| (file.path, file)).collect(),
            root: Some(root),
            routes: true,
            policy: Some(HeaderValue::from_static(policy)),
        }
    }

    /// One page at `/` and nothing else.
    pub fn page(root: SiteFile, policy: &'static str) -> Self {
        Self {
            files: BTreeMap::new(),
            root: Some(root),
            routes: false,
            policy: Some(HeaderValue::from_static(policy)),
        }
    }

    /// The answer to a request that no route takes, and how it may be cached; none where nothing is.
    pub(crate) fn answer(&self, parts: &Parts) -> Option<(Response, HeaderValue)> {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return None;
        }
        let path = parts.uri.path();
        if let Some(file) = self.files.get(path) {
            return Some(self.reply(file, &parts.headers));
        }
        let root = self.root.as_ref()?;
        let wanted = path == "/" || (self.routes && is_page(path) && navigates(&parts.headers));
        wanted.then(|| self.reply(root, &parts.headers))
    }

    fn reply(&self, file: &SiteFile, headers: &HeaderMap) -> (Response, HeaderValue) {
        let (encoding, bytes) = Encoding::pick(file, headers);
        let tag = format!("\"{}{}\"", file.digest, encoding.suffix());
        let kind = HeaderValue::from_static(file.content_type);
        let mut response = bytes_response(StatusCode::OK, kind, Bytes::from_static(bytes));
        let known = headers
            .get(header::IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok());
        if known.is_some_and(|field| none_match(field, &tag)) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = ResponseBody::empty();
            response.headers_mut().remove(header::CONTENT_TYPE);
        }
        let fields = response.headers_mut();
        let mut set = |name: HeaderName, value: HeaderValue| fields.insert(name, value);
        set(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if let Ok(tag) = HeaderValue::try_from(tag) {
            set(header::ETAG, tag);
        }
        if let Some(name) = encoding.name() {
            set(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        if let Some(policy) = &self.policy {
            set(header::CONTENT_SECURITY_POLICY, policy.clone());
        }
        let cache = if file.immutable {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        (response, HeaderValue::from_static(cache))
    }
}

/// Whether a browser goes there, rather than a program asking for something. Programs that ask for what is not there
/// must be told so.
fn navigates(headers: &HeaderMap) -> bool {
    const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    if let Some(mode) = headers.get(SEC_FETCH_MODE) {
        return mode == "navigate";
    }
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|accept| accept.contains("text/html"))
}

/// Whether an address can be one of a page: plain words between slashes, and not where the server itself lives.
fn is_page(path: &str) -> bool {
    let mut segments = path.split('/').skip(1).peekable();
    let own = ["api", "errors"];
    if segments.peek().is_none_or(|first| own.contains(first)) {
        return false;
    }
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    segments.all(|segment| !segment.is_empty() && segment.bytes().all(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_plain_words_outside_of_the_servers_own_places() {
        for page in [
            "/sign-in",
            "/w/north-hall/spaces/students",
            "/w/01890000-0000-7000-8000-000000000000",
        ] {
            assert!(is_page(page), "{page}");
        }
        for other in [
            "/api",
            "/api/v1/nothing",
            "/errors/nothing",
            "/.env",
            "/.well-known/x",
            "/gantry.toml",
            "//healthz",
            "/healthz/",
            "/a/../b",
            "/a%2fb",
            "/a;b",
            "/",
        ] {
            assert!(!is_page(other), "{other}");
        }
    }
}
