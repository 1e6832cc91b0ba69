//! The section `[files]`.

use std::path::PathBuf;

use gantry_objects::S3Config;
use gantry_runtime::config::Remark;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the bytes of tenants' files are kept. How much a tenant may store is `tenancy.limits`, `files.megabytes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FilesConfig {
    /// The folder they are kept in; `files` in the data directory when absent. With several processes it must be the same for all of them.
    pub directory: Option<PathBuf>,
    /// A bucket of Amazon S3, or of a server that speaks its protocol, instead of a folder. What goes there is encrypted here. Files do not move by themselves
    /// when this is changed.
    pub s3: S3Config,
}

impl FilesConfig {
    /// What cannot be meant.
    pub fn review(&self) -> Vec<Remark> {
        let mut remarks = self.s3.review();
        if self.directory.is_some() && self.s3.bucket.is_some() {
            remarks.push(Remark::Refused {
                key: "directory",
                why: "files are kept in s3 when it is configured; name one of the two".to_owned(),
            });
        }
        remarks
    }
}
