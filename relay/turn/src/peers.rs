//! Which peers an allocation may reach.

use crate::{
    SessionName,
    scope::{Scope, canonical},
};
use ipnet::IpNet;
use std::net::IpAddr;

/// Decides which peers a session may reach. It is never asked for each packet.
pub trait PeerPolicy: Send + Sync {
    /// Returns whether `session` may have a permission for `peer`: asked once for each permission and channel, and not about the server's own
    /// addresses.
    fn permits(&self, session: &SessionName, peer: IpAddr) -> bool;

    /// Returns whether `one` and `other` may send to each other's relayed addresses. Not asked about one and the same session, which may.
    fn connects(&self, one: &SessionName, other: &SessionName) -> bool;

    /// Returns a number that changes when an answer of [`PeerPolicy::connects`] may change: asked for each packet between relayed addresses, so it
    /// is one load.
    fn epoch(&self) -> u64;

    /// Hears that `session` has an allocation more, made from `client`.
    fn appeared(&self, _session: &SessionName, _client: IpAddr) {}

    /// Hears that an allocation of `session`, made from `client`, has ended.
    fn vanished(&self, _session: &SessionName, _client: IpAddr) {}
}

/// The policy of a standard relay: everybody may reach every host on the internet, and what is opened here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerRules {
    /// Loopback peers are allowed: for a server that only this machine reaches.
    pub allow_loopback: bool,
    /// Peers in private, shared, documentation and benchmarking ranges are allowed.
    pub allow_private: bool,
    /// Networks that are allowed, if they are not denied. Unspecified, link-local, multicast, broadcast and metadata addresses stay closed.
    pub allow: Vec<IpNet>,
    /// Networks that are denied whatever else is said.
    pub deny: Vec<IpNet>,
}

impl PeerRules {
    /// Returns whether anybody may reach `peer`.
    pub(crate) fn permit(&self, peer: IpAddr) -> bool {
        if covers(&self.deny, peer) {
            return false;
        }
        match Scope::of(peer) {
            Scope::Unreachable => false,
            Scope::Public => true,
            Scope::Private => self.allow_private || covers(&self.allow, peer),
            Scope::Loopback => self.allow_loopback || covers(&self.allow, peer),
        }
    }
}

/// Returns whether one of `networks` has `peer` in any of its spellings.
fn covers(networks: &[IpNet], peer: IpAddr) -> bool {
    let inner = canonical(peer);
    let mapped = match inner {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().into(),
        IpAddr::V6(_) => inner,
    };
    let covers = |net: &IpNet| [peer, inner, mapped].iter().any(|ip| net.contains(ip));
    networks.iter().any(covers)
}

impl PeerPolicy for PeerRules {
    fn permits(&self, _session: &SessionName, peer: IpAddr) -> bool {
        self.permit(peer)
    }

    fn connects(&self, _one: &SessionName, _other: &SessionName) -> bool {
        true
    }

    fn epoch(&self) -> u64 {
        0
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
    fn deny_wins_over_allow_and_allow_over_what_is_closed_by_default() {
        let rules = PeerRules {
            allow: vec![net("10.0.0.0/8"), net("fd00::/8"), net("8.8.0.0/16")],
            deny: vec![
                net("10.9.0.0/16"),
                net("8.8.8.0/24"),
                net("::ffff:8.8.4.0/120"),
            ],
            ..PeerRules::default()
        };
        assert!(permits(&rules, "10.0.0.1") && permits(&rules, "fd12::1"));
        assert!(permits(&rules, "::ffff:10.0.0.1"));
        assert!(
            permits(&rules, "1.1.1.1"),
            "what is not named stays as it was"
        );
        for denied in [
            "10.9.0.1",
            "::ffff:10.9.0.1",
            "8.8.8.8",
            "8.8.4.4",
            "192.168.0.1",
        ] {
            assert!(!permits(&rules, denied), "{denied}");
        }
    }

    #[test]
    fn nothing_opens_what_is_no_host() {
        let rules = PeerRules {
            allow_loopback: true,
            allow_private: true,
            allow: vec![net("0.0.0.0/0"), net("::/0")],
            deny: Vec::new(),
        };
        assert!(permits(&rules, "10.0.0.1") && permits(&rules, "127.0.0.1"));
        for closed in [
            "0.0.0.0",
            "::",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "100.100.100.200",
            "fd00:ec2::254",
            "fe80::1",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "2001:db8::5efe:8.8.8.8",
        ] {
            assert!(!permits(&rules, closed), "{closed}");
        }
    }

    fn net(net: &str) -> IpNet {
        net.parse().unwrap()
    }

    fn permits(rules: &PeerRules, peer: &str) -> bool {
        rules.permits(&"session".parse().unwrap(), ip(peer))
    }

    fn ip(ip: &str) -> IpAddr {
        ip.parse().unwrap()
    }
}
