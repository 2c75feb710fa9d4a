//! Datagram sockets of the generator: connected, never waiting, told by the kernel when each datagram arrived.

use nix::{
    errno::Errno,
    sys::{
        socket::{
            ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg, setsockopt, sockopt,
        },
        time::TimeSpec,
    },
};
use std::{
    io::{self, IoSlice, IoSliceMut},
    net::UdpSocket,
    os::fd::{AsFd, AsRawFd, BorrowedFd},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What the kernel may keep for one receiver, in bytes: a generator that is late for a moment must lose nothing.
const KERNEL_BUFFER: usize = 4 << 20;

/// A connected UDP socket.
#[derive(Debug)]
pub(crate) struct Datagrams {
    socket: UdpSocket,
    control: Vec<u8>,
}

/// A datagram that was received.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// Its bytes.
    pub(crate) length: usize,
    /// When the kernel had it, since 1970.
    pub(crate) at: Duration,
}

impl Datagrams {
    /// Takes over `socket`, which is connected.
    ///
    /// # Errors
    /// The kernel's, if an option cannot be set.
    pub(crate) fn new(socket: UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        setsockopt(&socket, sockopt::RcvBuf, &KERNEL_BUFFER)?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        Ok(Self {
            socket,
            control: nix::cmsg_space!(TimeSpec),
        })
    }

    /// Sends `bytes` as datagrams of `segment` bytes each, all in one system call, as a network card hands over a burst.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn send(&self, bytes: &[u8], segment: usize) -> io::Result<()> {
        if bytes.len() <= segment {
            self.socket.send(bytes)?;
            return Ok(());
        }
        let fd = self.socket.as_raw_fd();
        let segment = u16::try_from(segment).map_err(io::Error::other)?;
        let offload = [ControlMessage::UdpGsoSegments(&segment)];
        sendmsg::<()>(
            fd,
            &[IoSlice::new(bytes)],
            &offload,
            MsgFlags::empty(),
            None,
        )?;
        Ok(())
    }

    /// Receives a datagram into `buffer`, if there is one.
    ///
    /// # Errors
    /// The kernel's; that a peer's port is closed is none.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<Arrival>> {
        let fd = self.socket.as_raw_fd();
        let mut slices = [IoSliceMut::new(buffer)];
        let flags = MsgFlags::MSG_DONTWAIT;
        let message = match recvmsg::<()>(fd, &mut slices, Some(&mut self.control), flags) {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::ECONNREFUSED) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let stamp = message.cmsgs()?.find_map(|control| {
            if let ControlMessageOwned::ScmTimestampns(time) = control {
                Some(Duration::from(time))
            } else {
                None
            }
        });
        Ok(Some(Arrival {
            length: message.bytes,
            at: stamp.unwrap_or_else(wall_clock),
        }))
    }
}

impl AsFd for Datagrams {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Returns the time since 1970 by the clock that the kernel stamps datagrams with.
pub(crate) fn wall_clock() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
