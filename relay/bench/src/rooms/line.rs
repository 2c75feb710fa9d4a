//! How a participant reaches the server: datagrams, a stream of frames, or channel data of a TURN allocation.

use super::load::LineKind;
use crate::{
    client::Client,
    server::Server,
    socket::{Datagrams, wall_clock},
    wire::Wire,
};
use anyhow::{Context, bail};
use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream, UdpSocket},
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};
use str0m::{
    Candidate,
    net::{Protocol, TcpType},
};

/// The channel that a relayed client binds to the server's media.
const CHANNEL: [u8; 2] = [0x40, 0x00];

/// Bytes before a frame of a stream (RFC 4571) and before channel data (RFC 8656 section 12.4).
const FRAME_HEADER: usize = 2;
const CHANNEL_HEADER: usize = 4;

/// A connection to the server.
#[derive(Debug)]
pub(crate) struct Line {
    way: Way,
    /// The candidate of this side.
    local: SocketAddr,
    server: SocketAddr,
    buffer: Vec<u8>,
}

#[derive(Debug)]
enum Way {
    Udp(Datagrams),
    Tcp {
        stream: TcpStream,
        /// What was read and is no whole frame yet, from `taken` on.
        read: Vec<u8>,
        taken: usize,
        /// What the kernel had no room for.
        unsent: Vec<u8>,
    },
    Relayed(Datagrams),
}

impl Line {
    /// Connects to `server`.
    ///
    /// # Errors
    /// If it refuses, or the system has no more sockets.
    pub(crate) fn connect(server: &Server, kind: LineKind, user: &str) -> anyhow::Result<Self> {
        let address = server.address();
        let (way, local) = match kind {
            LineKind::Udp => {
                let socket = UdpSocket::bind(SocketAddr::new(address.ip(), 0))?;
                socket.connect(address)?;
                let local = socket.local_addr()?;
                (Way::Udp(Datagrams::new(socket)?), local)
            }
            LineKind::Tcp => {
                let stream = TcpStream::connect(address).context("cannot connect over TCP")?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                let local = stream.local_addr()?;
                let way = Way::Tcp {
                    stream,
                    read: Vec::new(),
                    taken: 0,
                    unsent: Vec::new(),
                };
                (way, local)
            }
            LineKind::Relayed => {
                let mut client = Client::allocate(Wire::datagrams(address)?, user)?;
                client.bind(u16::from_be_bytes(CHANNEL), address)?;
                let local = client.relayed();
                match client.into_wire() {
                    Wire::Udp(socket) => (Way::Relayed(Datagrams::new(socket)?), local),
                    Wire::Tcp(_) | Wire::Tls(_) => bail!("relayed participants use UDP"),
                }
            }
        };
        Ok(Self {
            way,
            local,
            server: address,
            buffer: vec![0; 1 << 16],
        })
    }

    /// Returns the candidate of this side.
    ///
    /// # Errors
    /// None in practice: the address is one of this host.
    pub(crate) fn candidate(&self) -> anyhow::Result<Candidate> {
        Ok(match self.way {
            Way::Udp(_) => Candidate::host(self.local, Protocol::Udp)?,
            Way::Relayed(_) => Candidate::relayed(self.local, self.local, Protocol::Udp)?,
            Way::Tcp { .. } => Candidate::builder()
                .tcp()
                .host(self.local)
                .tcptype(TcpType::Active)
                .build()?,
        })
    }

    /// Returns what the ICE agent calls it: the protocol, and the addresses of the server and of this side.
    pub(crate) fn path(&self) -> (Protocol, SocketAddr, SocketAddr) {
        let protocol = match self.way {
            Way::Udp(_) | Way::Relayed(_) => Protocol::Udp,
            Way::Tcp { .. } => Protocol::Tcp,
        };
        (protocol, self.server, self.local)
    }

    /// Sends a datagram.
    ///
    /// # Errors
    /// If the server is gone.
    pub(crate) fn send(&mut self, datagram: &[u8]) -> anyhow::Result<()> {
        let length = u16::try_from(datagram.len())?.to_be_bytes();
        let sent = match &mut self.way {
            Way::Udp(socket) => socket.send(datagram, datagram.len()),
            Way::Relayed(socket) => {
                let framed = &mut self.buffer[..CHANNEL_HEADER + datagram.len()];
                framed[..2].copy_from_slice(&CHANNEL);
                framed[2..CHANNEL_HEADER].copy_from_slice(&length);
                framed[CHANNEL_HEADER..].copy_from_slice(datagram);
                socket.send(framed, framed.len())
            }
            Way::Tcp { stream, unsent, .. } => {
                unsent.extend(length);
                unsent.extend(datagram);
                flush(stream, unsent)
            }
        };
        sent.context("the server is gone")
    }

    /// Returns a datagram that has come and when, since 1970, if there is one: of a stream, when it was read.
    ///
    /// # Errors
    /// If the server is gone.
    pub(crate) fn receive(&mut self) -> anyhow::Result<Option<(&[u8], Duration)>> {
        let buffer = &mut self.buffer;
        match &mut self.way {
            Way::Udp(socket) => Ok(socket
                .receive(buffer)?
                .map(|arrival| (&buffer[..arrival.length], arrival.at))),
            Way::Relayed(socket) => Ok(socket.receive(buffer)?.and_then(|arrival| {
                // Anything else is TURN's own.
                let payload = buffer[..arrival.length].strip_prefix(&CHANNEL)?;
                Some((&payload[2..], arrival.at))
            })),
            Way::Tcp {
                stream,
                read,
                taken,
                unsent,
            } => {
                flush(stream, unsent)?;
                loop {
                    if let Some(length) = frame(&read[*taken..]) {
                        let from = *taken + FRAME_HEADER;
                        *taken = from + length;
                        return Ok(Some((&read[from..*taken], wall_clock())));
                    }
                    read.drain(..std::mem::take(taken));
                    match stream.read(buffer) {
                        Ok(0) => bail!("the server has closed a stream"),
                        Ok(length) => read.extend(&buffer[..length]),
                        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
    }
}

/// Returns the length of the frame at the start of `bytes`, if it is whole.
fn frame(bytes: &[u8]) -> Option<usize> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*length));
    (rest.len() >= length).then_some(length)
}

fn flush(stream: &mut TcpStream, unsent: &mut Vec<u8>) -> io::Result<()> {
    let mut sent = 0;
    while sent < unsent.len() {
        match stream.write(&unsent[sent..]) {
            Ok(length) => sent += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    unsent.drain(..sent);
    Ok(())
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.way {
            Way::Udp(socket) | Way::Relayed(socket) => socket.as_fd(),
            Way::Tcp { stream, .. } => stream.as_fd(),
        }
    }
}
