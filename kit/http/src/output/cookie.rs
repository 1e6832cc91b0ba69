//! `Set-Cookie` (RFC 6265bis): always `Secure`, `HttpOnly`, for this host only, and attached to
//! requests that other sites start on top-level navigation alone (`SameSite=Lax`).

use std::time::Duration;

use gantry_kernel::Problem;
use http::HeaderValue;

/// A cookie to set or remove. Its name should start with `__Host-`, which browsers then hold us to.
#[derive(Clone)]
pub struct Cookie {
    name: &'static str,
    value: String,
    max_age: Option<Duration>,
}

impl Cookie {
    /// A cookie that ends with the browser session.
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
            max_age: None,
        }
    }

    /// Removes the cookie.
    pub fn remove(name: &'static str) -> Self {
        Self::new(name, "").max_age(Duration::ZERO)
    }

    /// Keeps the cookie for this long.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    pub(crate) fn header(&self) -> Result<HeaderValue, Problem> {
        let octet = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b',' | b';' | b'\\');
        if !self.value.bytes().all(octet) {
            return Err(Problem::internal(BadCookie));
        }
        let mut text = format!(
            "{}={}; Path=/; Secure; HttpOnly; SameSite=Lax",
            self.name, self.value
        );
        if let Some(age) = self.max_age {
            text.push_str("; Max-Age=");
            text.push_str(&age.as_secs().to_string());
        }
        let mut value = HeaderValue::try_from(text).map_err(|_| Problem::internal(BadCookie))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a cookie value holds characters that cookies cannot carry")]
struct BadCookie;
