//! The section `[backup]`.

use std::path::PathBuf;
use std::time::Duration;

use gantry_kernel::Period;
use gantry_objects::S3Config;
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
