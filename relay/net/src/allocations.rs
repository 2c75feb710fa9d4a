//! The lives of allocations, told to whoever keeps the records of calls: beside the packet path, through a bounded queue that nobody waits for.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::mpsc;
use turn::AllocationEvent;

/// Events that may wait to be heard.
const QUEUE: usize = 1024;

/// Hears of the allocations of all workers.
#[derive(Debug)]
pub struct Allocations {
    events: mpsc::Receiver<AllocationEvent>,
    lost: Arc<AtomicU64>,
}

/// Tells of the allocations of one worker.
#[derive(Debug, Clone)]
pub(crate) struct Teller {
    events: mpsc::Sender<AllocationEvent>,
    lost: Arc<AtomicU64>,
}

/// Makes both ends.
pub(crate) fn queue() -> (Teller, Allocations) {
    let (sender, events) = mpsc::channel(QUEUE);
    let lost = Arc::new(AtomicU64::new(0));
    let teller = Teller {
        events: sender,
        lost: Arc::clone(&lost),
    };
    (teller, Allocations { events, lost })
}

impl Teller {
    /// Tells, if there is room.
    pub(crate) fn tell(&self, event: AllocationEvent) {
        if self.events.try_send(event).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Allocations {
    /// Waits for the next event; `None` once the relay has stopped.
    pub async fn next(&mut self) -> Option<AllocationEvent> {
        self.events.recv().await
    }

    /// Returns how many events found no room so far.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use turn::{FiveTuple, RefusedWhy, Transport};

    #[tokio::test]
    async fn what_finds_no_room_is_counted_and_what_found_it_is_heard() {
        let (teller, mut heard) = queue();
        let address = "192.0.2.1:1000".parse().unwrap();
        let five_tuple = FiveTuple {
            transport: Transport::Udp,
            client: address,
            server: address,
        };
        for _ in 0..QUEUE + 3 {
            teller.tell(AllocationEvent::Refused {
                session: "alice".parse().unwrap(),
                five_tuple,
                why: RefusedWhy::Quota,
            });
        }
        assert_eq!(heard.lost(), 3);
        drop(teller);
        let mut events = 0;
        while heard.next().await.is_some() {
            events += 1;
        }
        assert_eq!(events, QUEUE);
    }
}
