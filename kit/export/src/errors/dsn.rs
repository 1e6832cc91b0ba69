//! The address that a tracker gives for a project.

use gantry_kernel::Secret;
use url::Url;

/// Where errors go, and under which key.
#[derive(Clone)]
pub(crate) struct Dsn {
    /// Where envelopes are posted.
    pub(crate) endpoint: Url,
    pub(crate) key: Secret<String>,
}

impl Dsn {
    /// `{scheme}://{key}@{host}{path}/{project}`; a secret part of older addresses is not needed and not sent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = text.parse::<Url>().ok()?;
        let key = url.username().to_owned();
        let (path, project) = url.path().rsplit_once('/')?;
        let usable = !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !project.is_empty()
            && project.bytes().all(|byte| byte.is_ascii_digit())
            && url.host_str().is_some();
        if !usable {
            return None;
        }
        let mut endpoint = url.clone();
        endpoint.set_username("").ok()?;
        endpoint.set_password(None).ok()?;
        endpoint.set_query(None);
        endpoint.set_fragment(None);
        endpoint.set_path(&format!("{path}/api/{project}/envelope/"));
        Some(Self {
            endpoint,
            key: Secret::new(key),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_becomes_that_of_envelopes() {
        for (text, endpoint) in [
            (
                "https://abc@errors.example.com/42",
                "https://errors.example.com/api/42/envelope/",
            ),
            (
                "http://abc:old@127.0.0.1:8000/a/b/7",
                "http://127.0.0.1:8000/a/b/api/7/envelope/",
            ),
        ] {
            let dsn = Dsn::parse(text).unwrap();
            assert_eq!(
                (dsn.endpoint.as_str(), dsn.key.expose().as_str()),
                (endpoint, "abc")
            );
        }
        for text in [
            "",
            "https://errors.example.com/42",
            "https://abc@errors.example.com/name",
            "https://abc@/42",
            "mailto:abc@x/4",
        ] {
            assert!(Dsn::parse(text).is_none(), "{text}");
        }
    }
}
