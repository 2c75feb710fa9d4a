//! What goes from one worker to another: one bounded ring without locks for each ordered pair.
//!
//! A [`Record`] is committed at once. Where there is no room it is dropped: late media is lost media.

mod record;

pub(crate) use record::Record;

use mio::Waker;
use record::Head;
use rtrb::{Consumer, Producer, RingBuffer};
use std::{mem, sync::Arc};
use turn::WorkerId;

/// Bytes of one ring.
const CAPACITY: usize = 1 << 19;

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
    from: Vec<(WorkerId, Consumer<u8>)>,
    payload: Vec<u8>,
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
                payload: Vec::new(),
            };
            (outgoing, incoming)
        })
        .collect();
    for (id, sender) in (0..).zip(0..wakers.len()) {
        for (receiver, waker) in wakers.iter().enumerate() {
            let lane = (sender != receiver).then(|| {
                let (ring, heard) = RingBuffer::new(CAPACITY);
                ends[receiver].1.from.push((WorkerId(id), heard));
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
    /// Hands `record` to a worker. It is seen after [`Outgoing::wake`].
    pub(crate) fn push(&mut self, worker: WorkerId, record: &Record<'_>) {
        let lane = self
            .to
            .get_mut(usize::from(worker.0))
            .and_then(Option::as_mut);
        let Some((lane, head)) = lane.zip(Head::of(record)) else {
            self.dropped += 1;
            return;
        };
        let (head, payload) = (head.as_bytes(), record.payload());
        let Ok(mut room) = lane.ring.write_chunk(head.len() + payload.len()) else {
            self.dropped += 1;
            return;
        };
        let (first, second) = room.as_mut_slices();
        let split = first.len().min(head.len());
        first[..split].copy_from_slice(&head[..split]);
        second[..head.len() - split].copy_from_slice(&head[split..]);
        let (first, second) = (&mut first[split..], &mut second[head.len() - split..]);
        let split = first.len();
        first.copy_from_slice(&payload[..split]);
        second.copy_from_slice(&payload[split..]);
        room.commit_all();
        lane.written = true;
    }

    /// Returns whether there is a way to `worker`.
    pub(crate) fn reach(&self, worker: WorkerId) -> bool {
        matches!(self.to.get(usize::from(worker.0)), Some(Some(_)))
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

    /// Returns how many records found no room since the start.
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
        self.from[ring].1.slots()
    }

    /// Takes the next record out of a ring: from whom it is, and how many bytes of the ring it took.
    pub(crate) fn next(&mut self, ring: usize) -> Option<(WorkerId, Record<'_>, usize)> {
        let (sender, ring) = &mut self.from[ring];
        let mut kind = [0];
        ring.pop_entire_slice(&mut kind).ok()?;
        let mut head = Head::begin(kind);
        ring.pop_entire_slice(head.rest())
            .expect("a record is committed whole");
        self.payload.resize(head.payload(), 0);
        ring.pop_entire_slice(&mut self.payload)
            .expect("a record is committed whole");
        let taken = head.as_bytes().len() + self.payload.len();
        Some((*sender, head.record(&self.payload), taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::{Poll, Token};
    use std::net::SocketAddr;
    use turn::{Family, PeerAddr, RelayedPort};

    #[test]
    fn records_arrive_whole_in_order_and_around_the_end_of_the_ring() {
        let [(mut one, _), (_, mut two)] = pair();
        for round in 0..100usize {
            let from = ([127, 0, 0, 1], round as u16).into();
            for size in [0, 1, 1200, 65_535 - round] {
                one.push(WorkerId(1), &relayed(from, &vec![round as u8; size]));
            }
            for size in [0, 1, 1200, 65_535 - round] {
                let (sender, record, _) = two.next(0).unwrap();
                assert_eq!(sender, WorkerId(0));
                assert_eq!(record, relayed(from, &vec![round as u8; size]));
            }
            assert!(two.next(0).is_none());
        }
        assert_eq!(one.dropped(), 0);
    }

    #[test]
    fn a_full_ring_drops_and_counts_and_keeps_what_it_has() {
        let [(mut one, _), (_, mut two)] = pair();
        let from = "[2001:db8::1]:9".parse().unwrap();
        let payload = |at: u16| [&at.to_be_bytes()[..], &[0; 998]].concat();
        for at in 0..1_000u16 {
            one.push(WorkerId(1), &relayed(from, &payload(at)));
        }
        let (waiting, mut kept) = (one.waiting(), 0);
        assert_eq!(waiting, two.waiting(0));
        while let Some((_, record, taken)) = two.next(0) {
            assert_eq!(record, relayed(from, &payload(kept)));
            assert_eq!(waiting, two.waiting(0) + taken * usize::from(kept + 1));
            kept += 1;
        }
        assert_eq!(one.dropped(), 1_000 - u64::from(kept));
    }

    #[test]
    fn nobody_hands_records_to_itself_or_to_a_worker_that_is_not_there() {
        let [(mut one, _), _] = pair();
        let record = relayed(([127, 0, 0, 1], 9).into(), b"x");
        one.push(WorkerId(0), &record);
        one.push(WorkerId(2), &record);
        assert_eq!(one.dropped(), 2);
    }

    fn relayed(from: SocketAddr, payload: &[u8]) -> Record<'_> {
        Record::Relayed {
            on: RelayedPort {
                family: Family::V6,
                port: 50_000,
            },
            from: PeerAddr::from(from),
            payload,
        }
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
