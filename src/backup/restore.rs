//! Putting a backup in its place.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::{BackupError, FILES, KEPT, Kind, Manifest, SQLITE, TABLES, archive, staging};
use crate::config::{Config, DatabaseUrl};
use crate::control;
use crate::domain::UnixMillis;
use crate::store::dump;

/// What was put in its place.
#[derive(Debug)]
pub struct Restored {
    /// The version that made the backup.
    pub version: String,
    /// When that was.
    pub made_at: UnixMillis,
    /// Where what was there before is now.
    pub aside: Option<PathBuf>,
}

/// Restores the backup `from` (`-`: standard input). What of SQLite or of secrets is there already is moved aside if `force` says so.
///
/// # Errors
/// [`BackupError`]; then nothing was changed.
pub async fn restore(config: &Config, from: &Path, force: bool) -> Result<Restored, BackupError> {
    let data_dir = &config.data_dir;
    let socket = control::path(data_dir);
    if UnixStream::connect(&socket).is_ok() {
        return Err(BackupError::Running { socket });
    }
    let database = config.database_url();
    let in_the_way = in_the_way(data_dir, &database);
    if let Some(path) = in_the_way.first().filter(|_| !force) {
        return Err(BackupError::NotBlank { path: path.clone() });
    }
    if let DatabaseUrl::Postgres(url) = &database {
        dump::postgres_is_blank(url.expose()).await?;
    }
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir);
    made.map_err(failed(data_dir))?;
    let staging = staging(data_dir).map_err(failed(data_dir))?;
    let manifest = read(from, staging.path())?;
    check(&manifest, &database, staging.path()).await?;
    inherit_owner(data_dir, staging.path())?;

    // Whole or not at all; everything after it is a move.
    if let DatabaseUrl::Postgres(url) = &database {
        let folder = staging.path().join(TABLES);
        dump::restore_postgres(url.expose(), manifest.migration, &manifest.tables, &folder).await?;
    }
    let aside = move_aside(data_dir, &in_the_way)?;
    if let DatabaseUrl::Sqlite(path) = &database {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder).map_err(failed(folder))?;
        }
        move_file(&staging.path().join(SQLITE), path)?;
    }
    for name in KEPT {
        let kept = staging.path().join(FILES).join(name);
        if kept.exists() {
            let to = data_dir.join(name);
            fs::rename(&kept, &to).map_err(failed(&to))?;
        }
    }
    let folder = File::open(data_dir).and_then(|folder| folder.sync_all());
    folder.map_err(failed(data_dir))?;
    Ok(Restored {
        version: manifest.version,
        made_at: manifest.made_at,
        aside,
    })
}

/// What is there of a server's data, outside PostgreSQL.
fn in_the_way(data_dir: &Path, database: &DatabaseUrl) -> Vec<PathBuf> {
    let kept = KEPT.map(|name| data_dir.join(name));
    let own = match database {
        // Of another database, what was not yet written into it would destroy the restored one.
        DatabaseUrl::Sqlite(path) => ["", "-wal", "-shm"]
            .map(|end| {
                let mut name = path.clone().into_os_string();
                name.push(end);
                PathBuf::from(name)
            })
            .into(),
        DatabaseUrl::Postgres(_) => Vec::new(),
    };
    let all = own.into_iter().chain(kept);
    all.filter(|path| fs::symlink_metadata(path).is_ok())
        .collect()
}

fn read(from: &Path, folder: &Path) -> Result<Manifest, BackupError> {
    if from == Path::new("-") {
        return archive::read(io::stdin().lock(), "standard input", folder);
    }
    let file = File::open(from).map_err(failed(from))?;
    archive::read(file, &from.display().to_string(), folder)
}

async fn check(
    manifest: &Manifest,
    database: &DatabaseUrl,
    folder: &Path,
) -> Result<(), BackupError> {
    let configured = match database {
        DatabaseUrl::Sqlite(_) => Kind::Sqlite,
        DatabaseUrl::Postgres(_) => Kind::Postgres,
    };
    if manifest.database != configured {
        return Err(BackupError::OtherDatabase {
            backup: manifest.database,
            configured,
        });
    }
    if manifest.migration > dump::newest_migration() {
        let version = manifest.version.clone();
        return Err(BackupError::Newer { version });
    }
    if configured == Kind::Sqlite {
        dump::check_sqlite(&folder.join(SQLITE)).await?;
    }
    Ok(())
}

/// Gives what root puts into another user's data directory to that user.
fn inherit_owner(data_dir: &Path, staging: &Path) -> Result<(), BackupError> {
    let owner = fs::metadata(data_dir).map_err(failed(data_dir))?;
    if !rustix::process::geteuid().is_root() || owner.uid() == 0 {
        return Ok(());
    }
    let mut folders = vec![staging.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
            let path = entry.map_err(failed(&folder))?.path();
            chown(&path, Some(owner.uid()), Some(owner.gid())).map_err(failed(&path))?;
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    Ok(())
}

/// Moves what is in the way into a folder of its own.
fn move_aside(data_dir: &Path, in_the_way: &[PathBuf]) -> Result<Option<PathBuf>, BackupError> {
    if in_the_way.is_empty() {
        return Ok(None);
    }
    let aside = data_dir.join(format!("replaced-{}", UnixMillis::now().0));
    let made = DirBuilder::new().mode(0o700).create(&aside);
    made.map_err(failed(&aside))?;
    for path in in_the_way {
        let name = path.file_name().unwrap_or_default();
        move_file(path, &aside.join(name))?;
    }
    Ok(Some(aside))
}

/// Moves a file or a folder; a file to another file system too.
fn move_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let owner = fs::metadata(from).map_err(failed(from))?;
            fs::copy(from, to).map_err(failed(to))?;
            File::open(to)
                .and_then(|file| file.sync_all())
                .map_err(failed(to))?;
            if rustix::process::geteuid().is_root() {
                chown(to, Some(owner.uid()), Some(owner.gid())).map_err(failed(to))?;
            }
            fs::remove_file(from).map_err(failed(from))
        }
        moved => moved.map_err(failed(to)),
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File { path, source }
}
