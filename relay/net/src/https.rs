//! Connections of HTTP over TLS, which the door hands to who serves pages.

use crate::door::{Opened, Place, canonical};
use rustls::ServerConnection;
use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A connection past its handshake, not of any runtime yet.
pub struct Https {
    socket: std::net::TcpStream,
    tls: Box<ServerConnection>,
    read: Vec<u8>,
    client: SocketAddr,
    acceptor: TlsAcceptor,
    place: Place,
}

/// What is inside TLS. Its place is free again when this is dropped.
#[derive(Debug)]
pub struct HttpsStream {
    tls: TlsStream<TcpStream>,
    /// What was read to find out what it is, to be taken first.
    read: Vec<u8>,
    _place: Place,
}

impl Https {
    pub(crate) fn new(opened: Opened, acceptor: TlsAcceptor, place: Place) -> io::Result<Self> {
        let Opened { socket, tls, read } = opened;
        let tls = tls.ok_or(io::ErrorKind::InvalidInput)?;
        let socket = socket.into_std()?;
        socket.set_nodelay(true)?;
        Ok(Self {
            client: canonical(socket.peer_addr()?),
            socket,
            tls,
            read,
            acceptor,
            place,
        })
    }

    /// Returns who connected.
    pub fn client(&self) -> SocketAddr {
        self.client
    }

    /// Makes it a connection of the runtime that calls.
    ///
    /// # Errors
    /// The socket's.
    pub async fn open(self) -> io::Result<HttpsStream> {
        let socket = TcpStream::from_std(self.socket)?;
        // tokio-rustls has no other way to make a stream of a connection whose handshake is over: there is nothing left of it to do.
        let ready = |new: &mut ServerConnection| *new = *self.tls;
        Ok(HttpsStream {
            tls: self.acceptor.accept_with(socket, ready).await?,
            read: self.read,
            _place: self.place,
        })
    }
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl AsyncRead for HttpsStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.tls).poll_read(cx, buffer);
        }
        let taken = self.read.len().min(buffer.remaining());
        buffer.put_slice(&self.read[..taken]);
        self.read.drain(..taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for HttpsStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tls.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }
}
