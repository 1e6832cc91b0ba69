//! A bucket: one object for each form of a file, in a folder of its tenant.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use gantry_kernel::TenantId;
use gantry_objects::{BucketFault, S3Config, Wire};
use gantry_outbound::OutboundSettings;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

use super::{KeepError, Object};

/// The longest that one request may take, what is tried again included.
const LONGEST: Duration = Duration::from_secs(50);

/// The bucket.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    s3: AmazonS3,
    name: String,
    prefix: Path,
}

impl Bucket {
    pub(super) fn open(
        config: &S3Config,
        name: &str,
        outbound: &OutboundSettings,
    ) -> Result<Self, KeepError> {
        let s3 = gantry_objects::open(config, name, &Wire::new(outbound));
        let s3 = s3.map_err(|fault| KeepError::Bucket {
            bucket: name.to_owned(),
            fault,
        })?;
        Ok(Self {
            s3,
            name: name.to_owned(),
            prefix: Path::from(config.prefix.as_str()),
        })
    }

    async fn asked<T>(
        &self,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, KeepError> {
        let done = match tokio::time::timeout(LONGEST, work).await {
            Ok(done) => done.map_err(|error| BucketFault::of(&error)),
            Err(_) => Err(BucketFault::Stalled),
        };
        done.map_err(|fault| KeepError::Bucket {
            bucket: format!("s3://{}/{}", self.name, self.prefix),
            fault,
        })
    }

    fn folder(&self, tenant: TenantId) -> Path {
        self.prefix.clone().join(tenant.to_string())
    }

    fn key(&self, object: Object) -> Path {
        let name = format!("{}.{}", object.file, object.variant);
        self.folder(object.tenant).join(name)
    }

    pub(super) async fn put(&self, object: Object, bytes: Vec<u8>) -> Result<(), KeepError> {
        let (at, payload) = (self.key(object), PutPayload::from_bytes(bytes.into()));
        self.asked(self.s3.put(&at, payload)).await.map(drop)
    }

    pub(super) async fn get(&self, object: Object) -> Result<Option<Bytes>, KeepError> {
        let at = self.key(object);
        let read = async { self.s3.get(&at).await?.bytes().await };
        absent(self.asked(read).await.map(Some))
    }

    pub(super) async fn delete(&self, object: Object) -> Result<(), KeepError> {
        let at = self.key(object);
        absent(self.asked(self.s3.delete(&at)).await.map(Some)).map(drop)
    }

    pub(super) async fn forget(&self, tenant: TenantId) -> Result<(), KeepError> {
        let folder = self.folder(tenant);
        let objects = self.s3.list(Some(&folder));
        let all = objects.map_ok(|object| object.location).boxed();
        let gone = self.s3.delete_stream(all).try_for_each(async |_| Ok(()));
        self.asked(gone).await
    }
}

fn absent<T>(asked: Result<Option<T>, KeepError>) -> Result<Option<T>, KeepError> {
    match asked {
        Err(KeepError::Bucket {
            fault: BucketFault::Gone(_),
            ..
        }) => Ok(None),
        other => other,
    }
}
