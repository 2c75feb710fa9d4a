//! The socket itself: where it is, that there is one server behind it, and who may speak to it.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::unix::{SocketAddr, UCred};
use tokio::net::{UnixListener, UnixStream};

/// How long accepting rests when the system has no descriptor left.
const REST: Duration = Duration::from_millis(200);
/// The longest name of a Unix socket on Linux, in bytes.
const LONGEST: usize = 107;

/// Why there can be no socket.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Another server answers there.
    #[error(
        "{}: another zvonilka runs with this data_dir; stop it first, or give this one a data_dir of its own",
        path.display()
    )]
    Running {
        /// The socket.
        path: PathBuf,
    },
    /// Its name does not fit.
    #[error("{}: longer than the {LONGEST} bytes that a socket's name may have; choose a shorter data_dir", path.display())]
    Long {
        /// The socket.
        path: PathBuf,
    },
    /// Something else than a socket has its name.
    #[error("{}: not a socket; move it away, the server needs the name for its own", path.display())]
    Taken {
        /// What is in the way.
        path: PathBuf,
    },
    /// The system does not let it be made.
    #[error("{}: {source}", path.display())]
    System {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Where the socket of a data directory is.
#[must_use]
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Accepts connections of the server's own user and of root.
#[derive(Debug)]
pub struct Listener {
    inner: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Makes the socket, in place of one that a server left behind.
    ///
    /// # Errors
    /// [`ControlError`]; [`ControlError::Running`] if a server answers there.
    pub async fn bind(path: PathBuf) -> Result<Self, ControlError> {
        let system = |source| ControlError::System {
            path: path.clone(),
            source,
        };
        if path.as_os_str().len() > LONGEST {
            return Err(ControlError::Long { path });
        }
        match std::fs::symlink_metadata(&path) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(ControlError::Taken { path });
            }
            Ok(_) => match UnixStream::connect(&path).await {
                Ok(_) => return Err(ControlError::Running { path }),
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(&path).map_err(system)?;
                }
                Err(error) => return Err(system(error)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(system(error)),
        }
        let inner = UnixListener::bind(&path).map_err(system)?;
        // Whoever comes before this is turned away by who they are.
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).map_err(system)?;
        Ok(Self { inner, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl axum::serve::Listener for Listener {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (UnixStream, SocketAddr) {
        loop {
            match self.inner.accept().await {
                Ok((stream, address)) => match stream.peer_cred() {
                    Ok(peer) if is_operator(&peer) => return (stream, address),
                    Ok(peer) => {
                        tracing::warn!(uid = peer.uid(), "a stranger tried to give commands")
                    }
                    Err(error) => tracing::warn!(%error, "who gives commands cannot be told"),
                },
                Err(error) => {
                    tracing::warn!(%error, "a command could not be accepted");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

fn is_operator(peer: &UCred) -> bool {
    peer.uid() == 0 || peer.uid() == rustix::process::geteuid().as_raw()
}

/// Takes the socket away once nobody serves it.
pub(super) fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::debug!(%error, path = %path.display(), "the control socket was gone already");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_is_its_owners_alone_and_replaces_one_that_was_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path());
        drop(Listener::bind(path.clone()).await.unwrap());
        assert!(path.exists(), "a crash leaves it");
        let _listener = Listener::bind(path.clone()).await.unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn two_servers_do_not_share_a_data_directory() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path());
        let _first = Listener::bind(path.clone()).await.unwrap();
        let second = Listener::bind(path).await.unwrap_err();
        assert!(matches!(second, ControlError::Running { .. }), "{second}");
    }

    #[tokio::test]
    async fn what_is_no_socket_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path());
        std::fs::write(&path, "precious").unwrap();
        let refused = Listener::bind(path.clone()).await.unwrap_err();
        assert!(matches!(refused, ControlError::Taken { .. }), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
        let long = folder.path().join("x".repeat(200));
        let refused = Listener::bind(long).await.unwrap_err();
        assert!(matches!(refused, ControlError::Long { .. }), "{refused}");
    }
}
