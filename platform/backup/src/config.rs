//! The section `[backup]`.

use std::path::PathBuf;
use std::time::Duration;

use gantry_kernel::{Period, Secret, is_loopback};
use gantry_runtime::config::Remark;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Policy, Recipient, StoreKind};

/// Where backups go, how often, and how long they are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BackupConfig {
    /// The folder of the backups, outside the data directory. Without it they are taken in `s3`; without both none are.
    pub directory: Option<PathBuf>,
    /// A second folder that every finished backup is copied to: a file system of another machine.
    pub second_directory: Option<PathBuf>,
    /// The file with the key that opens the backups (`AGE-SECRET-KEY-1...`). Made by the first backup if
    /// it is not there. Keep a copy of it apart from the backups: without it they are useless.
    pub key_file: Option<PathBuf>,
    /// Further keys that can open the backups, as `age1...`: one kept offline, for instance.
    pub recipients: Vec<String>,
    /// How often a backup is taken.
    pub every: Period,
    /// How old the newest backup with every database proven may be before operators are told in the console; twice
    /// `every` when absent.
    pub stale_after: Option<Period>,
    /// The longest that copying one database may take.
    pub longest_copy: Period,
    /// Of how many of the last days the newest backup is kept.
    pub daily: u32,
    /// Of how many of the last weeks.
    pub weekly: u32,
    /// Of how many of the last months.
    pub monthly: u32,
    /// A bucket of Amazon S3, or of a server that speaks its protocol. Every finished backup is copied to it; without
    /// `directory` it is where they are taken.
    pub s3: S3Config,
}

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
    pub(crate) fn endpoint(&self) -> String {
        let amazons = || format!("https://s3.{}.amazonaws.com", self.region);
        let named = self
            .endpoint
            .as_deref()
            .map(|url| url.trim_end_matches('/'));
        named.map_or_else(amazons, str::to_owned)
    }

    fn review(&self) -> Vec<Remark> {
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

impl Default for BackupConfig {
    fn default() -> Self {
        Self {
            directory: None,
            second_directory: None,
            key_file: None,
            recipients: Vec::new(),
            every: Period::days(1),
            stale_after: None,
            longest_copy: Period::hours(1),
            daily: 7,
            weekly: 4,
            monthly: 12,
            s3: S3Config::default(),
        }
    }
}

impl BackupConfig {
    /// What cannot be meant, and what is missing.
    pub fn review(&self) -> Vec<Remark> {
        let refused = |key, why: &str| Remark::Refused {
            key,
            why: why.to_owned(),
        };
        let mut remarks = Vec::new();
        if !self.is_configured() {
            remarks.push(Remark::Missing {
                what: "backup",
                meaning:
                    "no backups are taken; set backup.directory or backup.s3, and backup.key_file"
                        .to_owned(),
            });
        }
        if self.is_configured() && self.key_file.is_none() {
            remarks.push(refused(
                "key_file",
                "backups are encrypted; name the file of their key",
            ));
        }
        if let (Some(directory), Some(key)) = (&self.directory, &self.key_file)
            && key.starts_with(directory)
        {
            remarks.push(refused(
                "key_file",
                "the key of the backups must not lie among them",
            ));
        }
        if self.directory.is_some() && self.directory == self.second_directory {
            remarks.push(refused("second_directory", "it is the first one"));
        }
        if let Some(wrong) = self
            .recipients
            .iter()
            .find(|text| text.parse::<Recipient>().is_err())
        {
            remarks.push(refused(
                "recipients",
                &format!("{wrong} is not a recipient; it reads age1.. and is 62 characters long"),
            ));
        }
        if self
            .stale_after
            .is_some_and(|after| after.get() < self.every.get())
        {
            remarks.push(refused(
                "stale_after",
                "the newest backup is as old as backup.every before the next one comes; use that or longer",
            ));
        }
        if self.daily == 0 {
            remarks.push(refused("daily", "nothing would be kept; use 1 or more"));
        }
        remarks.extend(self.s3.review());
        remarks
    }

    /// Whether there is a place for backups.
    pub const fn is_configured(&self) -> bool {
        self.directory.is_some() || self.second_directory.is_some() || self.s3.bucket.is_some()
    }

    /// The stores: backups are taken in the first, the others hold copies.
    pub fn stores(&self) -> Vec<StoreKind> {
        let all = [
            (self.directory.is_some(), StoreKind::Directory),
            (self.second_directory.is_some(), StoreKind::SecondDirectory),
            (self.s3.bucket.is_some(), StoreKind::S3),
        ];
        all.into_iter()
            .filter_map(|(there, kind)| there.then_some(kind))
            .collect()
    }

    /// How old the newest good backup may be.
    pub(crate) fn patience(&self) -> Duration {
        self.stale_after
            .map_or_else(|| self.every.get() * 2, Period::get)
    }

    pub(crate) const fn policy(&self) -> Policy {
        Policy {
            daily: self.daily,
            weekly: self.weekly,
            monthly: self.monthly,
        }
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
