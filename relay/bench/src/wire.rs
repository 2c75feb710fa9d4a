//! How a client reaches its server: by datagrams, or by a stream with or without TLS.

use anyhow::Context;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream, UdpSocket},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use stun::stream::Next;
use tempfile::TempDir;

/// How long an answer may take. Nothing is sent again: on loopback nothing is lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer, in bytes.
const MAX_ANSWER: usize = 2048;

/// The name in the certificate.
const NAME: &str = "localhost";

/// What carries a client's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
    Tls,
}

/// A connection to a server.
#[derive(Debug)]
pub(crate) enum Wire {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Wire {
    /// Connects to `server`, which shows `certificate` over TLS.
    ///
    /// # Errors
    /// If the server is not there.
    pub(crate) fn connect(
        server: SocketAddr,
        transport: Transport,
        certificate: &Certificate,
    ) -> anyhow::Result<Self> {
        if transport == Transport::Udp {
            return Self::datagrams(server);
        }
        let stream = TcpStream::connect(server).context("cannot connect over TCP")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        if transport == Transport::Tcp {
            return Ok(Self::Tcp(stream));
        }
        let session = ClientConnection::new(certificate.trusting()?, ServerName::try_from(NAME)?)?;
        Ok(Self::Tls(Box::new(StreamOwned::new(session, stream))))
    }

    /// Connects to `server` over UDP.
    ///
    /// # Errors
    /// If the system has no more sockets.
    pub(crate) fn datagrams(server: SocketAddr) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind(SocketAddr::new(server.ip(), 0))?;
        socket.connect(server)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self::Udp(socket))
    }

    /// Sends one message.
    ///
    /// # Errors
    /// If the server is gone.
    pub(crate) fn send(&mut self, message: &[u8]) -> anyhow::Result<()> {
        let sent = match self {
            Self::Udp(socket) => socket.send(message).map(drop),
            Self::Tcp(stream) => stream.write_all(message),
            Self::Tls(stream) => stream.write_all(message).and_then(|()| stream.flush()),
        };
        sent.context("the server is gone")
    }

    /// Waits for one message.
    ///
    /// # Errors
    /// If none comes.
    pub(crate) fn receive(&mut self) -> anyhow::Result<Vec<u8>> {
        let answer = match self {
            Self::Udp(socket) => {
                let mut answer = vec![0; MAX_ANSWER];
                socket.recv(&mut answer).map(|length| {
                    answer.truncate(length);
                    answer
                })
            }
            Self::Tcp(stream) => return frame(stream),
            Self::Tls(stream) => return frame(stream),
        };
        answer.context("no answer")
    }
}

fn frame(stream: &mut impl Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Next::Missing { bytes: missing } = stun::stream::next(&bytes, MAX_ANSWER)? {
        let had = bytes.len();
        bytes.resize(had + missing, 0);
        stream.read_exact(&mut bytes[had..]).context("no answer")?;
    }
    Ok(bytes)
}

/// A certificate that every server shows, made for one run of the bench.
#[derive(Debug)]
pub(crate) struct Certificate {
    folder: TempDir,
    certificate: CertificateDer<'static>,
}

impl Certificate {
    /// Makes one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
        let made_in = Self {
            folder: TempDir::with_prefix("zvonilka-bench-")?,
            certificate: made.cert.der().clone(),
        };
        fs::write(made_in.path(), made.cert.pem())?;
        fs::write(made_in.key_path(), made.signing_key.serialize_pem())?;
        Ok(made_in)
    }

    /// Returns where it is, in PEM.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Returns where its key is, in PEM.
    pub(crate) fn key_path(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    fn trusting(&self) -> anyhow::Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}
