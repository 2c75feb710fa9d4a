//! What is kept of an authority in the data directory: the account there and the certificate, each in a file that its owner alone can read.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use instant_acme::AccountCredentials;
use serde::{Deserialize, Serialize};

use super::{PemError, pem};

/// Why something cannot be kept, or what was kept cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// A file cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The account is none.
    #[error("{}: {source}; delete it to get a new account", path.display())]
    Account {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The certificate cannot be served.
    #[error("{0}; delete the file to get a new certificate")]
    Certificate(#[source] PemError),
}

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Folder(pub(super) PathBuf);

/// An account, and of which authority.
#[derive(Serialize, Deserialize)]
struct Account {
    directory: String,
    credentials: AccountCredentials,
}

impl Folder {
    /// Returns the account at the authority with this directory, if there is one.
    pub(super) fn account(&self, directory: &str) -> Result<Option<AccountCredentials>, KeepError> {
        let path = self.account_path();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(KeepError::Read { path, source }),
        };
        match serde_json::from_slice::<Account>(&bytes) {
            Ok(account) if account.directory == directory => Ok(Some(account.credentials)),
            Ok(_) => Ok(None),
            Err(source) => Err(KeepError::Account { path, source }),
        }
    }

    pub(super) fn keep_account(
        &self,
        directory: &str,
        credentials: AccountCredentials,
    ) -> Result<(), KeepError> {
        let path = self.account_path();
        let account = Account {
            directory: directory.to_owned(),
            credentials,
        };
        match serde_json::to_vec_pretty(&account) {
            Ok(bytes) => self.write(&path, &bytes),
            Err(source) => Err(KeepError::Account { path, source }),
        }
    }

    /// Returns the certificate of `domain`, if there is one.
    pub(super) fn certificate(&self, domain: &str) -> Result<Option<pem::Certificate>, KeepError> {
        let path = self.certificate_path(domain);
        let exists = path.try_exists().map_err(|source| KeepError::Read {
            path: path.clone(),
            source,
        })?;
        if !exists {
            return Ok(None);
        }
        pem::load(&path, &path)
            .map(Some)
            .map_err(KeepError::Certificate)
    }

    /// Keeps a certificate and its key in one file, so that they are always of each other, and returns them as they will be read.
    pub(super) fn keep_certificate(
        &self,
        domain: &str,
        chain: &str,
        key: &str,
    ) -> Result<pem::Certificate, KeepError> {
        let path = self.certificate_path(domain);
        self.write(&path, format!("{}\n{chain}", key.trim_end()).as_bytes())?;
        pem::load(&path, &path).map_err(KeepError::Certificate)
    }

    /// Writes a file whole or not at all.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), KeepError> {
        let new = path.with_extension("new");
        let write = || {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&self.0)?;
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&new, path)
        };
        write().map_err(|source| KeepError::Write {
            path: path.into(),
            source,
        })
    }

    fn account_path(&self) -> PathBuf {
        self.0.join("account.json")
    }

    fn certificate_path(&self, domain: &str) -> PathBuf {
        self.0.join(format!("{domain}.pem"))
    }
}
