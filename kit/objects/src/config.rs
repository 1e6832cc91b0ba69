//! How a bucket is configured.

use gantry_kernel::{Secret, is_loopback};
use gantry_runtime::config::Remark;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct S3Config {
    /// The bucket's name. Without it no bucket is used.
    pub bucket: Option<String>,
    /// What the names of all objects begin with, as in "gantry/production". Two installations never share one.
    pub prefix: String,
    /// The region that the bucket is in.
    pub region: String,
    /// The server, as in `https://s3.example.com`. Not set: Amazon's, in the region.
    pub endpoint: Option<String>,
    /// Who asks.
    #[serde(skip_serializing)]
    pub access_key_id: Secret<String>,
    /// The secret that belongs to it.
    #[serde(skip_serializing)]
    pub secret_access_key: Secret<String>,
    /// Allow a server on another machine without TLS. Whoever is on the way sees the files, which are encrypted, and may change what
    /// is asked for: only for a network that nobody else is on.
    pub allow_http: bool,
}

impl Default for S3Config {
    fn default() -> Self {
        Self {
            bucket: None,
            prefix: String::new(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            access_key_id: Secret::default(),
            secret_access_key: Secret::default(),
            allow_http: false,
        }
    }
}

impl S3Config {
    /// Where requests go, without a slash at the end.
    pub fn endpoint(&self) -> String {
        let amazons = || format!("https://s3.{}.amazonaws.com", self.region);
        let named = self
            .endpoint
            .as_deref()
            .map(|url| url.trim_end_matches('/'));
        named.map_or_else(amazons, str::to_owned)
    }

    /// What cannot be meant, for a section that holds this under the key `s3`.
    pub fn review(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let mut refuse = |key, why: &str| {
            let why = why.to_owned();
            remarks.push(Remark::Refused { key, why });
        };
        let Some(bucket) = &self.bucket else {
            return remarks;
        };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(plain) {
            let why = "a bucket's name has 3 to 63 of a-z, 0-9, - and .";
            refuse("s3.bucket", why);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
        let parts = || self.prefix.split('/');
        if !self.prefix.chars().all(plain) || parts().any(|part| part == "." || part == "..") {
            refuse(
                "s3.prefix",
                "use letters, digits, -, _, . and / between parts",
            );
        }
        if self.region.is_empty() || !self.region.chars().all(|c| plain(c) && c != '/') {
            refuse("s3.region", "it reads like eu-central-1");
        }
        for (key, secret) in [
            ("s3.access_key_id", &self.access_key_id),
            ("s3.secret_access_key", &self.secret_access_key),
        ] {
            if secret.expose().is_empty() {
                refuse(key, "the bucket is not asked without it");
            }
        }
        match url::Url::parse(&self.endpoint()) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") || url.path() != "/" => {
                refuse(
                    "s3.endpoint",
                    "it reads like https://s3.example.com, and no more",
                );
            }
            Ok(url)
                if url.scheme() == "http"
                    && !self.allow_http
                    && !url.host_str().is_some_and(is_loopback) =>
            {
                refuse("s3.endpoint", "use https, or set s3.allow_http");
            }
            Ok(_) => {}
            Err(_) => refuse("s3.endpoint", "it is no address"),
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> S3Config {
        S3Config {
            bucket: Some("backups".to_owned()),
            access_key_id: Secret::new("id".to_owned()),
            secret_access_key: Secret::new("secret".to_owned()),
            ..S3Config::default()
        }
    }

    fn refused(config: &S3Config) -> Vec<&'static str> {
        let keys = config
            .review()
            .into_iter()
            .filter_map(|remark| match remark {
                Remark::Refused { key, .. } => Some(key),
                Remark::Missing { .. } => None,
            });
        keys.collect()
    }

    #[test]
    fn a_bucket_is_named_with_whoever_may_use_it() {
        assert_eq!(refused(&S3Config::default()), [""; 0]);
        assert_eq!(refused(&bucket()), [""; 0]);
        assert_eq!(bucket().endpoint(), "https://s3.us-east-1.amazonaws.com");
        let nobody = S3Config {
            access_key_id: Secret::default(),
            ..bucket()
        };
        assert_eq!(refused(&nobody), ["s3.access_key_id"]);
        for (name, prefix, key) in [
            ("UPPER", "", "s3.bucket"),
            ("no", "", "s3.bucket"),
            ("backups", "../other", "s3.prefix"),
            ("backups", "a b", "s3.prefix"),
        ] {
            let wrong = S3Config {
                bucket: Some(name.to_owned()),
                prefix: prefix.to_owned(),
                ..bucket()
            };
            assert_eq!(refused(&wrong), [key], "{name} {prefix}");
        }
    }

    #[test]
    fn without_tls_only_this_machine_is_asked_unless_that_is_meant() {
        let at = |endpoint: &str, allow_http| S3Config {
            endpoint: Some(endpoint.to_owned()),
            allow_http,
            ..bucket()
        };
        for good in [
            "https://s3.example.com",
            "http://127.0.0.1:9000/",
            "http://[::1]:9000",
        ] {
            assert_eq!(refused(&at(good, false)), [""; 0], "{good}");
        }
        assert_eq!(refused(&at("http://store:9000", false)), ["s3.endpoint"]);
        assert_eq!(refused(&at("http://store:9000", true)), [""; 0]);
        for wrong in ["store", "ftp://store", "https://store/bucket"] {
            assert_eq!(refused(&at(wrong, true)), ["s3.endpoint"], "{wrong}");
        }
        let shown = format!("{:?}", bucket());
        assert!(
            !shown.contains("\"secret\"") && shown.contains("[secret]"),
            "{shown}"
        );
    }
}
