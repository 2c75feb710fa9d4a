//! Which peers an allocation may reach: the policy, and the server's own addresses, which are a case apart.

use crate::{
    PeerAddr, SessionName,
    scope::{Scope, canonical},
};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Decides which peers a session may reach. It is asked once for each permission and channel, never for each packet.
pub trait PeerPolicy: Send {
    /// Returns whether `session` may have a permission for `peer`. The server's own addresses are not asked about.
    fn permits(&self, session: &SessionName, peer: IpAddr) -> bool;
}

/// The policy of a standard relay: everybody may reach every host on the internet, and what is opened here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerRules {
    /// Loopback peers are allowed: for a server that only this machine reaches.
    pub allow_loopback: bool,
    /// Peers in private, shared, documentation and benchmarking ranges are allowed.
    pub allow_private: bool,
    /// Networks that are denied whatever else is said.
    pub deny: Vec<IpNet>,
}

impl PeerPolicy for PeerRules {
    fn permits(&self, _session: &SessionName, peer: IpAddr) -> bool {
        let inner = canonical(peer);
        if self
            .deny
            .iter()
            .any(|net| net.contains(&peer) || net.contains(&inner))
        {
            return false;
        }
        match Scope::of(peer) {
            Scope::Public => true,
            Scope::Private => self.allow_private,
            Scope::Loopback => self.allow_loopback,
            Scope::Unreachable => false,
        }
    }
}

/// The addresses of the server itself.
///
/// Both ends of a call may be relayed here, so permissions for the relayed address are granted; but what is sent there reaches a living
/// allocation or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAddresses {
    /// The address in every relayed transport address.
    pub relay: IpAddr,
    /// Where clients reach the server. The address may be unspecified.
    pub listener: SocketAddr,
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
    /// To nobody.
    Nowhere,
}

impl OwnAddresses {
    /// Returns whether a permission for `ip` may be granted, as far as the server's own addresses go; `None` leaves it to the policy.
    pub(crate) fn permits(&self, ip: IpAddr) -> Option<bool> {
        let inner = canonical(ip);
        if inner == self.relay || (inner == self.listener.ip() && !inner.is_unspecified()) {
            return Some(true);
        }
        if self.host.contains(&inner) && !self.opens(inner) {
            return Some(false);
        }
        None
    }

    /// Returns where a datagram for `peer` goes, given whether a living allocation has `peer`'s port.
    pub(crate) fn reach(&self, peer: PeerAddr, port_lives: bool) -> Reach {
        let inner = canonical(peer.ip());
        if peer.port() == 0 {
            return Reach::Nowhere;
        }
        if inner == self.relay && port_lives {
            return Reach::Relayed;
        }
        if self.opens(inner) && peer.port() != self.listener.port() {
            return Reach::Outside;
        }
        if self.is_own(inner) {
            Reach::Nowhere
        } else {
            Reach::Outside
        }
    }

    fn opens(&self, ip: IpAddr) -> bool {
        self.open_loopback && Scope::of(ip) == Scope::Loopback
    }

    fn is_own(&self, ip: IpAddr) -> bool {
        ip == self.relay
            || ip == self.listener.ip()
            || self.host.contains(&ip)
            || Scope::of(ip) == Scope::Loopback
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_only_public_peers_are_permitted_in_every_spelling() {
        let rules = PeerRules::default();
        assert!(permits(&rules, "8.8.8.8"));
        for denied in [
            "127.0.0.1",
            "10.0.0.1",
            "::ffff:10.0.0.1",
            "2002:7f00:1::",
            "64:ff9b::169.254.169.254",
            "::1",
            "0.0.0.0",
            "255.255.255.255",
        ] {
            assert!(!permits(&rules, denied), "{denied}");
        }
    }

    #[test]
    fn what_is_allowed_opens_its_own_ranges_and_no_other() {
        let private = PeerRules {
            allow_private: true,
            ..PeerRules::default()
        };
        assert!(permits(&private, "192.168.0.1") && permits(&private, "fd00::1"));
        assert!(!permits(&private, "127.0.0.1") && !permits(&private, "169.254.169.254"));
        let loopback = PeerRules {
            allow_loopback: true,
            ..PeerRules::default()
        };
        assert!(permits(&loopback, "127.0.0.1") && permits(&loopback, "::1"));
        assert!(!permits(&loopback, "10.0.0.1"));
    }

    #[test]
    fn a_denied_network_is_denied_also_inside_an_ipv6_address() {
        let rules = PeerRules {
            allow_private: true,
            deny: vec!["8.8.0.0/16".parse().unwrap()],
            ..PeerRules::default()
        };
        assert!(
            !permits(&rules, "8.8.8.8")
                && !permits(&rules, "::ffff:8.8.8.8")
                && !permits(&rules, "2002:808:808::1")
        );
        assert!(permits(&rules, "8.9.8.8"));
    }

    #[test]
    fn the_servers_own_addresses_reach_a_living_allocation_or_nothing() {
        let own = own();
        assert_eq!(own.permits(ip("198.51.100.7")), Some(true));
        assert_eq!(own.permits(ip("::ffff:198.51.100.7")), Some(true));
        assert_eq!(own.reach(peer("198.51.100.7:50000"), true), Reach::Relayed);
        assert_eq!(own.reach(peer("198.51.100.7:50000"), false), Reach::Nowhere);
        assert_eq!(own.reach(peer("198.51.100.7:3478"), false), Reach::Nowhere);
        assert_eq!(own.reach(peer("198.51.100.7:22"), false), Reach::Nowhere);
    }

    #[test]
    fn the_hosts_other_addresses_are_refused_and_reach_nothing() {
        let own = own();
        assert_eq!(own.permits(ip("198.51.100.8")), Some(false));
        assert_eq!(own.reach(peer("198.51.100.8:50000"), true), Reach::Nowhere);
        assert_eq!(own.reach(peer("127.0.0.1:80"), false), Reach::Nowhere);
        assert_eq!(own.permits(ip("8.8.8.8")), None);
        assert_eq!(
            own.permits(ip("0.0.0.0")),
            None,
            "the listener's wildcard is no address"
        );
        assert_eq!(own.reach(peer("8.8.8.8:53"), true), Reach::Outside);
    }

    #[test]
    fn an_open_loopback_reaches_every_socket_but_the_listener() {
        let own = OwnAddresses {
            relay: ip("127.0.0.1"),
            listener: "127.0.0.1:3478".parse().unwrap(),
            host: vec![ip("127.0.0.1")],
            open_loopback: true,
        };
        assert_eq!(own.reach(peer("127.0.0.1:3480"), false), Reach::Outside);
        assert_eq!(own.reach(peer("127.0.0.1:3478"), false), Reach::Nowhere);
        assert_eq!(own.reach(peer("127.0.0.2:3478"), false), Reach::Nowhere);
        assert_eq!(own.reach(peer("127.0.0.1:50000"), true), Reach::Relayed);
    }

    #[test]
    fn port_0_is_reached_by_nobody() {
        assert_eq!(own().reach(peer("8.8.8.8:0"), false), Reach::Nowhere);
    }

    fn own() -> OwnAddresses {
        OwnAddresses {
            relay: ip("198.51.100.7"),
            listener: "0.0.0.0:3478".parse().unwrap(),
            host: vec![ip("198.51.100.7"), ip("198.51.100.8"), ip("127.0.0.1")],
            open_loopback: false,
        }
    }

    fn permits(rules: &PeerRules, peer: &str) -> bool {
        rules.permits(&"session".parse().unwrap(), ip(peer))
    }

    fn ip(ip: &str) -> IpAddr {
        ip.parse().unwrap()
    }

    fn peer(peer: &str) -> PeerAddr {
        PeerAddr::from(peer.parse::<SocketAddr>().unwrap())
    }
}
