//! The SSRCs of one client: which RTP is let in at all, and which streams its descriptions have named.
//!
//! `str0m` keeps something for each SSRC that it meets, and for each that a description names: here is how many that may be.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use crate::description::Line;

/// SSRCs of one client that are let in between two of its offers: four publications of three layers with their retransmissions are 24.
const MOST_AT_A_TIME: usize = 64;

/// SSRCs of one client that are let in at all: who needs more joins anew.
const MOST: usize = 512;

#[derive(Default)]
pub(super) struct Ssrcs {
    /// What was let in since the last offer, and which m-line and layer it is once that is known.
    origins: HashMap<u32, Option<(Line, u8)>, FixedState>,
    /// What was ever let in.
    all: HashSet<u32, FixedState>,
    /// What the last description named.
    named: Vec<u32>,
}

/// Whether RTP of an SSRC is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Admitted,
    /// Not before the next offer.
    Refused,
    /// Nor after it.
    Exhausted,
}

impl Ssrcs {
    pub(super) fn admit(&mut self, ssrc: u32) -> Admission {
        if self.origins.contains_key(&ssrc) {
            return Admission::Admitted;
        }
        if self.origins.len() >= MOST_AT_A_TIME {
            return Admission::Refused;
        }
        if self.all.len() >= MOST && !self.all.contains(&ssrc) {
            return Admission::Exhausted;
        }
        self.origins.insert(ssrc, None);
        self.all.insert(ssrc);
        Admission::Admitted
    }

    pub(super) fn origin(&self, ssrc: u32) -> Option<(Line, u8)> {
        *self.origins.get(&ssrc)?
    }

    pub(super) fn set_origin(&mut self, ssrc: u32, origin: (Line, u8)) {
        self.origins.insert(ssrc, Some(origin));
    }

    /// An offer may give everything another meaning.
    pub(super) fn begin_anew(&mut self) {
        self.origins.clear();
    }

    /// Takes note of what a description names. Returns what the one before it named and it does not.
    pub(super) fn name(&mut self, named: Vec<u32>) -> Vec<u32> {
        let mut former = std::mem::replace(&mut self.named, named);
        former.retain(|ssrc| !self.named.contains(ssrc));
        former
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_ssrcs_are_let_in_between_two_offers_and_so_many_in_all() {
        let mut ssrcs = Ssrcs::default();
        for offer in 0..8 {
            ssrcs.begin_anew();
            for ssrc in 0..64 {
                assert_eq!(ssrcs.admit(64 * offer + ssrc), Admission::Admitted);
            }
            assert_eq!(ssrcs.admit(1_000), Admission::Refused);
            assert_eq!(ssrcs.admit(64 * offer), Admission::Admitted);
        }
        ssrcs.begin_anew();
        assert_eq!(ssrcs.admit(1_000), Admission::Exhausted);
        assert_eq!(
            ssrcs.admit(7),
            Admission::Admitted,
            "it has been here before"
        );
    }

    #[test]
    fn what_a_description_names_no_more_is_let_go() {
        let mut ssrcs = Ssrcs::default();
        assert_eq!(ssrcs.name(vec![1, 2]), []);
        assert_eq!(ssrcs.name(vec![2, 3]), [1]);
        assert_eq!(ssrcs.name(Vec::new()), [2, 3]);
    }
}
