//! A UDP socket that takes and gives whole batches, and never asks the network not to fragment.

use mio::{event::Source, net::UdpSocket};
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use rustix::net::sockopt::{
    Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
};
use socket2::{Domain, Protocol, Type};
use std::{
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr},
};

/// What the kernel is asked to keep for each direction, in bytes. It gives what `net.core.rmem_max` and `wmem_max` allow.
const KERNEL_BUFFER: usize = 4 << 20;

#[derive(Debug)]
pub(crate) struct Socket {
    socket: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
}

impl Socket {
    /// Binds to `address`. An unspecified IPv6 address takes IPv4 too.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = socket2::Socket::new(
            Domain::for_address(address),
            Type::DGRAM,
            Some(Protocol::UDP),
        )?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.set_nonblocking(true)?;
        socket.set_recv_buffer_size(KERNEL_BUFFER)?;
        socket.set_send_buffer_size(KERNEL_BUFFER)?;
        socket.bind(&address.into())?;
        let state = UdpSocketState::new((&socket).into())?;
        // `UdpSocketState` asks for path MTU probing: every large datagram would be lost where a link is narrower (RFC 8656 section 16).
        set_ip_mtu_discover(&socket, Ipv4PathMtuDiscovery::DONT)?;
        if address.is_ipv6() {
            set_ipv6_mtu_discover(&socket, Ipv6PathMtuDiscovery::DONT)?;
        }
        let socket = UdpSocket::from_std(socket.into());
        let local = socket.local_addr()?;
        Ok(Self {
            socket,
            state,
            local,
        })
    }

    /// Returns the address it is bound to.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Returns what the poll watches.
    pub(crate) fn source(&mut self) -> &mut impl Source {
        &mut self.socket
    }

    /// Receives one batch. Fewer messages than `buffers` mean that no more were there.
    pub(crate) fn receive(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> io::Result<usize> {
        self.state.recv((&self.socket).into(), buffers, metas)
    }

    /// Returns how many datagrams one [`Socket::send`] may carry.
    pub(crate) fn most_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    /// Sends `contents` to `destination`, cut into datagrams of `segment` bytes if there is one, from `source` if there is one.
    pub(crate) fn send(
        &self,
        destination: SocketAddr,
        source: Option<IpAddr>,
        contents: &[u8],
        segment: Option<usize>,
    ) -> io::Result<()> {
        let transmit = Transmit {
            destination: SocketAddr::new(self.in_family(destination.ip()), destination.port()),
            ecn: None,
            contents,
            segment_size: segment,
            src_ip: source.map(|ip| self.in_family(ip)),
        };
        self.state.try_send((&self.socket).into(), &transmit)
    }

    /// Returns `ip` as this socket's family writes it.
    fn in_family(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(v4) if self.local.is_ipv6() => v4.to_ipv6_mapped().into(),
            IpAddr::V4(_) | IpAddr::V6(_) => ip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::sockopt::{ip_mtu_discover, ipv6_mtu_discover};

    #[test]
    fn large_datagrams_may_be_fragmented_on_their_way() {
        let ipv4 = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_eq!(
            ip_mtu_discover(&ipv4.socket).unwrap(),
            Ipv4PathMtuDiscovery::DONT
        );
        let ipv6 = Socket::bind("[::]:0".parse().unwrap()).unwrap();
        assert_eq!(
            ip_mtu_discover(&ipv6.socket).unwrap(),
            Ipv4PathMtuDiscovery::DONT
        );
        assert_eq!(
            ipv6_mtu_discover(&ipv6.socket).unwrap(),
            Ipv6PathMtuDiscovery::DONT
        );
    }

    #[test]
    fn a_port_that_is_in_use_is_not_shared() {
        let first = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let second = Socket::bind(first.local_addr());
        assert_eq!(second.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
