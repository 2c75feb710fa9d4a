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

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
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
    close_all: CancellationToken,
}

impl Acceptor {
    /// Accepts on `listener`; `close_all` closes every connection at once.
    #[must_use]
    pub fn new(listener: TcpListener, close_all: CancellationToken) -> Self {
        Self {
            listener,
            close_all,
        }
    }
}

impl Listener for Acceptor {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "a connection keeps Nagle's delay");
                    }
                    let close = self.close_all.child_token();
                    let closed = Box::pin(close.clone().cancelled_owned());
                    let idle = Box::pin(sleep(IDLE));
                    let connection = Connection {
                        stream,
                        close,
                        closed,
                        idle,
                    };
                    return (connection, address);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(REST).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Acceptor>> for RemoteEnd {
    fn connect_info(stream: IncomingStream<'_, Acceptor>) -> Self {
        Self {
            address: *stream.remote_addr(),
            close: stream.io().close.clone(),
        }
    }
}

/// A TCP stream that ends when its switch is thrown, or when nothing passes over it.
pub struct Connection {
    stream: TcpStream,
    close: CancellationToken,
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
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
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
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
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
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.passed(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
