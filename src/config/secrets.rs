//! Secrets: what must not be printed, and the ones that nobody configured.
//!
//! Owns the secret files in the data directory. Each is made once, by whichever process comes first, and can be read by its owner alone.

use std::{
    fmt,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{TryRng, rngs::SysRng};
use secrecy::{ExposeSecret, SecretString};

use super::{
    settings::Config,
    value::{Scalar, Wrong, quoted},
};

/// Below this a signing key can be found by trying (RFC 7518 section 3.2 asks for 32 bytes; the old server's secrets may be shorter).
const SHORTEST: usize = 16;
const GENERATED_BYTES: usize = 32;

/// A key of at least 16 bytes. `Debug` does not show it.
#[derive(Clone)]
pub struct Secret(SecretString);

/// The secrets that the server works with, configured or generated.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Signs access and refresh tokens.
    pub jwt: Secret,
    /// Makes and checks TURN credentials.
    pub turn: Secret,
}

/// Why a secret in the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("{}: cannot be made: {source}", path.display())]
    Make { path: PathBuf, source: io::Error },
    #[error("{}: cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "{path}: other users of this machine may read it (mode {mode:03o}); delete it to get a new secret (everybody signs in again), \
         or, if nobody else can have read it: chmod 600 {path}",
        path = path.display()
    )]
    Exposed { path: PathBuf, mode: u32 },
    #[error("{}: {wrong}; delete it to get a new secret", path.display())]
    Malformed { path: PathBuf, wrong: Wrong },
}

impl Secret {
    /// Returns the secret itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    fn generate() -> Result<Self, io::Error> {
        let mut bytes = [0; GENERATED_BYTES];
        SysRng
            .try_fill_bytes(&mut bytes)
            .map_err(io::Error::other)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes).into()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Scalar for Secret {
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, Wrong> {
        if text.len() < SHORTEST {
            return Err(Wrong(
                "expected at least 16 characters, such as those that `openssl rand -base64 32` prints",
            ));
        }
        Ok(Self(text.to_owned().into()))
    }

    fn shown(&self) -> String {
        quoted("***")
    }
}

impl Secrets {
    /// Returns the configured secrets; the others from the data directory, where they are made if they are not there.
    ///
    /// # Errors
    /// [`SecretError`] if the directory cannot be written or a secret in it cannot be trusted.
    pub fn load_or_create(config: &Config) -> Result<Self, SecretError> {
        let secret = |configured: &Option<Secret>, name| match configured {
            Some(secret) => Ok(secret.clone()),
            None => in_directory(&config.data_dir, name),
        };
        Ok(Self {
            jwt: secret(&config.auth.jwt_secret, "jwt.secret")?,
            turn: secret(&config.turn.secret, "turn.secret")?,
        })
    }
}

fn in_directory(directory: &Path, name: &str) -> Result<Secret, SecretError> {
    let path = directory.join(name);
    match read(&path) {
        Err(SecretError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        result => return result,
    }
    create(directory, &path).map_err(|source| SecretError::Make {
        path: path.clone(),
        source,
    })?;
    read(&path)
}

fn read(path: &Path) -> Result<Secret, SecretError> {
    let read = |source| SecretError::Read {
        path: path.into(),
        source,
    };
    let file = File::open(path).map_err(read)?;
    let mode = file.metadata().map_err(read)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Exposed {
            path: path.into(),
            mode,
        });
    }
    let text = io::read_to_string(file).map_err(read)?;
    Secret::parse(text.trim_end()).map_err(|wrong| SecretError::Malformed {
        path: path.into(),
        wrong,
    })
}

/// Makes the file whole or not at all: of two processes one wins, and both then read the same.
fn create(directory: &Path, path: &Path) -> Result<(), io::Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let secret = Secret::generate()?;
    let draft = path.with_extension(format!("draft-{}", Secret::generate()?.expose()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    let made = writeln!(file, "{}", secret.expose())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => File::open(directory)?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, thread};

    use super::*;

    #[test]
    fn generated_secrets_are_kept() {
        let (_scratch, config) = config();
        let first = Secrets::load_or_create(&config).expect("made");
        let again = Secrets::load_or_create(&config).expect("read");
        assert!(first.jwt == again.jwt && first.turn == again.turn);
        assert!(first.jwt != first.turn);
        assert_eq!(first.jwt.expose().len(), 43, "32 bytes in base64");
    }

    #[test]
    fn only_the_owner_may_read_a_generated_secret() {
        let (_scratch, config) = config();
        Secrets::load_or_create(&config).expect("made");
        let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
        assert_eq!(mode(&config.data_dir), 0o700);
        let files: Vec<_> = fs::read_dir(&config.data_dir)
            .expect("is there")
            .map(|file| file.expect("an entry").path())
            .collect();
        assert_eq!(files.len(), 2, "no draft is left: {files:?}");
        assert!(files.iter().all(|file| mode(file) == 0o600));
    }

    #[test]
    fn a_secret_that_others_may_read_is_refused() {
        let (_scratch, config) = config();
        Secrets::load_or_create(&config).expect("made");
        let path = config.data_dir.join("jwt.secret");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("its owner may");
        let error = Secrets::load_or_create(&config)
            .expect_err("refused")
            .to_string();
        assert!(
            error.contains("mode 644") && error.contains("chmod 600"),
            "{error}"
        );
    }

    #[test]
    fn of_many_processes_at_first_start_all_get_the_same_secret() {
        let (_scratch, config) = config();
        let starts: Vec<_> = (0..16)
            .map(|_| {
                let config = config.clone();
                thread::spawn(move || {
                    Secrets::load_or_create(&config)
                        .expect("made or read")
                        .jwt
                        .expose()
                        .to_owned()
                })
            })
            .collect();
        let secrets: HashSet<_> = starts
            .into_iter()
            .map(|start| start.join().expect("no panic"))
            .collect();
        assert_eq!(secrets.len(), 1);
    }

    #[test]
    fn a_configured_secret_makes_no_file() {
        let (_scratch, mut config) = config();
        let secret = Secret::parse("a configured secret").expect("long enough");
        config.auth.jwt_secret = Some(secret.clone());
        config.turn.secret = Some(secret.clone());
        let secrets = Secrets::load_or_create(&config).expect("configured");
        assert!(secrets.jwt == secret);
        assert!(!config.data_dir.exists());
    }

    #[test]
    fn a_broken_secret_file_is_named() {
        let (_scratch, config) = config();
        Secrets::load_or_create(&config).expect("made");
        fs::write(config.data_dir.join("turn.secret"), "").expect("written");
        let error = Secrets::load_or_create(&config)
            .expect_err("refused")
            .to_string();
        assert!(
            error.contains("turn.secret") && error.contains("at least 16"),
            "{error}"
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = Secret::parse("0123456789abcdef").expect("long enough");
        assert_eq!(
            format!(
                "{:?}",
                Secrets {
                    jwt: secret.clone(),
                    turn: secret
                }
            ),
            "Secrets { jwt: Secret(***), turn: Secret(***) }"
        );
    }

    fn config() -> (tempfile::TempDir, Config) {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let config = Config {
            data_dir: scratch.path().join("data"),
            ..Config::default()
        };
        (scratch, config)
    }
}
