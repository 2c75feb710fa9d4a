//! Sessions that may make no allocation, though their credentials are genuine and have not expired.

use crate::{SessionName, UnixSeconds};
use std::collections::{BTreeSet, HashMap};

/// Sessions that are banned at once. Past it, the ban that would end first ends.
const MOST: usize = 1 << 16;

#[derive(Debug, Default)]
pub(super) struct Bans {
    until: HashMap<SessionName, UnixSeconds>,
    /// The same by their ends.
    ends: BTreeSet<(UnixSeconds, SessionName)>,
}

impl Bans {
    /// Bans `session` until `until`, or longer if it was already.
    pub(super) fn ban(&mut self, session: SessionName, until: UnixSeconds) {
        if let Some(&before) = self.until.get(&session) {
            if until <= before {
                return;
            }
            self.ends.remove(&(before, session.clone()));
        } else if self.until.len() == MOST
            && let Some((_, first)) = self.ends.pop_first()
        {
            self.until.remove(&first);
        }
        self.ends.insert((until, session.clone()));
        self.until.insert(session, until);
    }

    /// Returns whether `session` is banned, and forgets bans that are over.
    pub(super) fn is_banned(&mut self, session: &SessionName, now: UnixSeconds) -> bool {
        while let Some((end, _)) = self.ends.first()
            && *end <= now
            && let Some((_, session)) = self.ends.pop_first()
        {
            self.until.remove(&session);
        }
        self.until.contains_key(session)
    }

    pub(super) fn count(&self) -> usize {
        self.until.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_ends_at_its_time_and_the_longer_one_holds() {
        let mut bans = Bans::default();
        bans.ban(session("alice"), UnixSeconds(10));
        bans.ban(session("alice"), UnixSeconds(20));
        bans.ban(session("alice"), UnixSeconds(5));
        assert!(bans.is_banned(&session("alice"), UnixSeconds(19)));
        assert!(!bans.is_banned(&session("bob"), UnixSeconds(19)));
        assert!(!bans.is_banned(&session("alice"), UnixSeconds(20)));
        assert_eq!((bans.count(), bans.ends.len()), (0, 0));
    }

    #[test]
    fn there_are_so_many_bans_and_the_one_that_ends_first_goes() {
        let mut bans = Bans::default();
        for number in 0..=MOST {
            bans.ban(
                session(&format!("s{number}")),
                UnixSeconds(100 + number as u64),
            );
        }
        assert_eq!((bans.count(), bans.ends.len()), (MOST, MOST));
        assert!(!bans.is_banned(&session("s0"), UnixSeconds(0)));
        assert!(bans.is_banned(&session("s1"), UnixSeconds(0)));
    }

    fn session(name: &str) -> SessionName {
        name.parse().unwrap()
    }
}
