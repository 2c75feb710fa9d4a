//! Accepting TCP connections, each with a switch that closes it from anywhere.
//!
//! A Socket.IO session that must come back by itself has its transport cut, not its namespace closed; the library has no call for
//! that, so the connection itself can be told to end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::net::{Https, HttpsStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// How long nothing may pass over a connection before it is closed. Socket.IO pings every 25 s.
const IDLE: Duration = Duration::from_secs(75);
/// How long accepting rests when the system has no descriptor left.
const REST: Duration = Duration::from_millis(200);

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct RemoteEnd {
    /// Its address.
    pub address: SocketAddr,
    /// Closes the connection.
    pub close: CancellationToken,
}

/// Accepts connections until it is told to stop.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    /// Those that come in over TLS, whose door the relay has.
    secure: Option<mpsc::Receiver<Https>>,
    close_all: CancellationToken,
}

impl Acceptor {
    /// Accepts on `listener`, and what comes by `secure`; `close_all` closes every connection at once.
    #[must_use]
    pub fn new(
        listener: TcpListener,
        secure: Option<mpsc::Receiver<Https>>,
        close_all: CancellationToken,
    ) -> Self {
        Self {
            listener,
            secure,
            close_all,
        }
    }

    /// Returns the next connection, and who is at its other end. Nothing that this end does holds up the next.
    pub(super) async fn accept(&mut self) -> (Accepted, RemoteEnd) {
        loop {
            let (stream, address) = tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, address)) => (Arrived::Clear(stream), address),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        sleep(REST).await;
                        continue;
                    }
                },
                Some(https) = next_secure(&mut self.secure) => {
                    let address = https.client();
                    (Arrived::Tls(Box::new(https)), address)
                }
            };
            let close = self.close_all.child_token();
            let accepted = Accepted {
                stream,
                close: close.clone(),
            };
            return (accepted, RemoteEnd { address, close });
        }
    }
}

/// A connection that came in.
pub(super) struct Accepted {
    stream: Arrived,
    close: CancellationToken,
}

enum Arrived {
    Clear(TcpStream),
    Tls(Box<Https>),
}

impl Accepted {
    /// Makes it one that can be read and written.
    pub(super) async fn open(self) -> io::Result<Connection> {
        let stream = match self.stream {
            Arrived::Clear(stream) => {
                stream.set_nodelay(true)?;
                Stream::Clear(stream)
            }
            Arrived::Tls(https) => Stream::Tls(Box::new(https.open().await?)),
        };
        Ok(Connection {
            stream,
            closed: Box::pin(self.close.cancelled_owned()),
            idle: Box::pin(sleep(IDLE)),
        })
    }
}

/// Returns the next connection over TLS; waits for ever where none comes in.
async fn next_secure(secure: &mut Option<mpsc::Receiver<Https>>) -> Option<Https> {
    match secure {
        Some(secure) => secure.recv().await,
        None => std::future::pending().await,
    }
}

/// What is read and written, inside TLS where there is TLS.
enum Stream {
    Clear(TcpStream),
    Tls(Box<HttpsStream>),
}

/// A stream that ends when its switch is thrown, or when nothing passes over it.
pub(super) struct Connection {
    stream: Stream,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
    idle: Pin<Box<Sleep>>,
}

impl Connection {
    fn is_closed(&mut self, cx: &mut Context<'_>) -> bool {
        self.closed.as_mut().poll(cx).is_ready() || self.idle.as_mut().poll(cx).is_ready()
    }

    /// Notes that something passed.
    fn passed<T>(&mut self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Ok(_)) = &result {
            self.idle.as_mut().reset(Instant::now() + IDLE);
        }
        result
    }
}

fn cut() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "the server closed the connection",
    )
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_closed(cx) {
            return Poll::Ready(Err(cut()));
        }
        let read = match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        self.passed(read)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_closed(cx) {
            return Poll::Ready(Err(cut()));
        }
        let written = match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        self.passed(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_closed(cx) {
            return Poll::Ready(Err(cut()));
        }
        let written = match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        };
        self.passed(written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Clear(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
