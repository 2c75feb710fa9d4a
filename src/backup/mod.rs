//! A whole server in one file, and back: the database, the secrets that were made at first start, the certificates.
//!
//! Owns the form of the file and what is in it. A backup is made beside a server that runs or does not; it has its name only once it is whole.
//! A restore is onto a machine where there is nothing yet, puts nothing in its place before all of it was read and checked, and is not done
//! under a running server. The configuration is not in it: it is the administrator's own file.

mod archive;
mod restore;

use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::causes::chain;
use crate::config::{Config, DatabaseUrl};
use crate::domain::UnixMillis;
use crate::store::dump::{self, DumpError, Table};

pub use restore::{Restored, restore};

/// The form of the file. One that is read differently gets another number.
const FORMAT: u32 = 1;
/// What is kept of the data directory beside the database.
const KEPT: [&str; 3] = ["jwt.secret", "turn.secret", "acme"];
/// The SQLite database in the file.
const SQLITE: &str = "database.sqlite";
/// The folder of PostgreSQL's tables in the file.
const TABLES: &str = "tables";
/// The folder of what is kept in the file.
const FILES: &str = "files";

/// How the names of folders begin that are there while a backup is made or restored.
const STAGING: &str = ".backup-";
/// When such a folder is nobody's any more.
const FORGOTTEN: Duration = Duration::from_hours(24);

/// Why there is no backup, or it was not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no server's data.
    #[error("{}: {source}; is that the data_dir of the server? If not, give its own --config or --data-dir", path.display())]
    NoData {
        /// The data directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is there.
    #[error("{}: is there already; choose another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Nobody wants it on a screen.
    #[error("a backup is no text; send it on: zvonilka backup - > FILE")]
    Terminal,
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database cannot be read or written.
    #[error("the database: {}", chain(.0))]
    Database(#[from] DumpError),
    /// Not a backup, or not a whole one.
    #[error("{name}: not a whole backup of zvonilka: {why}")]
    Broken {
        /// The file.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A later version made it.
    #[error("the backup was made by zvonilka {version}, which this one ({}) is older than; install that version or a later one", env!("CARGO_PKG_VERSION"))]
    Newer {
        /// Which.
        version: String,
    },
    /// It is of the other kind of database.
    #[error(
        "the backup is of {backup}, but the configuration says {configured}; change database.url, and restore again"
    )]
    OtherDatabase {
        /// What is in the file.
        backup: Kind,
        /// What is configured.
        configured: Kind,
    },
    /// A server runs.
    #[error("a server runs with this data_dir ({}); stop it first: systemctl stop zvonilka", socket.display())]
    Running {
        /// Where it answers.
        socket: PathBuf,
    },
    /// Something is there that would be lost.
    #[error("{}: is there already; restore onto a blank data_dir, or say --force to have what is there moved aside", path.display())]
    NotBlank {
        /// What.
        path: PathBuf,
    },
}

/// Which database.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// What the file says of itself, first of all.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    format: u32,
    /// Of the program that made it.
    version: String,
    made_at: UnixMillis,
    database: Kind,
    /// The newest that the database has seen.
    migration: i64,
    /// PostgreSQL's.
    tables: Vec<Table>,
}

/// A backup that was made.
#[derive(Debug)]
pub struct Made {
    /// Of which database.
    pub database: Kind,
    /// The secrets that are configured, and therefore not in it: their keys.
    pub configured: Vec<&'static str>,
}

/// Makes a backup in the file `to`; `-` is standard output.
///
/// # Errors
/// [`BackupError`]; then there is no file `to`.
pub async fn make(config: &Config, to: &Path) -> Result<Made, BackupError> {
    let to_stdout = to == Path::new("-");
    if to_stdout && io::stdout().is_terminal() {
        return Err(BackupError::Terminal);
    }
    if !to_stdout && fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists { path: to.into() });
    }
    let data = |source| BackupError::NoData {
        path: config.data_dir.clone(),
        source,
    };
    let staging = staging(&config.data_dir).map_err(data)?;
    let (database, migration, tables) = dump(config, staging.path()).await?;
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").into(),
        made_at: UnixMillis::now(),
        database,
        migration,
        tables,
    };
    let secrets = [
        ("auth.jwt_secret", config.auth.jwt_secret.is_some()),
        ("turn.secret", config.turn.secret.is_some()),
    ];
    let configured = secrets
        .into_iter()
        .filter(|(_, is_configured)| *is_configured);
    let made = Made {
        database,
        configured: configured.map(|(key, _)| key).collect(),
    };
    if to_stdout {
        let out = io::stdout().lock();
        archive::write(out, &manifest, staging.path(), &config.data_dir)?;
        return Ok(made);
    }
    let file = |source| BackupError::File {
        path: to.into(),
        source,
    };
    // 0600, and gone if anything fails.
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let draft = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(file)?;
    archive::write(draft.as_file(), &manifest, staging.path(), &config.data_dir)?;
    draft.as_file().sync_all().map_err(file)?;
    let named = draft.persist_noclobber(to);
    named.map_err(|error| BackupError::File {
        path: to.into(),
        source: error.error,
    })?;
    let folder = File::open(folder.unwrap_or(Path::new(".")));
    folder.and_then(|folder| folder.sync_all()).map_err(file)?;
    Ok(made)
}

async fn dump(config: &Config, staging: &Path) -> Result<(Kind, i64, Vec<Table>), BackupError> {
    match config.database_url() {
        DatabaseUrl::Sqlite(path) => {
            fs::metadata(&path).map_err(|source| BackupError::NoData {
                path: path.clone(),
                source,
            })?;
            let copy = staging.join(SQLITE);
            dump::sqlite(&path, &copy).await?;
            Ok((Kind::Sqlite, dump::check_sqlite(&copy).await?, Vec::new()))
        }
        DatabaseUrl::Postgres(url) => {
            let folder = staging.join(TABLES);
            fs::create_dir(&folder).map_err(|source| BackupError::File {
                path: folder.clone(),
                source,
            })?;
            let (migration, tables) = dump::postgres(url.expose(), &folder).await?;
            Ok((Kind::Postgres, migration, tables))
        }
    }
}

/// A folder in the data directory for what is on its way, its owner's alone; gone when it is dropped.
fn staging(data_dir: &Path) -> io::Result<TempDir> {
    for entry in fs::read_dir(data_dir)? {
        let entry = entry?;
        // One that was interrupted a day ago or earlier.
        if entry.file_name().to_string_lossy().starts_with(STAGING)
            && entry.metadata()?.modified()?.elapsed().unwrap_or_default() > FORGOTTEN
        {
            fs::remove_dir_all(entry.path())?;
        }
    }
    tempfile::Builder::new()
        .prefix(STAGING)
        .tempdir_in(data_dir)
}
