//! An API client for tests: it speaks plain HTTP, keeps credentials the way the two kinds of caller
//! do, and shows the whole exchange when an expectation breaks.

mod answer;
mod call;
mod events;
mod owner;
mod second_factor;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use reqwest::Method;

pub use answer::Answer;
pub use call::Call;
pub use events::{Events, ServerEvent};
pub use owner::Owner;
pub use second_factor::SecondFactor;

/// Longer than any request may take on the server, so that its answer is seen.
const TIMEOUT: Duration = Duration::from_secs(45);

/// A caller. Clones share connections but not credentials.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    credentials: Arc<Mutex<Credentials>>,
}

/// Who the caller says it is.
#[derive(Clone, Debug, Default)]
struct Credentials {
    bearer: Option<String>,
    /// A browser: cookies as the server set them, and the token against forged requests.
    cookies: Option<BTreeMap<String, String>>,
    csrf: Option<String>,
}

impl Clone for Client {
    fn clone(&self) -> Self {
        let credentials = self.credentials().clone();
        let credentials = Arc::new(Mutex::new(credentials));
        Self {
            http: self.http.clone(),
            base: self.base.clone(),
            credentials,
        }
    }
}

impl Client {
    /// A caller without credentials; `base` as in `http://127.0.0.1:8080`.
    pub fn new(base: impl Into<String>) -> Self {
        let base = base.into().trim_end_matches('/').to_owned();
        Self {
            http: plain_http(),
            base,
            credentials: Arc::default(),
        }
    }

    /// The address calls go to.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same caller without credentials.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self {
            http: self.http.clone(),
            base: self.base.clone(),
            credentials: Arc::default(),
        }
    }

    /// The same caller, keeping connections between requests as most programs do.
    #[must_use]
    pub fn keeping_connections(&self) -> Self {
        self.over(builder().pool_max_idle_per_host(1))
    }

    /// The same caller over HTTP/2 with prior knowledge, on one connection.
    #[must_use]
    pub fn over_http2(&self) -> Self {
        self.over(builder().http2_prior_knowledge())
    }

    fn over(&self, http: reqwest::ClientBuilder) -> Self {
        Self {
            http: http.build().expect("an HTTP client"),
            ..self.clone()
        }
    }

    /// A caller with an access token.
    #[must_use]
    pub fn with_bearer(&self, token: impl Into<String>) -> Self {
        let client = self.anonymous();
        client.credentials().bearer = Some(token.into());
        client
    }

    /// A caller that behaves as a browser: it keeps cookies, sends `Origin` and `Sec-Fetch-Site`,
    /// and the CSRF token once [`fetch_csrf`](Self::fetch_csrf) has got one.
    #[must_use]
    pub fn browser(&self) -> Self {
        let client = self.anonymous();
        client.credentials().cookies = Some(BTreeMap::new());
        client
    }

    /// Gets the token that unsafe calls of a browser must carry, and sends it from now on.
    pub async fn fetch_csrf(&self) -> String {
        let answer = self.get("/api/v1/csrf-token").await.expect(200);
        let value = answer.value();
        let token = value["csrf_token"].as_str();
        let token = token
            .unwrap_or_else(|| panic!("no token in the answer\n{answer}"))
            .to_owned();
        self.credentials().csrf = Some(token.clone());
        token
    }

    /// Replaces the CSRF token by hand; None sends none.
    pub fn set_csrf(&self, token: Option<&str>) {
        self.credentials().csrf = token.map(str::to_owned);
    }

    /// A cookie the server has set, by name.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.credentials().cookies.as_ref()?.get(name).cloned()
    }

    /// Replaces a cookie by hand.
    pub fn set_cookie(&self, name: &str, value: &str) {
        let mut credentials = self.credentials();
        let cookies = credentials.cookies.get_or_insert_default();
        cookies.insert(name.to_owned(), value.to_owned());
    }

    /// The access token, if any.
    pub fn bearer(&self) -> Option<String> {
        self.credentials().bearer.clone()
    }

    /// `GET path`.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// `POST path`.
    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// `PUT path`.
    pub fn put(&self, path: &str) -> Call {
        self.call(Method::PUT, path)
    }

    /// `PATCH path`.
    pub fn patch(&self, path: &str) -> Call {
        self.call(Method::PATCH, path)
    }

    /// `DELETE path`.
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    /// Any method; `path` begins with a slash and may have a query.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let unsafe_method = !matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.base));
        let credentials = self.credentials();
        if let Some(bearer) = &credentials.bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some(cookies) = &credentials.cookies {
            let pairs: Vec<String> = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            if !pairs.is_empty() {
                request = request.header("cookie", pairs.join("; "));
            }
            if unsafe_method {
                request = request
                    .header("origin", &self.base)
                    .header("sec-fetch-site", "same-origin");
                if let Some(csrf) = &credentials.csrf {
                    request = request.header("x-csrf-token", csrf);
                }
            }
        }
        Call::new(
            method,
            path.to_owned(),
            request,
            Arc::clone(&self.credentials),
        )
    }

    fn credentials(&self) -> MutexGuard<'_, Credentials> {
        self.credentials
            .lock()
            .expect("credentials are only locked to be read and written")
    }
}

impl Credentials {
    /// Takes in what `Set-Cookie` says; an empty or expired one is removed.
    fn take_cookie(&mut self, header: &str) {
        let Some(cookies) = &mut self.cookies else {
            return;
        };
        let (pair, attributes) = header.split_once(';').unwrap_or((header, ""));
        let Some((name, value)) = pair.split_once('=') else {
            return;
        };
        let gone = attributes
            .split(';')
            .any(|attribute| attribute.trim().eq_ignore_ascii_case("max-age=0"));
        if gone || value.trim().is_empty() {
            cookies.remove(name.trim());
        } else {
            cookies.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
}

pub(crate) fn plain_http() -> reqwest::Client {
    // A kept connection may belong to a process that was killed since.
    let http = builder().pool_max_idle_per_host(0);
    http.build().expect("an HTTP client")
}

/// A client that follows no redirect, uses no proxy and asks once: what the server said is what is seen.
fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .timeout(TIMEOUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_kept_replaced_and_removed() {
        let client = Client::new("http://127.0.0.1:1/").browser();
        let take = |header: &str| client.credentials().take_cookie(header);
        take("__Host-gantry=abc; Path=/; Secure; HttpOnly; SameSite=Lax");
        assert_eq!(client.cookie("__Host-gantry").as_deref(), Some("abc"));
        take("__Host-gantry=def=; Max-Age=60");
        assert_eq!(client.cookie("__Host-gantry").as_deref(), Some("def="));
        take("__Host-gantry=; Path=/; Max-Age=0");
        assert_eq!(client.cookie("__Host-gantry"), None);
        assert_eq!(client.base(), "http://127.0.0.1:1");
    }

    #[test]
    fn only_a_browser_keeps_cookies() {
        let client = Client::new("http://127.0.0.1:1");
        client.credentials().take_cookie("a=b");
        assert_eq!(client.cookie("a"), None);
        assert_eq!(client.with_bearer("t").bearer().as_deref(), Some("t"));
        assert_eq!(client.with_bearer("t").anonymous().bearer(), None);
    }
}
