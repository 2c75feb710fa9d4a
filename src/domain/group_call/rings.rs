//! For whom the call rings: summons, notices for those who are busy, declining, missing it, and inviting one more.

use std::sync::Arc;
use std::time::Duration;

use super::super::{
    Admission, CallStatus, GroupEvent, GroupPerson, GroupSummons, Outcome, SessionId, SocketId,
    StopWhy, UnixMillis, UserId, UserName,
};
use super::{Audience, GroupCall, GroupEffect, GroupRefusal, State};

/// How long nobody but a moderator rings again for who declined.
const PEACE: Duration = Duration::from_secs(60);

/// The call rings for somebody.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    /// When it counts as missed.
    pub(super) until: UnixMillis,
    /// Who started the call or invites.
    pub(super) from: (UserId, UserName),
}

impl GroupCall {
    /// Begins to ring for somebody of the call, or notes that they are busy. Whoever was in the call once stays so in the row.
    pub(super) fn ring(
        &mut self,
        (from, name): (UserId, &UserName),
        user: UserId,
        busy: bool,
        now: UnixMillis,
    ) {
        let until = now.plus(self.limits.ring);
        let Some(person) = self.person_mut(user) else {
            return;
        };
        if person.outcome != Outcome::Joined {
            person.outcome = if busy { Outcome::Busy } else { Outcome::Rang };
        }
        if !busy {
            person.rung_at = Some(now);
            let from = (from, name.clone());
            self.ringing.insert(user, Ring { until, from });
        }
    }

    /// Tells somebody that the call rings for them, or that it would.
    pub(super) fn summon(
        &self,
        out: &mut Vec<GroupEffect>,
        user: UserId,
        (from, name): (UserId, &UserName),
        now: UnixMillis,
    ) {
        let to = Audience::User { user, except: None };
        let summons = self.summons(from, name);
        let event = match self.ringing.get(&user) {
            Some(ring) => incoming(summons, ring, now),
            None => GroupEvent::Notice(summons),
        };
        out.push(GroupEffect::Emit(to, event));
    }

    /// Shows the call to a socket that came, and rings there if it rings for its user. A device that must come into the room is told again.
    pub(super) fn attach(
        &mut self,
        out: &mut Vec<GroupEffect>,
        (user, session): (UserId, SessionId),
        socket: SocketId,
        now: UnixMillis,
    ) {
        self.audience.insert(user);
        let to = Audience::Socket(socket);
        let view = Arc::new(self.view());
        out.push(GroupEffect::Emit(
            to,
            GroupEvent::Changed(Arc::clone(&view)),
        ));
        // It may think itself in the call between two that this one was.
        if (self.awaited.get(&user)).is_some_and(|awaited| awaited.session == session) {
            out.push(GroupEffect::Emit(to, GroupEvent::Grown(view)));
        }
        if let Some(ring) = self.ringing.get(&user) {
            let summons = self.summons(ring.from.0, &ring.from.1);
            out.push(GroupEffect::Emit(to, incoming(summons, ring, now)));
        }
    }

    /// Stops to ring for somebody. Says whether it did.
    pub(super) fn stop_ring(
        &mut self,
        out: &mut Vec<GroupEffect>,
        user: UserId,
        (why, except): (StopWhy, Option<SocketId>),
    ) -> bool {
        let rang = self.ringing.remove(&user).is_some();
        if rang {
            let stop = GroupEvent::StopRinging {
                call: self.record.id,
                why,
            };
            out.push(GroupEffect::Emit(Audience::User { user, except }, stop));
        }
        rang
    }

    pub(super) fn stop_all_rings(&mut self, out: &mut Vec<GroupEffect>) {
        for user in self.ringing.keys().copied().collect::<Vec<_>>() {
            self.stop_ring(out, user, (StopWhy::Over, None));
            self.settle(user, Outcome::Missed);
        }
    }

    /// Lets those miss the call whose time is up. Says whether there were any.
    pub(super) fn miss(&mut self, out: &mut Vec<GroupEffect>, now: UnixMillis) -> bool {
        let late = self.ringing.iter().filter(|(_, ring)| ring.until <= now);
        let late: Vec<_> = late.map(|(user, _)| *user).collect();
        for user in &late {
            self.stop_ring(out, *user, (StopWhy::Missed, None));
            self.settle(*user, Outcome::Missed);
        }
        !late.is_empty()
    }

    pub(super) fn decline(&mut self, out: &mut Vec<GroupEffect>, user: UserId, now: UnixMillis) {
        let mut changed = self.stop_ring(out, user, (StopWhy::Declined, None));
        if changed {
            self.settle(user, Outcome::Declined);
            self.declined.insert(user, now);
        }
        if self.awaited.contains_key(&user) {
            self.stop_awaiting(out, user, now);
            changed = true;
        }
        let vacant = matches!(self.state, State::Vacant { .. });
        let ringing = self.record.status == CallStatus::Ringing;
        if vacant && ringing && user == self.record.started_by {
            // Who started it thinks better of it before anybody came.
            return self.end(out, now);
        }
        if changed {
            self.changed(out, now);
        }
    }

    pub(super) fn invite(
        &mut self,
        out: &mut Vec<GroupEffect>,
        (by, admin): (UserId, bool),
        (user, name, busy): (UserId, UserName, bool),
        now: UnixMillis,
    ) -> Result<(), GroupRefusal> {
        let moderator = self.is_moderator((by, admin));
        if !moderator && !self.is_inside(by) {
            return Err(GroupRefusal::Stranger);
        }
        if !moderator && self.is_removed(user) {
            return Err(GroupRefusal::NotModerator);
        }
        if !moderator && self.record.locked {
            return Err(GroupRefusal::Locked);
        }
        if self.is_inside(user) {
            return Ok(());
        }
        if by == user {
            return Err(GroupRefusal::Stranger);
        }
        let declined_at = self.declined.get(&user);
        if !moderator && declined_at.is_some_and(|at| now.since(*at) < PEACE) {
            return Err(GroupRefusal::Declined);
        }
        let inviter = self.record.person(by).map(|person| person.name.clone());
        let inviter = inviter.unwrap_or_else(|| self.record.starter_name());
        self.audience.insert(user);
        match self.person_mut(user) {
            Some(person) if moderator => person.admission = Some(Admission::Invited),
            Some(_) => {}
            None => {
                let mut person = GroupPerson::new(user, name, Outcome::Rang);
                person.admission = moderator.then_some(Admission::Invited);
                self.record.people.push(person);
            }
        }
        self.ring((by, &inviter), user, busy, now);
        self.changed(out, now);
        self.summon(out, user, (by, &inviter), now);
        Ok(())
    }

    pub(super) fn is_inside(&self, user: UserId) -> bool {
        self.awaited.contains_key(&user) || self.participants.iter().any(|p| p.user == user)
    }

    /// Notes what became of a ring, unless the person was in the call before.
    pub(super) fn settle(&mut self, user: UserId, outcome: Outcome) {
        if let Some(person) = self.person_mut(user)
            && person.outcome == Outcome::Rang
        {
            person.outcome = outcome;
        }
    }

    fn summons(&self, from: UserId, name: &UserName) -> GroupSummons {
        GroupSummons {
            call: Arc::new(self.view()),
            from,
            name: name.clone(),
            chat_name: self.record.chat_name.as_str().into(),
        }
    }
}

fn incoming(summons: GroupSummons, ring: &Ring, now: UnixMillis) -> GroupEvent {
    let left = ring.until.since(now).as_millis();
    GroupEvent::Incoming {
        summons,
        expires_in: u64::try_from(left).unwrap_or(u64::MAX),
    }
}
