//! UDP sockets that take and give whole batches, and fragment unless they are told not to.
//!
//! A listener is made once. A relay socket is made for each allocation, with as few system calls as do; what `quinn-udp` knows of offload is shared.

use mio::{event::Source, net::UdpSocket};
use nix::{
    cmsg_space, libc,
    sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt},
};
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use rustix::net::sockopt::{
    Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
};
use socket2::{Domain, Protocol, Type};
use std::{
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr},
    os::fd::AsRawFd,
    sync::Arc,
};
use turn::{IcmpError, PeerAddr};

/// What the kernel is asked to keep for each direction, in bytes. It gives what `net.core.rmem_max` and `wmem_max` allow.
const KERNEL_BUFFER: usize = 4 << 20;

/// How many datagrams one [`Socket::send`] may carry (`UDP_MAX_SEGMENTS` of the kernel, which later doubled it).
pub(crate) const MOST_SEGMENTS: usize = 64;

/// Who wrote a `sock_extended_err`: an ICMP or ICMPv6 message, and not the kernel itself (ip(7), `IP_RECVERR`).
const ORIGIN_ICMP: [u8; 2] = [2, 3];

#[derive(Debug)]
pub(crate) struct Socket {
    socket: UdpSocket,
    offload: Arc<UdpSocketState>,
    local: SocketAddr,
}

/// What relay sockets of one worker share: found out once, on a socket of its own.
#[derive(Debug)]
pub(crate) struct Offload(Arc<UdpSocketState>);

impl Offload {
    pub(crate) fn probe() -> io::Result<Self> {
        let probe = socket2::Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        Ok(Self(Arc::new(UdpSocketState::new((&probe).into())?)))
    }
}

impl Socket {
    /// Listens on `address`, which nobody else may have; an unspecified IPv6 address takes IPv4 too unless `only_v6`.
    pub(crate) fn listen(address: SocketAddr, only_v6: bool) -> io::Result<Self> {
        Self::listener(address, only_v6, false)
    }

    /// Listens beside this socket: the kernel picks one of the two for each client.
    pub(crate) fn listen_beside(&self, only_v6: bool) -> io::Result<Self> {
        // Asked for after the first was bound, so that it was nobody else's.
        socket2::SockRef::from(&self.socket).set_reuse_port(true)?;
        Self::listener(self.local, only_v6, true)
    }

    fn listener(address: SocketAddr, only_v6: bool, beside: bool) -> io::Result<Self> {
        let socket = unbound(address)?;
        if address.is_ipv6() {
            socket.set_only_v6(only_v6)?;
        }
        socket.set_reuse_port(beside)?;
        socket.set_nonblocking(true)?;
        socket.set_recv_buffer_size(KERNEL_BUFFER)?;
        socket.set_send_buffer_size(KERNEL_BUFFER)?;
        socket.bind(&address.into())?;
        let offload = Arc::new(UdpSocketState::new((&socket).into())?);
        // `UdpSocketState` asks for path MTU probing, with which every large datagram would be lost where a link is narrower.
        set_ip_mtu_discover(&socket, Ipv4PathMtuDiscovery::DONT)?;
        if address.is_ipv6() {
            set_ipv6_mtu_discover(&socket, Ipv6PathMtuDiscovery::DONT)?;
            setsockopt(&socket, sockopt::Ipv6DontFrag, &false)?;
        }
        // It also asks when and how each datagram came: what nobody here wants to know costs with each of them.
        setsockopt(&socket, sockopt::ReceiveTimestampns, &false)?;
        if address.is_ipv4() {
            setsockopt(&socket, sockopt::IpRecvTos, &false)?;
        } else {
            setsockopt(&socket, sockopt::Ipv6RecvTClass, &false)?;
        }
        if !address.ip().is_unspecified() {
            if address.is_ipv4() {
                setsockopt(&socket, sockopt::Ipv4PacketInfo, &false)?;
            } else {
                setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &false)?;
            }
        }
        Self::new(socket, offload)
    }

    /// Binds a relay socket to `address`: of its family alone, and told of ICMP errors.
    pub(crate) fn relay(address: SocketAddr, offload: &Offload) -> io::Result<Self> {
        let socket = unbound(address)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
            setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
        } else {
            setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
        }
        setsockopt(&socket, sockopt::UdpGroSegment, &true)?;
        socket.bind(&address.into())?;
        let socket = Self {
            socket: UdpSocket::from_std(socket.into()),
            offload: Arc::clone(&offload.0),
            local: address,
        };
        socket.set_dont_fragment(false)?;
        Ok(socket)
    }

    fn new(socket: socket2::Socket, offload: Arc<UdpSocketState>) -> io::Result<Self> {
        let socket = UdpSocket::from_std(socket.into());
        let local = socket.local_addr()?;
        Ok(Self {
            socket,
            offload,
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
        self.offload.recv((&self.socket).into(), buffers, metas)
    }

    /// Sends `contents` to `destination`, cut into datagrams of `segment` bytes if there is one, from `source` if there is one.
    pub(crate) fn send(
        &self,
        destination: SocketAddr,
        source: Option<IpAddr>,
        contents: &[u8],
        segment: Option<usize>,
    ) -> io::Result<()> {
        let destination = match destination {
            SocketAddr::V4(v4) => SocketAddr::new(self.in_family((*v4.ip()).into()), v4.port()),
            // With its scope, without which a link-local address is nowhere.
            SocketAddr::V6(_) => destination,
        };
        if (segment, source) == (None, None) {
            // Without control messages, which cost as much as the rest of our part.
            return self.socket.send_to(contents, destination).map(drop);
        }
        let transmit = Transmit {
            destination,
            ecn: None,
            contents,
            segment_size: segment,
            src_ip: source.map(|ip| self.in_family(ip)),
        };
        self.offload.try_send((&self.socket).into(), &transmit)
    }

    /// Sends one datagram from this relay socket that is lost rather than fragmented (RFC 8656 section 12).
    pub(crate) fn send_whole(&self, destination: SocketAddr, datagram: &[u8]) -> io::Result<()> {
        self.set_dont_fragment(true)?;
        let sent = self.send(destination, None, datagram, None);
        self.set_dont_fragment(false)?;
        sent
    }

    fn set_dont_fragment(&self, dont_fragment: bool) -> io::Result<()> {
        if self.local.is_ipv6() {
            let discovery = if dont_fragment {
                Ipv6PathMtuDiscovery::PROBE
            } else {
                Ipv6PathMtuDiscovery::DONT
            };
            set_ipv6_mtu_discover(&self.socket, discovery)?;
            // Without this, what the first link does not carry is fragmented here.
            setsockopt(&self.socket, sockopt::Ipv6DontFrag, &dont_fragment)?;
        } else {
            let discovery = if dont_fragment {
                Ipv4PathMtuDiscovery::PROBE
            } else {
                Ipv4PathMtuDiscovery::DONT
            };
            set_ip_mtu_discover(&self.socket, discovery)?;
        }
        Ok(())
    }

    /// Takes the next ICMP error that answered a datagram of this relay socket; errors of the kernel's own are taken and left out.
    pub(crate) fn take_icmp(&self) -> Option<IcmpError> {
        let mut space = cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
        // The datagram that was answered: nobody wants it, but the kernel wants room for it.
        let mut byte = [0];
        let mut room = [IoSliceMut::new(&mut byte)];
        loop {
            let message = recvmsg::<SockaddrStorage>(
                self.socket.as_raw_fd(),
                &mut room,
                Some(&mut space),
                MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT,
            )
            .ok()?;
            let peer = message.address.as_ref().and_then(address);
            let mut messages = message.cmsgs().ok()?;
            let error = messages.find_map(|message| {
                if let ControlMessageOwned::Ipv4RecvErr(error, _)
                | ControlMessageOwned::Ipv6RecvErr(error, _) = message
                {
                    Some(error)
                } else {
                    None
                }
            });
            if let (Some(peer), Some(error)) = (peer, error)
                && ORIGIN_ICMP.contains(&error.ee_origin)
            {
                return Some(IcmpError {
                    peer: PeerAddr::from(peer),
                    kind: error.ee_type,
                    code: error.ee_code,
                    data: error.ee_info,
                });
            }
        }
    }

    /// Returns `ip` as this socket's family writes it.
    fn in_family(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(v4) if self.local.is_ipv6() => v4.to_ipv6_mapped().into(),
            IpAddr::V4(_) | IpAddr::V6(_) => ip,
        }
    }
}

fn unbound(address: SocketAddr) -> io::Result<socket2::Socket> {
    socket2::Socket::new(
        Domain::for_address(address),
        Type::DGRAM.nonblocking(),
        Some(Protocol::UDP),
    )
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = storage.as_sockaddr_in() {
        return Some(SocketAddr::new(v4.ip().into(), v4.port()));
    }
    let v6 = storage.as_sockaddr_in6()?;
    Some(SocketAddr::new(v6.ip().into(), v6.port()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::sockopt::{ip_mtu_discover, ipv6_mtu_discover};
    use std::{net::UdpSocket, time::Duration};

    #[test]
    fn large_datagrams_may_be_fragmented_on_their_way() {
        let offload = Offload::probe().unwrap();
        let listener = |address: &str| Socket::listen(address.parse().unwrap(), false).unwrap();
        let relay = |address: &str| Socket::relay(address.parse().unwrap(), &offload).unwrap();
        for ipv4 in [listener("127.0.0.1:0"), relay("127.0.0.1:0")] {
            let discovery = ip_mtu_discover(&ipv4.socket).unwrap();
            assert_eq!(discovery, Ipv4PathMtuDiscovery::DONT);
        }
        for ipv6 in [listener("[::]:0"), relay("[::1]:0")] {
            let discovery = ipv6_mtu_discover(&ipv6.socket).unwrap();
            assert_eq!(discovery, Ipv6PathMtuDiscovery::DONT);
        }
    }

    #[test]
    fn a_datagram_that_must_not_be_fragmented_is_sent_so_and_the_next_is_not() {
        let socket = relay("127.0.0.1:0");
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = peer.local_addr().unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        socket.send_whole(address, b"whole").unwrap();
        assert_eq!(peer.recv(&mut [0; 9]).unwrap(), 5);
        assert_eq!(
            ip_mtu_discover(&socket.socket).unwrap(),
            Ipv4PathMtuDiscovery::DONT
        );
    }

    #[test]
    fn a_port_that_is_in_use_is_not_shared_but_by_those_who_listen_beside() {
        let first = Socket::listen("127.0.0.1:0".parse().unwrap(), false).unwrap();
        let taken = || Socket::listen(first.local_addr(), false).unwrap_err();
        assert_eq!(taken().kind(), io::ErrorKind::AddrInUse);
        let beside = first.listen_beside(false).unwrap();
        assert_eq!(beside.local_addr(), first.local_addr());
        assert_eq!(taken().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn an_icmp_error_names_the_peer_and_the_next_datagram_is_sent_at_the_second_attempt() {
        for loopback in ["127.0.0.1:0", "[::1]:0"] {
            let socket = relay(loopback);
            let nobody = UdpSocket::bind(loopback).unwrap().local_addr().unwrap();
            socket.send(nobody, None, b"x", None).unwrap();
            assert!(socket.send(nobody, None, b"y", None).is_err());
            let error = socket.take_icmp().unwrap();
            assert_eq!(error.peer, PeerAddr::from(nobody));
            let unreachable = if nobody.is_ipv4() { (3, 3) } else { (1, 4) };
            assert_eq!((error.kind, error.code), unreachable);
            assert_eq!(socket.take_icmp(), None);
            socket.send(nobody, None, b"z", None).unwrap();
        }
    }

    fn relay(address: &str) -> Socket {
        Socket::relay(address.parse().unwrap(), &Offload::probe().unwrap()).unwrap()
    }
}
