//! The key of the backups: a file in the form that `age-keygen` writes, made once.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use gantry_kernel::{Kernel, Secret};

use crate::{AgeError, BackupConfig, BackupError, Identity, Recipient};

impl BackupConfig {
    fn key_path(&self) -> Result<&PathBuf, BackupError> {
        self.key_file.as_ref().ok_or(BackupError::NotConfigured)
    }

    /// The key, which must be there.
    pub(crate) fn identity(&self) -> Result<Identity, BackupError> {
        let path = self.key_path()?;
        match std::fs::read_to_string(path) {
            Ok(text) => Identity::from_file_text(Secret::new(text).expose())
                .map_err(|source| failed(path, source)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(BackupError::NoKey(path.clone()))
            }
            Err(error) => Err(failed(path, error.into())),
        }
    }

    /// The key, made if there is none.
    pub(crate) fn identity_or_new(&self, kernel: &Kernel) -> Result<Identity, BackupError> {
        match self.identity() {
            Err(BackupError::NoKey(path)) => {
                let identity = Identity::new(kernel).map_err(|source| failed(&path, source))?;
                write(&path, &identity).map_err(|error| failed(&path, error.into()))?;
                tracing::warn!(
                    path = %path.display(),
                    "made the key of the backups: keep a copy of this file apart from them"
                );
                // Another process may have made it first.
                self.identity()
            }
            other => other,
        }
    }

    /// Everybody whom backups are locked for.
    pub(crate) fn recipients_with(&self, identity: &Identity) -> Vec<Recipient> {
        let mut all = vec![identity.recipient()];
        for text in &self.recipients {
            // The settings were reviewed at start; what does not parse was refused then.
            if let Ok(recipient) = text.parse()
                && !all.contains(&recipient)
            {
                all.push(recipient);
            }
        }
        all
    }
}

fn failed(path: &Path, source: AgeError) -> BackupError {
    BackupError::Key {
        path: path.to_owned(),
        source,
    }
}

/// A file that is there already stays.
fn write(path: &Path, identity: &Identity) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let mut file = match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        other => other?,
    };
    let text = format!(
        "# The key of Gantry's backups. Without it they are useless; with it they are open.\n\
         # public key: {}\n{}\n",
        identity.recipient(),
        identity.to_text().expose()
    );
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
