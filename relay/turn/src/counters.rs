//! What the server counts. Counting is all it does about a dropped packet.

use crate::{Refusal, Transport};
use std::ops::AddAssign;

/// Packets and their payload bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// Packets.
    pub packets: u64,
    /// Bytes of payload, without any header.
    pub bytes: u64,
}

impl Flow {
    pub(crate) fn add(&mut self, payload: usize) {
        self.packets += 1;
        self.bytes += payload as u64;
    }
}

impl AddAssign for Flow {
    fn add_assign(&mut self, other: Self) {
        self.packets += other.packets;
        self.bytes += other.bytes;
    }
}

/// Packets and their payload bytes, by the transport of the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flows([Flow; Transport::ALL.len()]);

impl Flows {
    /// Returns what went over one transport.
    pub fn of(&self, transport: Transport) -> Flow {
        self.0[transport as usize]
    }

    /// Returns what went over all transports.
    pub fn total(&self) -> Flow {
        let mut total = Flow::default();
        self.0.into_iter().for_each(|flow| total += flow);
        total
    }

    /// Returns what went over each transport.
    pub fn iter(&self) -> impl Iterator<Item = (Transport, Flow)> {
        Transport::ALL.into_iter().zip(self.0)
    }

    pub(crate) fn add(&mut self, transport: Transport, payload: usize) {
        self.0[transport as usize].add(payload);
    }
}

impl AddAssign for Flows {
    fn add_assign(&mut self, other: Self) {
        add_each(&mut self.0, other.0);
    }
}

/// Why a datagram went no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// No STUN, TURN or ChannelData message, or one that only a server sends.
    Malformed,
    /// Relayed data from a client, or for a port, without an allocation.
    NoAllocation,
    /// ChannelData for a channel that is not bound.
    NoChannel,
    /// The peer has no permission.
    NoPermission,
    /// The peer is an address of the server, and nobody that may be reached there.
    OwnAddress,
    /// The peer is a relayed address whose session may not be sent to.
    NotConnected,
    /// The user sends or receives more than it may.
    OverRate,
    /// The peer's payload has no channel, and is too long for a Data indication.
    TooLong,
    /// The answer would be more than three times what a stranger sent.
    Amplifying,
    /// Strangers were answered as much as they may be.
    Budget,
}

impl DropReason {
    /// Every reason, in the order of the counters.
    pub const ALL: [Self; 10] = [
        Self::Malformed,
        Self::NoAllocation,
        Self::NoChannel,
        Self::NoPermission,
        Self::OwnAddress,
        Self::NotConnected,
        Self::OverRate,
        Self::TooLong,
        Self::Amplifying,
        Self::Budget,
    ];

    /// Returns the name under which it is reported.
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NoAllocation => "no_allocation",
            Self::NoChannel => "no_channel",
            Self::NoPermission => "no_permission",
            Self::OwnAddress => "own_address",
            Self::NotConnected => "not_connected",
            Self::OverRate => "over_rate",
            Self::TooLong => "too_long",
            Self::Amplifying => "amplifying",
            Self::Budget => "budget",
        }
    }
}

/// A snapshot of what a server counted since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Allocations that live.
    pub allocations: u64,
    /// Allocations that were ever made.
    pub allocated: u64,
    /// Binding requests that were answered.
    pub bindings: u64,
    /// Payloads on their way from a client to a peer.
    pub to_peers: Flows,
    /// Payloads on their way from a peer to a client. What went from client to client is counted in both.
    pub to_clients: Flows,
    /// ICMP errors that clients were told of.
    pub icmp: u64,
    pub(crate) drops: [u64; DropReason::ALL.len()],
    pub(crate) refusals: [u64; Refusal::ALL.len()],
}

impl Counters {
    /// Returns how many datagrams were dropped, and why.
    pub fn drops(&self) -> impl Iterator<Item = (DropReason, u64)> {
        DropReason::ALL.into_iter().zip(self.drops)
    }

    /// Returns how many requests were refused, and why.
    pub fn refusals(&self) -> impl Iterator<Item = (Refusal, u64)> {
        Refusal::ALL.into_iter().zip(self.refusals)
    }

    pub(crate) fn dropped(&mut self, reason: DropReason) {
        self.drops[reason as usize] += 1;
    }

    pub(crate) fn refused(&mut self, refusal: Refusal) {
        self.refusals[refusal as usize] += 1;
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.allocations += other.allocations;
        self.allocated += other.allocated;
        self.bindings += other.bindings;
        self.to_peers += other.to_peers;
        self.to_clients += other.to_clients;
        self.icmp += other.icmp;
        add_each(&mut self.drops, other.drops);
        add_each(&mut self.refusals, other.refusals);
    }
}

fn add_each<T: AddAssign, const N: usize>(to: &mut [T; N], from: [T; N]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_several_servers_add_up() {
        let mut one = Counters {
            allocations: 1,
            allocated: 2,
            bindings: 3,
            icmp: 4,
            ..Counters::default()
        };
        one.to_peers.add(Transport::Tcp, 5);
        one.to_clients.add(Transport::Udp, 6);
        one.dropped(DropReason::OverRate);
        one.refused(Refusal::Forbidden);
        let mut sum = one;
        sum += one;
        assert_eq!(
            (sum.allocations, sum.allocated, sum.bindings, sum.icmp),
            (2, 4, 6, 8)
        );
        assert_eq!(
            sum.to_peers.of(Transport::Tcp),
            Flow {
                packets: 2,
                bytes: 10
            }
        );
        assert_eq!(
            sum.to_clients.total(),
            Flow {
                packets: 2,
                bytes: 12
            }
        );
        assert_eq!(sum.drops().map(|(_, count)| count).sum::<u64>(), 2);
        assert_eq!(sum.refusals().map(|(_, count)| count).sum::<u64>(), 2);
    }

    #[test]
    fn each_transport_is_counted_under_its_own_name() {
        for transport in Transport::ALL {
            let mut flows = Flows::default();
            flows.add(transport, 1);
            let counted = flows.iter().filter(|(_, flow)| flow.packets == 1);
            assert_eq!(counted.map(|(one, _)| one).collect::<Vec<_>>(), [transport]);
        }
    }

    #[test]
    fn each_reason_is_counted_under_its_own_name() {
        for (at, reason) in DropReason::ALL.into_iter().enumerate() {
            let mut counters = Counters::default();
            counters.dropped(reason);
            assert_eq!(counters.drops().position(|(_, count)| count == 1), Some(at));
        }
        for (at, refusal) in Refusal::ALL.into_iter().enumerate() {
            let mut counters = Counters::default();
            counters.refused(refusal);
            assert_eq!(
                counters.refusals().position(|(_, count)| count == 1),
                Some(at)
            );
        }
    }
}
