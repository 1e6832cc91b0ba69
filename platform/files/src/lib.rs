//! Takes files in, looks into them, keeps their bytes, and hands them out by signed links.
//!
//! What comes in is never what goes out: a picture is made anew from its pixels (`check::picture`), which leaves behind where it was taken and
//! whatever else was in the file; a PDF, which cannot be made anew, waits in quarantine until a job has looked for what a document does not need
//! (`check::pdf`), and is only ever handed out to be saved. Bytes are sealed under a key of their own before they reach the disk or the bucket
//! (`keep`); the key is in the tenant's database, so nobody reads a file without that row, and deleting the row is the end of it wherever bytes may
//! still lie.

mod api;
mod check;
mod config;
mod error;
mod jobs;
mod keep;
mod module;
mod routes;
mod rows;
mod take;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_contracts::{Limits, Slot, TenantFiles};
use gantry_db::Tenants;
use gantry_files::Links;
use gantry_kernel::crypto::Keyring;
use gantry_kernel::{Kernel, Problem, TenantId};
use tokio::sync::Semaphore;

pub use config::FilesConfig;
pub use error::{CODES, Error};
pub use gantry_objects::S3Config;
pub use jobs::{CHECK, kinds};
pub use keep::{Keep, KeepError};
pub use module::module;
pub use routes::{MAX_UPLOAD, routes};
pub use rows::{MEGABYTES, MOST_LOOSE};

/// Pictures that are decoded at once: each may take some 200 MB while it is.
const DECODING: usize = 2;
/// Files that are read at once.
const READING: usize = 8;

/// What routes and jobs share.
pub struct Files {
    pub(crate) kernel: Kernel,
    pub(crate) tenants: Tenants,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) limits: Slot<dyn Limits>,
    pub(crate) links: Links,
    pub(crate) keep: Keep,
    pub(crate) decoding: Semaphore,
    pub(crate) reading: Semaphore,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files")
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

impl Files {
    /// Over these databases, with the bytes in `keep`.
    pub fn new(
        kernel: Kernel,
        tenants: Tenants,
        keyring: Arc<Keyring>,
        limits: Slot<dyn Limits>,
        public_url: &str,
        keep: Keep,
    ) -> Self {
        Self {
            links: Links::new(&keyring, public_url),
            kernel,
            tenants,
            keyring,
            limits,
            keep,
            decoding: Semaphore::new(DECODING),
            reading: Semaphore::new(READING),
        }
    }
}

impl TenantFiles for Files {
    fn forget(&self, tenant: TenantId) -> BoxFuture<'_, Result<(), Problem>> {
        async move {
            self.keep
                .forget(tenant)
                .await
                .map_err(|error| Error::Keep(error).into())
        }
        .boxed()
    }
}
