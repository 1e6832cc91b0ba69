//! A bucket of an object store that speaks S3. The objects of a backup have its name as their folder; it is there when its
//! manifest is. What is written goes to a folder of this disk first, so that no snapshot of a database waits for the network.

mod leftovers;
mod upload;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::{Path as DiskPath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use gantry_objects::{BucketFault, S3Config, Wire};
use gantry_outbound::OutboundSettings;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

use super::file::Sum;
use super::{MANIFEST, Turn, failed, read_manifest, taken_at};
use crate::run::blocking;
use crate::{BackupError, Entry, Manifest};
use leftovers::Uploads;

/// Where files lie on their way, in the data directory.
const STAGING: &str = "backup-staging";
/// The object that shows whether the bucket can be used, and what is in it.
const PROBE: &str = "gantry-probe";
/// The longest that one question may take, what is tried again included.
const LONGEST: Duration = Duration::from_mins(10);
/// The longest wait for more of a file that is being read.
const STALLED: Duration = Duration::from_mins(1);
/// The largest manifest: ten times what ten thousand tenants need.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// The bucket.
#[derive(Clone)]
pub(crate) struct Bucket(Arc<Inner>);

struct Inner {
    s3: AmazonS3,
    wire: Wire,
    config: S3Config,
    bucket: String,
    prefix: Path,
    staging: PathBuf,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bucket").field(&self.label()).finish()
    }
}

/// Ends what takes too long.
async fn within<T>(work: impl Future<Output = Result<T, BucketFault>>) -> Result<T, BucketFault> {
    tokio::time::timeout(LONGEST, work)
        .await
        .unwrap_or(Err(BucketFault::Stalled))
}

impl Bucket {
    /// The configured bucket; files on their way lie in the data directory.
    pub(crate) fn open(
        config: &S3Config,
        outbound: &OutboundSettings,
        data: &DiskPath,
    ) -> Result<Self, BackupError> {
        let bucket = config.bucket.clone().unwrap_or_default();
        let wire = Wire::new(outbound);
        let s3 =
            gantry_objects::open(config, &bucket, &wire).map_err(|fault| BackupError::Bucket {
                bucket: bucket.clone(),
                fault,
            })?;
        Ok(Self(Arc::new(Inner {
            s3,
            wire,
            config: config.clone(),
            bucket,
            prefix: Path::from(config.prefix.as_str()),
            staging: data.join(STAGING),
        })))
    }

    pub(super) fn label(&self) -> String {
        format!("s3://{}/{}", self.0.bucket, self.0.prefix)
    }

    fn failed(&self, fault: BucketFault) -> BackupError {
        BackupError::Bucket {
            bucket: self.label(),
            fault,
        }
    }

    async fn asked<T>(
        &self,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, BackupError> {
        let fault = |error| BucketFault::of(&error);
        within(async { work.await.map_err(fault) })
            .await
            .map_err(|fault| self.failed(fault))
    }

    fn folder(&self, name: &str) -> Path {
        self.0.prefix.clone().join(name)
    }

    fn object(&self, name: &str, file: &str) -> Path {
        self.folder(name).join(file)
    }

    pub(super) fn turn(&self) -> Result<Turn, BackupError> {
        Turn::take(&self.0.staging, self.label())
    }

    pub(super) async fn sweep(&self) -> Result<(), BackupError> {
        let staging = self.0.staging.clone();
        blocking(move || {
            for entry in fs::read_dir(&staging).map_err(|e| failed(&staging, e))? {
                let path = entry.map_err(|e| failed(&staging, e))?.path();
                if path.is_dir() {
                    super::folder::clear(&path)?;
                }
            }
            Ok(())
        })
        .await?;
        for name in self.names(false).await? {
            self.clear(&name).await?;
            tracing::info!(backup = name, "removed an unfinished backup");
        }
        let uploads = self.uploads();
        let prefix = self.0.prefix.as_ref();
        let left = uploads.list(prefix).await;
        for upload in left.map_err(|fault| self.failed(fault))? {
            if self.is_ours(&upload.key) {
                let ended = uploads.abort(&upload).await;
                ended.map_err(|fault| self.failed(fault))?;
                tracing::info!(object = upload.key, "ended an unfinished upload");
            }
        }
        Ok(())
    }

    fn uploads(&self) -> Uploads<'_> {
        Uploads {
            config: &self.0.config,
            bucket: &self.0.bucket,
            wire: &self.0.wire,
        }
    }

    /// Whether a key is that of a file of a backup under this prefix.
    fn is_ours(&self, key: &str) -> bool {
        let key = Path::from(key);
        let Some(mut rest) = key.prefix_match(&self.0.prefix) else {
            return false;
        };
        rest.next()
            .is_some_and(|name| taken_at(name.as_ref()).is_some())
    }

    pub(super) fn begin(&self, name: &str) -> Result<PathBuf, BackupError> {
        let path = self.0.staging.join(name);
        fs::create_dir_all(&path).map_err(|e| failed(&path, e))?;
        Ok(path)
    }

    /// Takes a file that was written to the folder of [`Bucket::begin`]. It is read back when it is proven.
    pub(super) async fn keep(&self, name: &str, entry: &Entry) -> Result<(), BackupError> {
        let path = self.0.staging.join(name).join(&entry.file);
        let at = path.clone();
        let file = blocking(move || File::open(&at).map_err(|e| failed(&at, e))).await?;
        self.put(name, entry, file).await?;
        blocking(move || fs::remove_file(&path).map_err(|e| failed(&path, e))).await
    }

    pub(super) async fn receive(
        &self,
        name: &str,
        entry: &Entry,
        file: File,
    ) -> Result<(), BackupError> {
        self.put(name, entry, file).await?;
        self.check(name, entry).await
    }

    async fn put(&self, name: &str, entry: &Entry, file: File) -> Result<(), BackupError> {
        let to = self.object(name, &entry.file);
        upload::put(&self.0.s3, &to, file)
            .await
            .map_err(|fault| self.failed(fault))
    }

    /// All objects must be there before the manifest says so.
    pub(super) async fn finish(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let folder = self.folder(&manifest.name);
        let listed = self.0.s3.list(Some(&folder)).try_collect::<Vec<_>>();
        let there: BTreeMap<Path, u64> = self
            .asked(listed)
            .await?
            .into_iter()
            .map(|object| (object.location, object.size))
            .collect();
        for entry in &manifest.entries {
            let at = self.object(&manifest.name, &entry.file);
            if there.get(&at) != Some(&entry.bytes) {
                return Err(self.failed(BucketFault::Gone(at.to_string())));
            }
        }
        let at = self.object(&manifest.name, MANIFEST);
        let text = serde_json::to_vec_pretty(manifest)
            .map_err(|error| self.failed(BucketFault::Other(error.to_string())))?;
        let payload = PutPayload::from_bytes(text.into());
        self.asked(self.0.s3.put(&at, payload)).await?;
        let staging = self.0.staging.join(&manifest.name);
        blocking(move || super::folder::clear(&staging)).await
    }

    pub(super) async fn abandon(&self, name: &str) -> Result<(), BackupError> {
        let staging = self.0.staging.join(name);
        blocking(move || super::folder::clear(&staging)).await?;
        self.clear(name).await
    }

    pub(super) async fn list(&self) -> Result<Vec<String>, BackupError> {
        self.names(true).await
    }

    async fn names(&self, finished: bool) -> Result<Vec<String>, BackupError> {
        let listed = self.0.s3.list_with_delimiter(Some(&self.0.prefix));
        let mut names = Vec::new();
        for folder in self.asked(listed).await?.common_prefixes {
            let Some(name) = folder.parts().next_back() else {
                continue;
            };
            let name = name.as_ref();
            if taken_at(name).is_some() && self.has(name).await? == finished {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    pub(super) async fn has(&self, name: &str) -> Result<bool, BackupError> {
        let at = self.object(name, MANIFEST);
        match self.asked(self.0.s3.head(&at)).await {
            Ok(_) => Ok(true),
            Err(BackupError::Bucket {
                fault: BucketFault::Gone(_),
                ..
            }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn manifest(&self, name: &str) -> Result<Manifest, BackupError> {
        let at = self.object(name, MANIFEST);
        let read = async {
            let found = self.0.s3.get(&at).await?;
            if found.meta.size > LARGEST_MANIFEST {
                return Ok(None);
            }
            found.bytes().await.map(Some)
        };
        match self.asked(read).await {
            Ok(Some(text)) => read_manifest(name, &text),
            Ok(None) => Err(BackupError::Damaged {
                file: format!("{name}/{MANIFEST}"),
                detail: "it is too large to be one".to_owned(),
            }),
            Err(BackupError::Bucket {
                fault: BucketFault::Gone(_),
                ..
            }) => Err(BackupError::Unknown(name.to_owned())),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), BackupError> {
        let manifest = self.object(name, MANIFEST);
        self.asked(self.0.s3.delete(&manifest)).await?;
        self.clear(name).await
    }

    /// Deletes all objects of a backup that is not listed.
    async fn clear(&self, name: &str) -> Result<(), BackupError> {
        let folder = self.folder(name);
        let objects = self.0.s3.list(Some(&folder));
        let all = objects.map_ok(|object| object.location).boxed();
        let gone = self.0.s3.delete_stream(all).try_for_each(async |_| Ok(()));
        self.asked(gone).await
    }

    pub(super) async fn fetch(&self, name: &str, entry: &Entry) -> Result<File, BackupError> {
        let staging = self.0.staging.clone();
        let mut file = blocking(move || nameless(&staging)).await?;
        let mut sum = Sum::new();
        let mut pieces = self.pieces(name, entry).await?;
        let staging = &self.0.staging;
        while let Some(piece) = self.next(&mut pieces).await? {
            sum.add(&piece);
            // A page of the cache at a time; what is slow is the network.
            file.write_all(&piece).map_err(|e| failed(staging, e))?;
        }
        sum.must_be(entry, self.object(name, &entry.file).to_string())?;
        file.rewind().map_err(|e| failed(staging, e))?;
        Ok(file)
    }

    pub(super) async fn check(&self, name: &str, entry: &Entry) -> Result<(), BackupError> {
        let mut sum = Sum::new();
        let mut pieces = self.pieces(name, entry).await?;
        while let Some(piece) = self.next(&mut pieces).await? {
            sum.add(&piece);
        }
        sum.must_be(entry, self.object(name, &entry.file).to_string())
    }

    pub(super) async fn probe(&self) -> Result<(), BackupError> {
        self.names(true).await?;
        let at = self.0.prefix.clone().join(PROBE);
        let payload = PutPayload::from_static(PROBE.as_bytes());
        self.asked(self.0.s3.put(&at, payload)).await?;
        let read = async { self.0.s3.get(&at).await?.bytes().await };
        let back = self.asked(read).await?;
        self.asked(self.0.s3.delete(&at)).await?;
        if back != PROBE.as_bytes() {
            let odd = "what is read is not what was written".to_owned();
            return Err(self.failed(BucketFault::Other(odd)));
        }
        Ok(())
    }

    async fn pieces(&self, name: &str, entry: &Entry) -> Result<Pieces, BackupError> {
        let at = self.object(name, &entry.file);
        Ok(self.asked(self.0.s3.get(&at)).await?.into_stream())
    }

    async fn next(&self, pieces: &mut Pieces) -> Result<Option<Bytes>, BackupError> {
        match tokio::time::timeout(STALLED, pieces.try_next()).await {
            Ok(next) => next.map_err(|error| self.failed(BucketFault::of(&error))),
            Err(_) => Err(self.failed(BucketFault::Stalled)),
        }
    }
}

type Pieces = futures_util::stream::BoxStream<'static, object_store::Result<Bytes>>;

/// A file without a name: it is gone when nobody has it open, however the process ends.
fn nameless(folder: &DiskPath) -> Result<File, BackupError> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("{}-{number}.fetched", std::process::id()));
    // One of this name is of a process that had our number and was killed between these two lines.
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .map_err(|e| failed(&path, e))?;
    fs::remove_file(&path).map_err(|e| failed(&path, e))?;
    Ok(file)
}
