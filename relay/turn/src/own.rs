//! The addresses of the server itself, which are a case apart: no policy is asked about them.

use crate::{
    Family, PeerAddr,
    scope::{Scope, canonical},
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses of the server itself.
///
/// Both ends of a call may be relayed here, so permissions for the relayed addresses are granted; but what is sent there reaches a living
/// allocation, a peer inside this process, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnAddresses {
    /// The address in every relayed IPv4 transport address. Without one there are none.
    pub relay_v4: Option<Ipv4Addr>,
    /// The address in every relayed IPv6 transport address. Without one there are none.
    pub relay_v6: Option<Ipv6Addr>,
    /// Where clients reach the server. The addresses may be unspecified.
    pub listeners: Vec<SocketAddr>,
    /// Every address of the host. No relayed datagram goes there.
    pub host: Vec<IpAddr>,
    /// Sockets of this host may be reached over loopback: for a server that only this machine reaches.
    pub open_loopback: bool,
}

/// Where a datagram for a peer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Out through the relay socket.
    Outside,
    /// To the living allocation with that relayed port.
    Relayed,
    /// To a peer inside this process, if there is one: the address is that of a listener.
    Inside,
    /// To nobody.
    Nowhere,
}

impl OwnAddresses {
    /// Returns the address in relayed transport addresses of `family`.
    pub(crate) fn relay(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.relay_v4.map(IpAddr::from),
            Family::V6 => self.relay_v6.map(IpAddr::from),
        }
    }

    /// Returns whether a permission for `ip` may be granted, as far as the server's own addresses go; `None` leaves it to the policy.
    pub(crate) fn permits(&self, ip: IpAddr) -> Option<bool> {
        let inner = canonical(ip);
        if self.serves(inner) {
            // Dressed up as an address of the other family, it would leave through a relay socket.
            return Some(inner == ip.to_canonical());
        }
        if self.host.contains(&inner) && !self.opens(inner) {
            return Some(false);
        }
        None
    }

    /// Returns where a datagram for `peer` goes; `lives` says whether `peer`'s port is a living allocation's.
    pub(crate) fn reach(&self, peer: PeerAddr, lives: impl FnOnce() -> bool) -> Reach {
        let inner = canonical(peer.ip());
        if peer.port() == 0 {
            return Reach::Nowhere;
        }
        if inner != peer.ip() && self.is_own(inner) {
            return Reach::Nowhere;
        }
        if self.is_relay(inner) && lives() {
            return Reach::Relayed;
        }
        if self.serves(inner) && self.listens(peer.port()) {
            return Reach::Inside;
        }
        if self.opens(inner) && !self.listens(peer.port()) {
            return Reach::Outside;
        }
        if self.is_own(inner) {
            Reach::Nowhere
        } else {
            Reach::Outside
        }
    }

    /// Returns whether `ip` is one that clients and peers are told: a relayed address, or a listener's.
    fn serves(&self, ip: IpAddr) -> bool {
        let listener = |listener: &SocketAddr| listener.ip() == ip && !ip.is_unspecified();
        self.is_relay(ip) || self.listeners.iter().any(listener)
    }

    fn listens(&self, port: u16) -> bool {
        self.listeners
            .iter()
            .any(|listener| listener.port() == port)
    }

    fn opens(&self, ip: IpAddr) -> bool {
        self.open_loopback && Scope::of(ip) == Scope::Loopback
    }

    fn is_relay(&self, ip: IpAddr) -> bool {
        self.relay(Family::of(ip)) == Some(ip)
    }

    fn is_own(&self, ip: IpAddr) -> bool {
        self.serves(ip) || self.host.contains(&ip) || Scope::of(ip) == Scope::Loopback
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_addresses_reach_a_living_allocation_the_inside_or_nothing() {
        let own = own();
        for (relay, port) in [
            ("198.51.100.7", "198.51.100.7:50000"),
            ("2001:db8::7", "[2001:db8::7]:50000"),
        ] {
            assert_eq!(own.permits(ip(relay)), Some(true));
            assert_eq!(own.reach(peer(port), || true), Reach::Relayed);
            assert_eq!(own.reach(peer(port), || false), Reach::Nowhere);
        }
        assert_eq!(own.permits(ip("::ffff:198.51.100.7")), Some(true));
        assert_eq!(
            own.reach(peer("198.51.100.7:3478"), || false),
            Reach::Inside
        );
        assert_eq!(own.reach(peer("198.51.100.7:22"), || false), Reach::Nowhere);
    }

    #[test]
    fn an_own_address_inside_another_is_forbidden() {
        let own = own();
        for dressed in [
            "64:ff9b::198.51.100.7",
            "2002:c633:6407::1",
            "64:ff9b::198.51.100.8",
        ] {
            assert_eq!(own.permits(ip(dressed)), Some(false), "{dressed}");
            let peer = peer(&format!("[{dressed}]:50000"));
            assert_eq!(own.reach(peer, || true), Reach::Nowhere, "{dressed}");
        }
    }

    #[test]
    fn the_hosts_other_addresses_are_refused_and_reach_nothing() {
        let own = own();
        assert_eq!(own.permits(ip("198.51.100.8")), Some(false));
        assert_eq!(
            own.reach(peer("198.51.100.8:50000"), || true),
            Reach::Nowhere
        );
        assert_eq!(
            own.reach(peer("198.51.100.8:3478"), || true),
            Reach::Nowhere
        );
        assert_eq!(own.reach(peer("127.0.0.1:80"), || false), Reach::Nowhere);
        assert_eq!(own.permits(ip("8.8.8.8")), None);
        assert_eq!(
            own.permits(ip("0.0.0.0")),
            None,
            "the listener's wildcard is no address"
        );
        assert_eq!(own.reach(peer("8.8.8.8:53"), || true), Reach::Outside);
    }

    #[test]
    fn an_open_loopback_reaches_every_socket_but_the_listeners() {
        let own = OwnAddresses {
            relay_v4: Some(Ipv4Addr::LOCALHOST),
            listeners: vec!["127.0.0.1:3478".parse().unwrap()],
            host: vec![ip("127.0.0.1")],
            open_loopback: true,
            ..OwnAddresses::default()
        };
        assert_eq!(own.reach(peer("127.0.0.1:3480"), || false), Reach::Outside);
        assert_eq!(own.reach(peer("127.0.0.1:3478"), || false), Reach::Inside);
        assert_eq!(own.reach(peer("127.0.0.2:3478"), || false), Reach::Nowhere);
        assert_eq!(own.reach(peer("127.0.0.1:50000"), || true), Reach::Relayed);
    }

    #[test]
    fn port_0_is_reached_by_nobody() {
        assert_eq!(own().reach(peer("8.8.8.8:0"), || false), Reach::Nowhere);
    }

    fn own() -> OwnAddresses {
        OwnAddresses {
            relay_v4: Some("198.51.100.7".parse().unwrap()),
            relay_v6: Some("2001:db8::7".parse().unwrap()),
            listeners: vec!["0.0.0.0:3478".parse().unwrap()],
            host: vec![ip("198.51.100.7"), ip("198.51.100.8"), ip("127.0.0.1")],
            open_loopback: false,
        }
    }

    fn ip(ip: &str) -> IpAddr {
        ip.parse().unwrap()
    }

    fn peer(peer: &str) -> PeerAddr {
        PeerAddr::from(peer.parse::<SocketAddr>().unwrap())
    }
}
