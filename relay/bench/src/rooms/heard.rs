//! What a participant has received: which packets, and how long they were on their way.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// How long ago a stream had its last packet that is still going on.
const LIVING: Duration = Duration::from_millis(500);

/// What a participant has received.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// By SSRC.
    streams: HashMap<u32, Stream>,
    counting: Counting,
    /// Of each packet that counts, in nanoseconds, in no order.
    latencies: Vec<u32>,
    /// When the first packet of all came.
    pub(crate) first: Option<Instant>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Counting {
    /// Nothing counts yet.
    #[default]
    Not,
    /// What is new counts.
    On,
    /// What is missing may still come, but nothing new counts.
    Over,
}

#[derive(Debug)]
struct Stream {
    picture: bool,
    last: Instant,
    highest: u64,
    /// The first packet that counts.
    from: u64,
    /// Whether each packet from that on has come.
    seen: Vec<bool>,
}

/// What counts.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) lost: usize,
    /// Of each packet that was delivered, in nanoseconds, in no order.
    pub(crate) latencies: Vec<u32>,
}

/// A packet of media that came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Came {
    pub(crate) ssrc: u32,
    pub(crate) picture: bool,
    /// Extended beyond 16 bits.
    pub(crate) seq: u64,
    /// How long it was on its way.
    pub(crate) took: Duration,
}

impl Heard {
    pub(crate) fn take(&mut self, came: Came, now: Instant) {
        self.first.get_or_insert(now);
        let stream = self.streams.entry(came.ssrc).or_insert(Stream {
            picture: came.picture,
            last: now,
            highest: came.seq.saturating_sub(1),
            from: came.seq,
            seen: Vec::new(),
        });
        stream.last = now;
        let new = came.seq > stream.highest;
        let counts = match self.counting {
            Counting::Not => false,
            Counting::On => came.seq >= stream.from,
            Counting::Over => {
                (stream.from..stream.from + stream.seen.len() as u64).contains(&came.seq)
            }
        };
        if new {
            stream.highest = came.seq;
        }
        if !counts {
            return;
        }
        let at = (came.seq - stream.from) as usize;
        if at >= stream.seen.len() {
            stream.seen.resize(at + 1, false);
        }
        if !std::mem::replace(&mut stream.seen[at], true) {
            self.latencies
                .push(u32::try_from(came.took.as_nanos()).unwrap_or(u32::MAX));
        }
    }

    /// Begins to count, with the next packet of each stream.
    pub(crate) fn begin(&mut self) {
        self.counting = Counting::On;
        self.latencies.clear();
        for stream in self.streams.values_mut() {
            stream.from = stream.highest + 1;
            stream.seen.clear();
        }
    }

    /// Ends counting, but for what is late.
    pub(crate) fn end(&mut self) {
        self.counting = Counting::Over;
    }

    /// Returns what was counted.
    pub(crate) fn counted(&mut self) -> Counted {
        let sent: usize = self.streams.values().map(|stream| stream.seen.len()).sum();
        let latencies = std::mem::take(&mut self.latencies);
        Counted {
            lost: sent - latencies.len(),
            latencies,
        }
    }

    /// Returns how many streams of pictures, or else of sound, go on.
    pub(crate) fn living(&self, picture: bool, now: Instant) -> usize {
        let living = |stream: &&Stream| {
            stream.picture == picture && now.saturating_duration_since(stream.last) < LIVING
        };
        self.streams.values().filter(living).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(seq: u64) -> Came {
        Came {
            ssrc: 7,
            picture: true,
            seq,
            took: Duration::from_nanos(seq),
        }
    }

    #[test]
    fn what_came_twice_or_too_early_or_too_late_does_not_count_and_gaps_are_lost() {
        let mut heard = Heard::default();
        let now = Instant::now();
        let take = |heard: &mut Heard, seqs: &[u64]| {
            for seq in seqs {
                heard.take(came(*seq), now);
            }
        };
        take(&mut heard, &[10, 12]);
        heard.begin();
        take(&mut heard, &[11, 13, 14, 14, 17, 18]);
        heard.end();
        take(&mut heard, &[16, 19, 20]);
        let counted = heard.counted();
        assert_eq!(counted.lost, 1);
        assert_eq!(counted.latencies, [13, 14, 17, 18, 16]);
    }

    #[test]
    fn a_stream_without_packets_does_not_go_on() {
        let mut heard = Heard::default();
        let now = Instant::now();
        heard.take(came(1), now);
        assert_eq!((heard.living(true, now), heard.living(false, now)), (1, 0));
        assert_eq!(heard.living(true, now + LIVING), 0);
    }
}
