//! The stores that the configuration names: backups are taken in the first, the others hold copies.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use gantry_db::text_value;
use gantry_outbound::OutboundSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bucket, Folder, Store};
use crate::evidence::{Unknown, words};
use crate::{BackupConfig, BackupError, Manifest};

/// Which of the configured stores.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "BackupStore")]
pub enum Kind {
    /// `backup.directory`
    Directory,
    /// `backup.second_directory`
    SecondDirectory,
    /// `backup.s3`
    S3,
}

words!(Kind { Directory = "directory", SecondDirectory = "second_directory", S3 = "s3" });

/// A configured store.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) kind: Kind,
    pub(crate) store: Store,
}

/// All of them.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) first: Place,
    pub(crate) copies: Vec<Place>,
}

impl Places {
    /// What the configuration names; files on their way to and from a bucket lie in `data`.
    pub(crate) fn of(
        config: &BackupConfig,
        outbound: &OutboundSettings,
        data: &Path,
    ) -> Result<Self, BackupError> {
        let folder = |kind, path: &Option<_>| {
            let store = Store::Folder(Folder::new(path.clone()?));
            Some(Place { kind, store })
        };
        let mut all = Vec::new();
        all.extend(folder(Kind::Directory, &config.directory));
        all.extend(folder(Kind::SecondDirectory, &config.second_directory));
        if config.s3.bucket.is_some() {
            all.push(Place {
                kind: Kind::S3,
                store: Store::Bucket(Bucket::open(&config.s3, outbound, data)?),
            });
        }
        let mut all = all.into_iter();
        let first = all.next().ok_or(BackupError::NotConfigured)?;
        Ok(Self {
            first,
            copies: all.collect(),
        })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Place> {
        std::iter::once(&self.first).chain(&self.copies)
    }

    /// A backup (the newest, without a name) and the first store that has it.
    pub(crate) async fn find(&self, name: Option<&str>) -> Result<(Place, Manifest), BackupError> {
        let name = if let Some(name) = name {
            name.to_owned()
        } else {
            let mut names = Vec::new();
            for place in self.all() {
                names.extend(place.store.list().await?);
            }
            names
                .into_iter()
                .max()
                .ok_or_else(|| BackupError::Unknown("yet".to_owned()))?
        };
        for place in self.all() {
            if place.store.has(&name).await? {
                let manifest = place.store.manifest(&name).await?;
                return Ok((place.clone(), manifest));
            }
        }
        Err(BackupError::Unknown(name))
    }
}
