//! Which sequence numbers have gone down: for never giving one twice.

/// Behind the highest; older ones count as seen.
const WINDOW: u64 = 1024;

/// The last [`WINDOW`] sequence numbers.
#[derive(Debug, Default)]
pub(super) struct Seen {
    highest: Option<u64>,
    bits: [u64; (WINDOW / 64) as usize],
}

impl Seen {
    /// Notes `seq`. Returns whether it is new; what is too old to be known is not.
    pub(super) fn insert(&mut self, seq: u64) -> bool {
        match self.highest {
            Some(highest) if seq <= highest => {
                if highest - seq >= WINDOW || self.has(seq) {
                    return false;
                }
            }
            Some(highest) => {
                if seq - highest >= WINDOW {
                    self.bits = Default::default();
                } else {
                    (highest + 1..=seq).for_each(|between| self.set(between, false));
                }
                self.highest = Some(seq);
            }
            None => self.highest = Some(seq),
        }
        self.set(seq, true);
        true
    }

    fn has(&self, seq: u64) -> bool {
        let (word, bit) = place(seq);
        self.bits[word] & bit != 0
    }

    fn set(&mut self, seq: u64, seen: bool) {
        let (word, bit) = place(seq);
        if seen {
            self.bits[word] |= bit;
        } else {
            self.bits[word] &= !bit;
        }
    }
}

fn place(seq: u64) -> (usize, u64) {
    let at = seq % WINDOW;
    ((at / 64) as usize, 1 << (at % 64))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_older_than_the_window_counts_as_seen() {
        let mut seen = Seen::default();
        assert!(seen.insert(5000));
        assert!(!seen.insert(5000 - WINDOW));
        assert!(seen.insert(5001 - WINDOW));
    }

    proptest! {
        #[test]
        fn a_number_is_new_once(steps in prop::collection::vec(-1500i64..1500, 1..300)) {
            let (mut seen, mut known) = (Seen::default(), HashSet::new());
            let mut at = 1 << 20;
            for step in steps {
                at += step;
                let new = seen.insert(at as u64);
                prop_assert!(!new || !known.contains(&at));
                known.insert(at);
            }
        }
    }
}
