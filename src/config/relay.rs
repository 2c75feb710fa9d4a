//! The settings of the STUN and TURN server, their defaults and their keys.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;

use super::{
    secrets::Secret,
    settings::count,
    units::{ByteSize, PortRange},
    value::{Visitor, choice},
};

/// The STUN and TURN server.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Each for UDP and TCP.
    pub listen: Vec<SocketAddr>,
    /// For TLS over TCP.
    pub tls_listen: Vec<SocketAddr>,
    /// As configured; what is used is [`Turn::relay_v4`].
    pub external_address: Option<Ipv4Addr>,
    /// As configured; what is used is [`Turn::relay_v6`].
    pub external_address_v6: Option<Ipv6Addr>,
    pub relay_ports: PortRange,
    /// As configured; what is used is [`super::Config::turn_realm`].
    pub realm: Option<String>,
    /// As configured; what is used is [`super::Secrets::turn`].
    pub secret: Option<Secret>,
    pub secret_file: Option<PathBuf>,
    /// Secrets whose credentials are still taken after a change of `secret`.
    pub previous_secrets: Vec<Secret>,
    pub credential_lifetime: Duration,
    /// How far the clock of whoever issued a credential may be off.
    pub clock_skew: Duration,
    /// As configured; what is used is [`super::Config::turn_peers`].
    pub peers: Option<Peers>,
    /// Networks that may be relayed to although they are private.
    pub allow: Vec<IpNet>,
    /// Networks that are never relayed to.
    pub deny: Vec<IpNet>,
    /// As configured; what is used is [`super::Config::turn_allow_loopback`].
    pub allow_loopback: Option<bool>,
    /// Whether relayed packets may go to private addresses.
    pub allow_private: bool,
    /// Threads; 0: by the number of CPUs.
    pub workers: u8,
    pub limits: TurnLimits,
}

/// What nobody may have more of from the STUN and TURN server.
#[derive(Debug, Clone)]
pub struct TurnLimits {
    /// Allocations in all.
    pub allocations: NonZeroU32,
    /// Allocations of one user.
    pub allocations_per_user: NonZeroU32,
    pub permissions_per_allocation: NonZeroU32,
    pub channels_per_allocation: NonZeroU32,
    /// Relayed payload of one user a second, both directions together.
    pub user_bandwidth: ByteSize,
    /// Relayed packets of one user a second, both directions together.
    pub user_packets: NonZeroU32,
    /// Answers a second to who has not signed in, from one network (IPv4 /24, IPv6 /48).
    pub stranger_bandwidth_per_prefix: ByteSize,
    /// Answers a second to who has not signed in.
    pub stranger_bandwidth: ByteSize,
    /// TCP and TLS connections in all.
    pub streams: NonZeroU32,
    /// TCP and TLS connections from one network (IPv4 /24, IPv6 /48).
    pub streams_per_prefix: NonZeroU32,
    /// What waits to be sent on one TCP or TLS connection.
    pub stream_buffer: ByteSize,
}

choice! {
    /// Whom the relay lets its users reach.
    Peers { Calls = "calls", Public = "public" }
}

impl Turn {
    /// Above it, threads would only be in each other's way.
    pub(super) const MOST_WORKERS: u8 = 16;

    /// In bytes: with a longer one, what a stranger is answered would be more than three times what it sent.
    pub(super) const LONGEST_REALM: usize = 32;

    /// Returns every address that is listened on.
    pub(super) fn listeners(&self) -> impl Iterator<Item = SocketAddr> {
        self.listen.iter().chain(&self.tls_listen).copied()
    }

    /// Returns the IPv4 address of relayed addresses: the external one, else the first that is listened on; one of loopback, which means another host to
    /// each, only if there is no other.
    pub fn relay_v4(&self) -> Option<Ipv4Addr> {
        let listened = self.listen.iter().filter_map(|at| match at.ip() {
            IpAddr::V4(v4) => (!v4.is_unspecified()).then_some(v4),
            IpAddr::V6(_) => None,
        });
        self.external_address
            .or(listened.min_by_key(Ipv4Addr::is_loopback))
    }

    /// Returns the IPv6 address of relayed addresses, as [`Turn::relay_v4`] does.
    pub fn relay_v6(&self) -> Option<Ipv6Addr> {
        let listened = self.listen.iter().filter_map(|at| match at.ip() {
            IpAddr::V6(v6) => (!v6.is_unspecified()).then_some(v6),
            IpAddr::V4(_) => None,
        });
        self.external_address_v6
            .or(listened.min_by_key(Ipv6Addr::is_loopback))
    }

    /// Returns whether only this machine reaches the relay: it listens on loopback alone, and nothing says that somebody passes packets on to it.
    pub fn is_out_of_reach(&self) -> bool {
        let told = self.external_address.is_some() || self.external_address_v6.is_some();
        !told && self.listeners().all(|at| at.ip().is_loopback())
    }

    /// Shows every setting of the section to `visitor`, in the order of the reference file.
    pub(super) fn visit(&mut self, visitor: &mut impl Visitor) {
        visitor.key("turn.listen", &mut self.listen);
        visitor.key("turn.tls_listen", &mut self.tls_listen);
        visitor.key("turn.external_address", &mut self.external_address);
        visitor.key("turn.external_address_v6", &mut self.external_address_v6);
        visitor.key("turn.relay_ports", &mut self.relay_ports);
        visitor.key("turn.realm", &mut self.realm);
        visitor.key("turn.secret", &mut self.secret);
        visitor.key("turn.secret_file", &mut self.secret_file);
        visitor.key("turn.previous_secrets", &mut self.previous_secrets);
        visitor.key("turn.credential_lifetime", &mut self.credential_lifetime);
        visitor.key("turn.clock_skew", &mut self.clock_skew);
        visitor.key("turn.peers", &mut self.peers);
        visitor.key("turn.allow", &mut self.allow);
        visitor.key("turn.deny", &mut self.deny);
        visitor.key("turn.allow_loopback", &mut self.allow_loopback);
        visitor.key("turn.allow_private", &mut self.allow_private);
        visitor.key("turn.workers", &mut self.workers);
        visitor.key("turn.allocations", &mut self.limits.allocations);
        visitor.key(
            "turn.allocations_per_user",
            &mut self.limits.allocations_per_user,
        );
        visitor.key(
            "turn.permissions_per_allocation",
            &mut self.limits.permissions_per_allocation,
        );
        visitor.key(
            "turn.channels_per_allocation",
            &mut self.limits.channels_per_allocation,
        );
        visitor.key("turn.user_bandwidth", &mut self.limits.user_bandwidth);
        visitor.key("turn.user_packets", &mut self.limits.user_packets);
        visitor.key(
            "turn.stranger_bandwidth_per_prefix",
            &mut self.limits.stranger_bandwidth_per_prefix,
        );
        visitor.key(
            "turn.stranger_bandwidth",
            &mut self.limits.stranger_bandwidth,
        );
        visitor.key("turn.streams", &mut self.limits.streams);
        visitor.key(
            "turn.streams_per_prefix",
            &mut self.limits.streams_per_prefix,
        );
        visitor.key("turn.stream_buffer", &mut self.limits.stream_buffer);
    }
}

impl Default for Turn {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 3478))],
            tls_listen: Vec::new(),
            external_address: None,
            external_address_v6: None,
            relay_ports: PortRange::DYNAMIC,
            realm: None,
            secret: None,
            secret_file: None,
            previous_secrets: Vec::new(),
            credential_lifetime: Duration::from_hours(24),
            clock_skew: Duration::from_mins(1),
            peers: None,
            allow: Vec::new(),
            deny: Vec::new(),
            allow_loopback: None,
            allow_private: false,
            workers: 0,
            limits: TurnLimits::default(),
        }
    }
}

impl Default for TurnLimits {
    fn default() -> Self {
        Self {
            allocations: count(4000),
            allocations_per_user: count(48),
            permissions_per_allocation: count(64),
            channels_per_allocation: count(64),
            user_bandwidth: ByteSize::kib(4 << 10),
            user_packets: count(10_000),
            stranger_bandwidth_per_prefix: ByteSize::kib(16),
            stranger_bandwidth: ByteSize::kib(1 << 10),
            streams: count(2000),
            streams_per_prefix: count(64),
            stream_buffer: ByteSize::kib(128),
        }
    }
}
