//! Where the bytes are: a folder or a bucket. Each form of a file is one object, sealed under the file's own key and bound to its place, so that
//! neither who has the folder nor who has the bucket can read one, change one, or put one in the place of another.

mod bucket;
mod disk;

use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use gantry_files::{FileId, Variant};
use gantry_kernel::crypto::{Keyring, SealError};
use gantry_kernel::{Entropy, Secret, TenantId};
use gantry_objects::BucketFault;
use gantry_outbound::OutboundSettings;

use crate::FilesConfig;
use bucket::Bucket;
use disk::Disk;

/// The folder in the data directory, unless another one is configured.
const FOLDER: &str = "files";

/// A folder or a bucket.
#[derive(Clone, Debug)]
pub struct Keep(Place);

#[derive(Clone, Debug)]
enum Place {
    Disk(Disk),
    Bucket(Bucket),
}

/// What is wrong with the place of the bytes.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The bucket.
    #[error("{bucket}: {fault}")]
    Bucket {
        /// Which.
        bucket: String,
        /// What is wrong.
        fault: BucketFault,
    },
    /// A file of the folder.
    #[error("{}: {source}", path.display())]
    Disk {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// One form of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) tenant: TenantId,
    pub(crate) file: FileId,
    pub(crate) variant: Variant,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.{}", self.tenant, self.file, self.variant)
    }
}

impl Keep {
    /// The configured place. Nothing is asked of it before it is used.
    pub fn open(
        config: &FilesConfig,
        outbound: &OutboundSettings,
        data: &Path,
    ) -> Result<Self, KeepError> {
        let place = if let Some(bucket) = &config.s3.bucket {
            Place::Bucket(Bucket::open(&config.s3, bucket, outbound)?)
        } else {
            let folder = config.directory.clone();
            Place::Disk(Disk::new(folder.unwrap_or_else(|| data.join(FOLDER))))
        };
        Ok(Self(place))
    }

    /// Stores an object; it is there for good when this returns.
    pub(crate) async fn put(&self, object: Object, bytes: Vec<u8>) -> Result<(), KeepError> {
        match &self.0 {
            Place::Disk(disk) => disk.put(object, bytes).await,
            Place::Bucket(bucket) => bucket.put(object, bytes).await,
        }
    }

    /// An object; `None` when it is not there.
    pub(crate) async fn get(&self, object: Object) -> Result<Option<Bytes>, KeepError> {
        match &self.0 {
            Place::Disk(disk) => disk.get(object).await,
            Place::Bucket(bucket) => bucket.get(object).await,
        }
    }

    /// Deletes an object, if it is there.
    pub(crate) async fn delete(&self, object: Object) -> Result<(), KeepError> {
        match &self.0 {
            Place::Disk(disk) => disk.delete(object).await,
            Place::Bucket(bucket) => bucket.delete(object).await,
        }
    }

    /// Deletes everything of a tenant.
    pub(crate) async fn forget(&self, tenant: TenantId) -> Result<(), KeepError> {
        match &self.0 {
            Place::Disk(disk) => disk.forget(tenant).await,
            Place::Bucket(bucket) => bucket.forget(tenant).await,
        }
    }
}

/// The key of one file, as it is before it is sealed for the database.
pub(crate) struct FileKey(Secret<[u8; 32]>);

/// What the key is called where it seals; it is the only one of its ring.
const NAME: &str = "file";

impl FileKey {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let mut key = Secret::new([0; 32]);
        entropy.fill(key.expose_mut());
        Self(key)
    }

    /// For the row of the file.
    pub(crate) fn sealed(
        &self,
        keyring: &Keyring,
        entropy: &dyn Entropy,
        file: FileId,
    ) -> Result<Vec<u8>, SealError> {
        keyring.seal(entropy, &place(file), self.0.expose())
    }

    /// From the row of the file.
    pub(crate) fn opened(
        keyring: &Keyring,
        file: FileId,
        sealed: &[u8],
    ) -> Result<Self, SealError> {
        let key = keyring.open(&place(file), sealed)?;
        let key = key.expose().as_slice().try_into();
        key.map(|key| Self(Secret::new(key)))
            .map_err(|_| SealError::Malformed)
    }

    fn ring(&self) -> Result<Keyring, SealError> {
        Keyring::new(NAME, *self.0.expose())
    }

    pub(crate) fn seal(
        &self,
        entropy: &dyn Entropy,
        object: Object,
        plain: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        self.ring()?.seal(entropy, &object.to_string(), plain)
    }

    pub(crate) fn open(&self, object: Object, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let plain = self.ring()?.open(&object.to_string(), sealed)?;
        Ok(plain.expose().clone())
    }
}

/// Where the sealed key belongs.
fn place(file: FileId) -> String {
    format!("files/sealed_key/{file}")
}
