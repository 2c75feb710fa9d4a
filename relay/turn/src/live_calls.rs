//! The closed relay: a session reaches whom it is in a live call with, and nobody else.
//!
//! Owns who is in which call, which addresses each has announced there, and where each was seen. Does not know what a call is: whoever runs calls
//! tells. Told and asked for control messages only; a packet needs nothing but [`PeerPolicy::epoch`], which is one load.

use crate::{PeerPolicy, PeerRules, SessionName};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// How many sessions are in calls at most, one that is in two calls counted twice.
const MOST_MEMBERS: usize = 65_536;

/// How many sessions are in one call at most.
const MOST_IN_CALL: usize = 256;

/// How many addresses a session announces in one call at most.
const MOST_ADDRESSES: usize = 64;

/// What a call is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey(pub u128);

/// Why an address is not announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnnounced {
    /// The session is not in the call.
    #[error("the session is not in the call")]
    NotInCall,
    /// The rules let nobody reach it.
    #[error("the address may not be reached")]
    Forbidden,
    /// The session has announced as many as it may.
    #[error("the session has announced {MOST_ADDRESSES} addresses in the call")]
    TooMany,
}

/// The policy of a closed relay. Cheap to ask from any thread.
#[derive(Debug)]
pub struct LiveCalls {
    rules: PeerRules,
    epoch: AtomicU64,
    /// Guards who is in which call, and where.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: HashMap<CallKey, Vec<Member>>,
    /// The calls of each session that is in one.
    sessions: HashMap<SessionName, Vec<CallKey>>,
    /// From where each session made its allocations, and how many.
    seen: HashMap<SessionName, Vec<(IpAddr, u32)>>,
    members: usize,
}

/// A session in a call.
#[derive(Debug)]
struct Member {
    session: SessionName,
    announced: Vec<IpAddr>,
}

impl LiveCalls {
    /// Makes the policy for no calls. What `rules` refuse is refused whatever is announced.
    pub fn new(rules: PeerRules) -> Self {
        Self {
            rules,
            epoch: AtomicU64::new(0),
            state: Mutex::default(),
        }
    }

    /// Takes `session` into `call`. When there are more sessions in calls than anybody should have, it stays outside.
    pub fn join(&self, call: CallKey, session: SessionName) {
        let mut state = self.state();
        let others = state.others(call, &session);
        let connects = others.iter().any(|other| !state.connects(other, &session));
        if state.join(call, session) && connects {
            self.changed();
        }
    }

    /// Lets the others in `call` reach `session` at `address`, as soon as this returns. To be called before they are told the address.
    ///
    /// # Errors
    /// [`NotAnnounced`]; nothing has changed then.
    pub fn announce(
        &self,
        call: CallKey,
        session: &SessionName,
        address: IpAddr,
    ) -> Result<(), NotAnnounced> {
        let address = address.to_canonical();
        let mut state = self.state();
        let members = state.calls.get_mut(&call).into_iter().flatten();
        let mut members = members.filter(|member| member.session == *session);
        let announced = &mut members.next().ok_or(NotAnnounced::NotInCall)?.announced;
        if !self.rules.permit(address) {
            return Err(NotAnnounced::Forbidden);
        }
        if announced.contains(&address) {
            return Ok(());
        }
        if announced.len() >= MOST_ADDRESSES {
            return Err(NotAnnounced::TooMany);
        }
        announced.push(address);
        Ok(())
    }

    /// Takes `session` out of `call`. Its allocations stay, and the permissions they hold: whoever ends its part in calls revokes it.
    pub fn leave(&self, call: CallKey, session: &SessionName) {
        let mut state = self.state();
        if !state.leave(call, session) {
            return;
        }
        let others = state.others(call, session);
        if others.iter().any(|other| !state.connects(other, session)) {
            self.changed();
        }
    }

    /// Ends `call`. Returns the sessions that are in no other, which are to be revoked.
    pub fn end(&self, call: CallKey) -> Vec<SessionName> {
        let mut state = self.state();
        let members = state.calls.get(&call).into_iter().flatten();
        let mut sessions: Vec<_> = members.map(|member| member.session.clone()).collect();
        for session in &sessions {
            state.leave(call, session);
        }
        let parted = sessions.iter().enumerate().any(|(at, one)| {
            let others = &sessions[at + 1..];
            others.iter().any(|other| !state.connects(one, other))
        });
        if parted {
            self.changed();
        }
        sessions.retain(|session| !state.sessions.contains_key(session));
        sessions
    }

    /// Lets whoever remembers an answer of `connects` ask again. To be called with the state locked and changed.
    fn changed(&self) {
        self.epoch.fetch_add(1, Ordering::Release);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PeerPolicy for LiveCalls {
    fn permits(&self, session: &SessionName, peer: IpAddr) -> bool {
        self.rules.permit(peer) && self.state().reaches(session, peer.to_canonical())
    }

    fn connects(&self, one: &SessionName, other: &SessionName) -> bool {
        one == other || self.state().connects(one, other)
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    fn appeared(&self, session: &SessionName, client: IpAddr) {
        let client = client.to_canonical();
        let mut state = self.state();
        let seen = state.seen.entry(session.clone()).or_default();
        match seen.iter_mut().find(|(address, _)| *address == client) {
            Some((_, count)) => *count += 1,
            None => seen.push((client, 1)),
        }
    }

    fn vanished(&self, session: &SessionName, client: IpAddr) {
        let client = client.to_canonical();
        let mut state = self.state();
        let Some(seen) = state.seen.get_mut(session) else {
            return;
        };
        if let Some((_, count)) = seen.iter_mut().find(|(address, _)| *address == client) {
            *count -= 1;
        }
        seen.retain(|(_, count)| *count > 0);
        if seen.is_empty() {
            state.seen.remove(session);
        }
    }
}

impl State {
    /// Returns whether `session` is new in `call` then.
    fn join(&mut self, call: CallKey, session: SessionName) -> bool {
        let members = self.calls.get(&call).map_or(&[][..], Vec::as_slice);
        let known = members.iter().any(|member| member.session == session);
        if known || members.len() >= MOST_IN_CALL || self.members >= MOST_MEMBERS {
            return false;
        }
        self.members += 1;
        let calls = self.sessions.entry(session.clone()).or_default();
        calls.push(call);
        let announced = Vec::new();
        let members = self.calls.entry(call).or_default();
        members.push(Member { session, announced });
        true
    }

    /// Returns whether `session` was in `call`.
    fn leave(&mut self, call: CallKey, session: &SessionName) -> bool {
        let Some(members) = self.calls.get_mut(&call) else {
            return false;
        };
        let before = members.len();
        members.retain(|member| member.session != *session);
        if members.len() == before {
            return false;
        }
        if members.is_empty() {
            self.calls.remove(&call);
        }
        self.members -= 1;
        if let Some(calls) = self.sessions.get_mut(session) {
            calls.retain(|other| *other != call);
            if calls.is_empty() {
                self.sessions.remove(session);
            }
        }
        true
    }

    fn calls(&self, session: &SessionName) -> &[CallKey] {
        self.sessions.get(session).map_or(&[], Vec::as_slice)
    }

    /// Returns who is in `call` beside `session`.
    fn others(&self, call: CallKey, session: &SessionName) -> Vec<SessionName> {
        let members = self.calls.get(&call).into_iter().flatten();
        let others = members.filter(|member| member.session != *session);
        others.map(|member| member.session.clone()).collect()
    }

    /// Returns whether there is a call that both are in.
    fn connects(&self, one: &SessionName, other: &SessionName) -> bool {
        let others = self.calls(other);
        self.calls(one).iter().any(|call| others.contains(call))
    }

    /// Returns whether another sign-in of a call that `session` is in has announced `peer`, or was seen there.
    fn reaches(&self, session: &SessionName, peer: IpAddr) -> bool {
        let calls = self.calls(session).iter();
        let mut members = calls.filter_map(|call| self.calls.get(call)).flatten();
        members.any(|member| {
            member.session.sign_in() != session.sign_in()
                && (member.announced.contains(&peer) || self.saw(&member.session, peer))
        })
    }

    fn saw(&self, session: &SessionName, client: IpAddr) -> bool {
        let seen = self.seen.get(session).into_iter().flatten();
        seen.into_iter().any(|(address, _)| *address == client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: CallKey = CallKey(1);
    const OTHER: CallKey = CallKey(2);

    #[test]
    fn nothing_is_kept_of_what_has_ended() {
        let calls = LiveCalls::new(PeerRules::default());
        for round in 0..100u128 {
            let (one, other) = (name("alice", round), name("bob", round));
            calls.join(CallKey(round), one.clone());
            calls.join(CallKey(round), other.clone());
            calls.announce(CallKey(round), &one, ip("8.8.8.8")).unwrap();
            calls.appeared(&one, ip("9.9.9.9"));
            calls.appeared(&one, ip("9.9.9.9"));
            calls.leave(CallKey(round), &one);
            assert_eq!(calls.end(CallKey(round)), [other]);
            calls.vanished(&one, ip("::ffff:9.9.9.9"));
            calls.vanished(&one, ip("9.9.9.9"));
            calls.vanished(&one, ip("9.9.9.9"));
        }
        let state = calls.state();
        assert_eq!(
            (
                state.calls.len(),
                state.sessions.len(),
                state.seen.len(),
                state.members
            ),
            (0, 0, 0, 0)
        );
    }

    #[test]
    fn calls_their_sessions_and_addresses_are_bounded() {
        let calls = LiveCalls::new(PeerRules::default());
        for n in 0..300 {
            calls.join(CALL, name("guest", n));
        }
        assert_eq!(calls.state().members, MOST_IN_CALL);
        let outside = name("guest", 299);
        assert_eq!(
            calls.announce(CALL, &outside, ip("8.8.8.8")),
            Err(NotAnnounced::NotInCall)
        );
        let guest = name("guest", 0);
        let announce = |n: usize| {
            let address = IpAddr::from([8, 8, (n / 256) as u8, (n % 256) as u8]);
            calls.announce(CALL, &guest, address)
        };
        assert!((0..MOST_ADDRESSES).all(|n| announce(n).is_ok()));
        assert_eq!(announce(MOST_ADDRESSES), Err(NotAnnounced::TooMany));
        assert_eq!(announce(0), Ok(()), "it is announced");
        for n in 0..MOST_MEMBERS as u128 {
            calls.join(CallKey(100 + n), name("guest", n));
        }
        assert_eq!(calls.state().members, MOST_MEMBERS);
    }

    #[test]
    fn the_epoch_moves_when_somebody_is_connected_or_parted_and_only_then() {
        let calls = LiveCalls::new(PeerRules::default());
        let (alice, bob) = (name("alice", 0), name("bob", 0));
        let moves = |what: &dyn Fn()| {
            let before = calls.epoch();
            what();
            calls.epoch() != before
        };
        assert!(!moves(&|| calls.join(CALL, alice.clone())));
        assert!(moves(&|| calls.join(CALL, bob.clone())));
        assert!(!moves(&|| calls.join(CALL, bob.clone())));
        assert!(!moves(&|| calls
            .announce(CALL, &bob, ip("8.8.8.8"))
            .unwrap()));
        assert!(!moves(&|| calls.appeared(&bob, ip("8.8.8.8"))));
        assert!(!moves(&|| calls.join(OTHER, alice.clone())));
        assert!(
            !moves(&|| calls.join(OTHER, bob.clone())),
            "connected already"
        );
        assert!(!moves(&|| calls.leave(CALL, &bob)), "connected still");
        assert!(!moves(&|| drop(calls.end(CALL))));
        assert!(moves(&|| drop(calls.end(OTHER))));
        assert!(!moves(&|| drop(calls.end(OTHER))));
        assert!(!moves(&|| calls.leave(OTHER, &bob)));
    }

    #[test]
    fn a_call_that_ends_names_those_who_are_in_no_other() {
        let calls = LiveCalls::new(PeerRules::default());
        let (alice, bob) = (name("alice", 0), name("bob", 0));
        calls.join(CALL, alice.clone());
        calls.join(CALL, bob.clone());
        calls.join(OTHER, bob.clone());
        assert_eq!(calls.end(CALL), [alice]);
        assert_eq!(calls.end(OTHER), [bob]);
        assert_eq!(calls.end(CALL), []);
    }

    fn name(user: &str, number: u128) -> SessionName {
        format!("{user}.{number}").parse().unwrap()
    }

    fn ip(ip: &str) -> IpAddr {
        ip.parse().unwrap()
    }
}
