//! What the policy said of the sessions that an allocation sends to, kept so that it is asked once and not for each packet.

use crate::registry::SessionId;

/// Answers that are kept. Whoever sends to more sessions in turn waits for the policy's lock.
const MOST: usize = 16;

/// Which sessions an allocation may send to, as far as the policy was asked and has not changed since.
#[derive(Debug, Default)]
pub(crate) struct Connects {
    /// The policy's epoch when it gave the answers.
    epoch: u64,
    answers: Vec<(SessionId, bool)>,
}

impl Connects {
    /// Returns whether `other` may be sent to, by what is known at `epoch`, and else by what `ask` says.
    pub(crate) fn to(&mut self, other: SessionId, epoch: u64, ask: impl FnOnce() -> bool) -> bool {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.answers.clear();
        }
        if let Some((_, answer)) = self.answers.iter().find(|(session, _)| *session == other) {
            return *answer;
        }
        let answer = ask();
        if self.answers.len() == MOST {
            self.answers.remove(0);
        }
        self.answers.push((other, answer));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_asked_once_for_each_session_and_epoch() {
        let mut connects = Connects::default();
        assert!(connects.to(SessionId(1), 7, || true));
        assert!(connects.to(SessionId(1), 7, || unreachable!("it was asked")));
        assert!(!connects.to(SessionId(2), 7, || false));
        assert!(!connects.to(SessionId(1), 8, || false));
    }

    #[test]
    fn no_more_answers_are_kept_than_there_is_room_for() {
        let mut connects = Connects::default();
        for session in 1..100 {
            connects.to(SessionId(session), 0, || true);
        }
        assert_eq!(connects.answers.len(), MOST);
        assert!(connects.to(SessionId(99), 0, || unreachable!("it is the last")));
    }
}
