//! The file itself: a compressed tar, what it says of itself first.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::{BackupError, FILES, FORMAT, KEPT, Manifest, SQLITE, TABLES};

/// The entry that says what the others are.
const MANIFEST: &str = "zvonilka-backup.json";
/// Longest of these, in bytes.
const LONGEST_MANIFEST: u64 = 1 << 20;

/// Writes the dump in `staging` and what is kept of `data_dir`.
pub(super) fn write(
    to: impl Write,
    manifest: &Manifest,
    staging: &Path,
    data_dir: &Path,
) -> Result<(), BackupError> {
    let mut archive = tar::Builder::new(GzEncoder::new(to, Compression::default()));
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::File { path, source }
    };
    let text =
        serde_json::to_vec_pretty(manifest).map_err(|error| failed(staging)(error.into()))?;
    let mut head = header(text.len() as u64);
    archive
        .append_data(&mut head, MANIFEST, text.as_slice())
        .map_err(failed(Path::new(MANIFEST)))?;
    let kept = KEPT.map(|name| (data_dir.join(name), Path::new(FILES).join(name)));
    let dumped = [SQLITE, TABLES].map(|name| (staging.join(name), PathBuf::from(name)));
    for (path, name) in dumped.into_iter().chain(kept) {
        for (path, name) in files(path, name)? {
            let mut file = File::open(&path).map_err(failed(&path))?;
            let length = file.metadata().map_err(failed(&path))?.len();
            let mut head = header(length);
            // A file that grows meanwhile is kept as it was.
            let whole = (&mut file).take(length);
            archive
                .append_data(&mut head, &name, whole)
                .map_err(failed(&path))?;
        }
    }
    let finished = archive.into_inner().and_then(GzEncoder::finish);
    let mut to = finished.map_err(failed(Path::new("the backup")))?;
    to.flush().map_err(failed(Path::new("the backup")))
}

fn header(length: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o600);
    header.set_size(length);
    header
}

/// The files at `path`, if there are any, each with its name in the archive.
fn files(path: PathBuf, name: PathBuf) -> Result<Vec<(PathBuf, PathBuf)>, BackupError> {
    let failed = |source| BackupError::File {
        path: path.clone(),
        source,
    };
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
        Ok(there) if there.is_file() => Ok(vec![(path, name)]),
        Ok(there) if there.is_dir() => {
            let mut found = Vec::new();
            for entry in fs::read_dir(&path).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                found.extend(files(entry.path(), name.join(entry.file_name()))?);
            }
            found.sort();
            Ok(found)
        }
        // A socket is no data.
        Ok(_) => Ok(Vec::new()),
    }
}

/// Reads all of a backup into `folder`, each file its owner's alone; `name` is what it is called in errors.
pub(super) fn read(from: impl Read, name: &str, folder: &Path) -> Result<Manifest, BackupError> {
    let broken = |why: String| BackupError::Broken {
        name: name.into(),
        why,
    };
    let unreadable = |error: io::Error| broken(error.to_string());
    let mut archive = tar::Archive::new(GzDecoder::new(from));
    let mut entries = archive.entries().map_err(unreadable)?;
    let first = entries.next().ok_or_else(|| broken("it is empty".into()))?;
    let manifest = manifest(first.map_err(unreadable)?, &broken)?;
    for entry in entries {
        let mut entry = entry.map_err(unreadable)?;
        let path = entry.path().map_err(unreadable)?.into_owned();
        if !entry.header().entry_type().is_file() || !is_ours(&path) {
            return Err(broken(format!("it has {} in it", path.display())));
        }
        let path = folder.join(path);
        let failed = |source| BackupError::File {
            path: path.clone(),
            source,
        };
        let parent = path.parent().unwrap_or(folder);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .map_err(failed)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        io::copy(&mut entry, &mut file).map_err(unreadable)?;
        file.sync_all().map_err(failed)?;
    }
    // Up to the checksum at its end.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(unreadable)?;
    Ok(manifest)
}

fn manifest(
    entry: tar::Entry<'_, impl Read>,
    broken: &impl Fn(String) -> BackupError,
) -> Result<Manifest, BackupError> {
    let named = entry
        .path()
        .map(|path| path.as_ref() == Path::new(MANIFEST));
    if !named.is_ok_and(|named| named) {
        return Err(broken(format!("it does not begin with {MANIFEST}")));
    }
    let mut text = Vec::new();
    let read = entry.take(LONGEST_MANIFEST).read_to_end(&mut text);
    read.map_err(|error| broken(error.to_string()))?;
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))?;
    // What a later version writes may not even be readable.
    if value["format"].as_u64() != Some(FORMAT.into()) {
        let version = value["version"].as_str().unwrap_or("of a later version");
        let version = version.to_owned();
        return Err(BackupError::Newer { version });
    }
    serde_json::from_value(value).map_err(|error| broken(error.to_string()))
}

/// Whether a backup has a file of this name, which then stays inside the folder that it is put into.
fn is_ours(path: &Path) -> bool {
    let normal = |part: Component<'_>| matches!(part, Component::Normal(_));
    if !path.components().all(normal) {
        return false;
    }
    let kept = |inside: &Path| KEPT.iter().any(|name| inside.starts_with(name));
    path == Path::new(SQLITE)
        || path.starts_with(TABLES)
        || path.strip_prefix(FILES).is_ok_and(kept)
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use crate::domain::UnixMillis;

    fn manifest() -> Manifest {
        Manifest {
            format: FORMAT,
            version: "0.1.0".into(),
            made_at: UnixMillis(0),
            database: Kind::Sqlite,
            migration: 1,
            tables: Vec::new(),
        }
    }

    fn written() -> Vec<u8> {
        let (staging, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(staging.path().join(SQLITE), "rows").unwrap();
        fs::write(data.path().join("jwt.secret"), "secret").unwrap();
        fs::write(data.path().join("control.sock.txt"), "not kept").unwrap();
        fs::create_dir(data.path().join("acme")).unwrap();
        fs::write(data.path().join("acme/account.json"), "{}").unwrap();
        let mut out = Vec::new();
        write(&mut out, &manifest(), staging.path(), data.path()).unwrap();
        out
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let read = read(written().as_slice(), "x", folder.path()).unwrap();
        assert_eq!((read.database, read.migration), (Kind::Sqlite, 1));
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(text(SQLITE), "rows");
        assert_eq!(text("files/jwt.secret"), "secret");
        assert_eq!(text("files/acme/account.json"), "{}");
        assert_eq!(fs::read_dir(folder.path().join(FILES)).unwrap().count(), 2);
    }

    #[test]
    fn a_backup_that_is_cut_or_changed_anywhere_is_refused() {
        let whole = written();
        for cut in [0, 1, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
            let folder = tempfile::tempdir().unwrap();
            let refused = read(&whole[..cut], "x", folder.path());
            assert!(
                matches!(refused, Err(BackupError::Broken { .. })),
                "cut at {cut}"
            );
        }
        for at in (10..whole.len()).step_by(7) {
            let mut changed = whole.clone();
            changed[at] ^= 0x55;
            let folder = tempfile::tempdir().unwrap();
            read(changed.as_slice(), "x", folder.path()).expect_err("changed");
        }
    }

    #[test]
    fn a_file_that_would_leave_the_folder_is_refused() {
        for path in [
            "../x",
            "/etc/passwd",
            "files/../../x",
            "files/other",
            "x",
            "tables/../x",
        ] {
            assert!(!is_ours(Path::new(path)), "{path}");
        }
        for path in [
            "database.sqlite",
            "tables/users.copy",
            "files/turn.secret",
            "files/acme/a.pem",
        ] {
            assert!(is_ours(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn a_backup_of_a_later_form_names_the_version_that_reads_it() {
        let later = Manifest {
            format: FORMAT + 1,
            version: "9.9.9".into(),
            ..manifest()
        };
        let empty = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        write(&mut out, &later, empty.path(), empty.path()).unwrap();
        let refused = read(out.as_slice(), "x", empty.path()).unwrap_err();
        assert!(refused.to_string().contains("9.9.9"), "{refused}");
    }
}
