//! Packets on their way from one worker to another: one bounded ring without locks for each ordered pair.
//!
//! A record is a header of [`HEADER`] bytes and the payload, committed at once. Where there is no room the packet is dropped: late media is lost media.

use mio::Waker;
use rtrb::{Consumer, Producer, RingBuffer};
use std::{
    mem,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};
use turn::{Family, PeerAddr, RelayedPort, WorkerId};

/// Bytes of one ring.
const CAPACITY: usize = 1 << 19;

/// Payload length, family and port of the relayed address, port and address of the sender.
const HEADER: usize = 2 + 1 + 2 + 2 + 16;

/// What one worker sends to the others by.
pub(crate) struct Outgoing {
    to: Vec<Option<Lane>>,
    dropped: u64,
}

struct Lane {
    ring: Producer<u8>,
    waker: Arc<Waker>,
    written: bool,
}

/// What one worker hears from the others by.
pub(crate) struct Incoming {
    from: Vec<Consumer<u8>>,
    record: Vec<u8>,
}

/// Makes the rings between workers with these wakers: for each of them what it sends and what it hears by.
pub(crate) fn between(wakers: &[Arc<Waker>]) -> Vec<(Outgoing, Incoming)> {
    let mut ends: Vec<_> = wakers
        .iter()
        .map(|_| {
            let outgoing = Outgoing {
                to: Vec::new(),
                dropped: 0,
            };
            let incoming = Incoming {
                from: Vec::new(),
                record: Vec::new(),
            };
            (outgoing, incoming)
        })
        .collect();
    for sender in 0..wakers.len() {
        for (receiver, waker) in wakers.iter().enumerate() {
            let lane = (sender != receiver).then(|| {
                let (ring, heard) = RingBuffer::new(CAPACITY);
                ends[receiver].1.from.push(heard);
                Lane {
                    ring,
                    waker: Arc::clone(waker),
                    written: false,
                }
            });
            ends[sender].0.to.push(lane);
        }
    }
    ends
}

impl Outgoing {
    /// Hands `payload`, which came from `from`, to the owner of `on`. It is seen after [`Outgoing::wake`].
    pub(crate) fn push(
        &mut self,
        worker: WorkerId,
        on: RelayedPort,
        from: PeerAddr,
        payload: &[u8],
    ) {
        let lane = self
            .to
            .get_mut(usize::from(worker.0))
            .and_then(Option::as_mut);
        let Some((lane, length)) = lane.zip(u16::try_from(payload.len()).ok()) else {
            self.dropped += 1;
            return;
        };
        let Ok(mut room) = lane.ring.write_chunk(HEADER + payload.len()) else {
            self.dropped += 1;
            return;
        };
        let (first, second) = room.as_mut_slices();
        let header = header(length, on, from);
        let split = first.len().min(HEADER);
        first[..split].copy_from_slice(&header[..split]);
        second[..HEADER - split].copy_from_slice(&header[split..]);
        let (first, second) = (&mut first[split..], &mut second[HEADER - split..]);
        let split = first.len();
        first.copy_from_slice(&payload[..split]);
        second.copy_from_slice(&payload[split..]);
        room.commit_all();
        lane.written = true;
    }

    /// Wakes whom something was handed to.
    pub(crate) fn wake(&mut self) {
        for lane in self.to.iter_mut().flatten() {
            if mem::take(&mut lane.written)
                && let Err(error) = lane.waker.wake()
            {
                tracing::error!(%error, "cannot wake a worker");
            }
        }
    }

    /// Returns how many packets found no room since the start.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns how many bytes wait for the others.
    pub(crate) fn waiting(&self) -> usize {
        self.to
            .iter()
            .flatten()
            .map(|lane| CAPACITY - lane.ring.slots())
            .sum()
    }
}

impl Incoming {
    /// Returns how many rings there are.
    pub(crate) fn rings(&self) -> usize {
        self.from.len()
    }

    /// Returns how many bytes wait in a ring.
    pub(crate) fn waiting(&self, ring: usize) -> usize {
        self.from[ring].slots()
    }

    /// Takes the next packet out of a ring: for which port, from whom, its payload, and how many bytes of the ring it took.
    pub(crate) fn next(&mut self, ring: usize) -> Option<(RelayedPort, PeerAddr, &[u8], usize)> {
        let ring = &mut self.from[ring];
        let mut header = [0; HEADER];
        ring.pop_entire_slice(&mut header).ok()?;
        let (length, on, from) = parse(header);
        self.record.resize(usize::from(length), 0);
        ring.pop_entire_slice(&mut self.record)
            .expect("a record is committed whole");
        Some((on, from, &self.record, HEADER + usize::from(length)))
    }
}

fn header(length: u16, on: RelayedPort, from: PeerAddr) -> [u8; HEADER] {
    let ip = match from.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let mut header = [0; HEADER];
    header[..2].copy_from_slice(&length.to_be_bytes());
    header[2] = match on.family {
        Family::V4 => 4,
        Family::V6 => 6,
    };
    header[3..5].copy_from_slice(&on.port.to_be_bytes());
    header[5..7].copy_from_slice(&from.port().to_be_bytes());
    header[7..].copy_from_slice(&ip.octets());
    header
}

fn parse(header: [u8; HEADER]) -> (u16, RelayedPort, PeerAddr) {
    let [l0, l1, family, on0, on1, from0, from1, ip @ ..] = header;
    let on = RelayedPort {
        family: if family == 4 { Family::V4 } else { Family::V6 },
        port: u16::from_be_bytes([on0, on1]),
    };
    let from = SocketAddr::new(
        Ipv6Addr::from(ip).into(),
        u16::from_be_bytes([from0, from1]),
    );
    (u16::from_be_bytes([l0, l1]), on, PeerAddr::from(from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::{Poll, Token};

    const ON: RelayedPort = RelayedPort {
        family: Family::V6,
        port: 50_000,
    };

    #[test]
    fn packets_arrive_whole_in_order_and_around_the_end_of_the_ring() {
        let [(mut one, _), (_, mut two)] = pair();
        for round in 0..100usize {
            let from = PeerAddr::from(SocketAddr::from(([127, 0, 0, 1], round as u16)));
            for size in [0, 1, 1200, 65_535 - round] {
                one.push(WorkerId(1), ON, from, &vec![round as u8; size]);
            }
            for size in [0, 1, 1200, 65_535 - round] {
                let (on, sender, payload, _) = two.next(0).unwrap();
                assert_eq!((on, sender), (ON, from));
                assert_eq!(payload, vec![round as u8; size]);
            }
            assert!(two.next(0).is_none());
        }
        assert_eq!(one.dropped(), 0);
    }

    #[test]
    fn a_full_ring_drops_and_counts_and_keeps_what_it_has() {
        let [(mut one, _), (_, mut two)] = pair();
        let from = PeerAddr::from("[2001:db8::1]:9".parse::<SocketAddr>().unwrap());
        for at in 0..1_000u16 {
            one.push(
                WorkerId(1),
                ON,
                from,
                &[&at.to_be_bytes()[..], &[0; 998]].concat(),
            );
        }
        let kept = CAPACITY / (HEADER + 1_000);
        assert_eq!(one.dropped(), 1_000 - kept as u64);
        assert_eq!(one.waiting(), two.waiting(0));
        for at in 0..kept as u16 {
            let (_, sender, payload, _) = two.next(0).unwrap();
            assert_eq!((sender, &payload[..2]), (from, &at.to_be_bytes()[..]));
        }
        assert!(two.next(0).is_none());
    }

    #[test]
    fn nobody_hands_packets_to_itself_or_to_a_worker_that_is_not_there() {
        let [(mut one, _), _] = pair();
        let from = PeerAddr::from(SocketAddr::from(([127, 0, 0, 1], 9)));
        one.push(WorkerId(0), ON, from, b"x");
        one.push(WorkerId(2), ON, from, b"x");
        assert_eq!(one.dropped(), 2);
    }

    fn pair() -> [(Outgoing, Incoming); 2] {
        let poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        between(&[Arc::clone(&waker), waker])
            .try_into()
            .ok()
            .unwrap()
    }
}
