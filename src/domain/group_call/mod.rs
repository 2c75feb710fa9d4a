//! A group call as a state machine: commands in, effects out, one deadline. No clock, no task, no database, no media.
//!
//! Owns for whom it rings, who is in it through which device, who may do what, and when it is over. The row ([`GroupRecord`]) is part of
//! the state, so that it cannot say anything else. What needs an answer of the room is asked by `service::calls`, which tells the outcome;
//! it gives the time too, and saves and publishes what comes out, in that order.

mod command;
mod moderation;
mod participant;
mod presence;
mod reports;
mod rings;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use self::participant::{Participant, Tempo};
use self::rings::Ring;
use super::{
    Admission, CallStatus, EndReason, GroupEvent, GroupPerson, GroupRecord, GroupView, Outcome,
    ParticipantId, RoomAsk, SessionId, SocketId, UnixMillis, UserId, UserName,
};
pub use command::{
    Audience, GroupCommand, GroupEffect, GroupRefusal, Moderation, Newcomer, Speaker,
};
pub use participant::GroupRequest;

/// How often a living call's row says that it lives.
const ALIVE_EVERY: Duration = Duration::from_secs(10);

/// How often switches and links that change are shown at most: each time to everybody.
const SHOW_EVERY: Duration = Duration::from_millis(100);

/// Limits of a group call.
#[derive(Clone, Copy, Debug)]
pub struct GroupLimits {
    /// How long it rings for each person.
    pub ring: Duration,
    /// How long a room waits for its first people, or for all of them after a restart.
    pub rejoin: Duration,
    /// How long it waits for somebody once all have left.
    pub empty: Duration,
    /// How many participants it holds.
    pub participants: usize,
}

#[derive(Clone, Debug)]
enum State {
    /// Somebody is in the room.
    Peopled {
        next_alive: UnixMillis,
    },
    /// Nobody is, since `since`; it is given up at `until`.
    Vacant {
        since: UnixMillis,
        until: UnixMillis,
        /// Why it will be over then, if it was ever answered.
        why: EndReason,
    },
    Ended,
}

/// Somebody who is in the call, but whose device has yet to come (again).
#[derive(Clone, Copy, Debug)]
struct Awaited {
    session: SessionId,
    since: UnixMillis,
    until: UnixMillis,
}

/// One group call.
#[derive(Clone, Debug)]
pub struct GroupCall {
    record: GroupRecord,
    limits: GroupLimits,
    version: i64,
    /// When everybody was shown the call last.
    shown_at: UnixMillis,
    /// The version that they were shown.
    shown: i64,
    /// Who may see the call: everybody of its row, and who else is in its chat.
    audience: BTreeSet<UserId>,
    ringing: BTreeMap<UserId, Ring>,
    participants: Vec<Participant>,
    awaited: BTreeMap<UserId, Awaited>,
    speakers: Arc<[ParticipantId]>,
    tempo: BTreeMap<UserId, Tempo>,
    /// Who declined it last when.
    declined: BTreeMap<UserId, UnixMillis>,
    state: State,
}

impl GroupCall {
    /// Rings for everybody of a new call but who started it; those of `busy` get a notice.
    #[must_use]
    pub fn start(
        record: GroupRecord,
        limits: GroupLimits,
        busy: &BTreeSet<UserId>,
        now: UnixMillis,
    ) -> (Self, Vec<GroupEffect>) {
        let mut call = Self::over(record, limits, now);
        let mut effects = Vec::new();
        let starter = call.record.started_by;
        let name = call.record.starter_name();
        let others = call.record.people.iter().map(|person| person.user);
        let others: Vec<_> = others.filter(|user| *user != starter).collect();
        for user in &others {
            call.ring((starter, &name), *user, busy.contains(user), now);
        }
        call.changed(&mut effects, now);
        for user in others {
            call.summon(&mut effects, user, (starter, &name), now);
        }
        (call, effects)
    }

    /// Takes up a call that a restart interrupted: whoever was in it must come back. `members` are those of its chat.
    #[must_use]
    pub fn restore(
        record: GroupRecord,
        limits: GroupLimits,
        members: impl Iterator<Item = UserId>,
        now: UnixMillis,
    ) -> (Self, Vec<GroupEffect>) {
        let mut call = Self::over(record, limits, now);
        call.audience.extend(members);
        let (starter, since) = (call.record.started_by, call.record.last_alive_at);
        let name = call.record.starter_name();
        let until = now.plus(limits.rejoin);
        for person in &call.record.people {
            if person.is_inside()
                && let Some(session) = person.session
            {
                let awaited = Awaited {
                    session,
                    since,
                    until,
                };
                call.awaited.insert(person.user, awaited);
            }
            if person.outcome == Outcome::Rang
                && let Some(rung_at) = person.rung_at
            {
                let ring = Ring {
                    until: rung_at.plus(limits.ring),
                    from: (starter, name.clone()),
                };
                call.ringing.insert(person.user, ring);
            }
        }
        call.state = if call.record.status.is_live() {
            State::Vacant {
                since,
                until,
                why: EndReason::Lost,
            }
        } else {
            State::Ended
        };
        let mut effects = Vec::new();
        if call.record.status.is_live() {
            call.changed(&mut effects, now);
        }
        (call, effects)
    }

    /// Goes on with a call between two that `by` of them makes a group call, to invite a third. Both are to come into the room.
    ///
    /// # Errors
    /// [`GroupRefusal`] of the invitation.
    pub fn grow(
        record: GroupRecord,
        limits: GroupLimits,
        by: UserId,
        (user, name, busy): (UserId, UserName, bool),
        now: UnixMillis,
    ) -> Result<(Self, Vec<GroupEffect>), GroupRefusal> {
        let mut call = Self::over(record, limits, now);
        let until = now.plus(limits.rejoin);
        let sessions: Vec<_> = (call.record.people.iter())
            .filter_map(|person| Some((person.user, person.session?)))
            .collect();
        for (user, session) in &sessions {
            let awaited = Awaited {
                session: *session,
                since: now,
                until,
            };
            call.awaited.insert(*user, awaited);
        }
        call.state = State::Vacant {
            since: now,
            until,
            why: EndReason::Lost,
        };
        let mut effects = Vec::new();
        call.invite(&mut effects, (by, false), (user, name, busy), now)?;
        let view = Arc::new(call.view());
        for (_, session) in sessions {
            let grown = GroupEvent::Grown(Arc::clone(&view));
            effects.push(GroupEffect::Emit(Audience::Session(session), grown));
        }
        Ok((call, effects))
    }

    fn over(record: GroupRecord, limits: GroupLimits, now: UnixMillis) -> Self {
        Self {
            audience: record.people.iter().map(|person| person.user).collect(),
            record,
            limits,
            // Grows over a restart too, unless the clock was put back: a call changes less than once a millisecond.
            version: now.0,
            shown_at: now,
            shown: now.0,
            ringing: BTreeMap::new(),
            participants: Vec::new(),
            awaited: BTreeMap::new(),
            speakers: Arc::new([]),
            tempo: BTreeMap::new(),
            declined: BTreeMap::new(),
            state: State::Vacant {
                since: now,
                until: now.plus(limits.rejoin),
                why: EndReason::Empty,
            },
        }
    }

    /// The row as it is now.
    #[must_use]
    pub const fn record(&self) -> &GroupRecord {
        &self.record
    }

    /// Who may see the call.
    #[must_use]
    pub const fn audience(&self) -> &BTreeSet<UserId> {
        &self.audience
    }

    /// Who is in the call, and with which sign-in.
    #[must_use]
    pub fn inside(&self) -> Vec<(UserId, SessionId)> {
        let awaited = self.awaited.iter().map(|(user, at)| (*user, at.session));
        let joined = self.participants.iter().map(|p| (p.user, p.session));
        joined.chain(awaited).collect()
    }

    /// Whose device a participant is, and of which sign-in.
    #[must_use]
    pub fn who_is(&self, participant: ParticipantId) -> Option<(UserId, SessionId)> {
        let mut all = self.participants.iter();
        let found = all.find(|each| each.id == participant)?;
        Some((found.user, found.session))
    }

    /// The sockets of its participants.
    #[must_use]
    pub fn sockets(&self) -> Vec<SocketId> {
        (self.participants.iter())
            .filter_map(|participant| participant.socket)
            .collect()
    }

    /// The call as everybody may see it.
    #[must_use]
    pub fn view(&self) -> GroupView {
        GroupView {
            id: self.record.id,
            chat: self.record.chat,
            kind: self.record.kind,
            started_by: self.record.started_by,
            started_at: self.record.created_at,
            locked: self.record.locked,
            version: self.version,
            ringing: self.ringing.keys().copied().collect(),
            participants: self.participants.iter().map(Participant::view).collect(),
        }
    }

    /// When [`GroupCommand::Tick`] is due; `None` once it is over.
    #[must_use]
    pub fn deadline(&self) -> Option<UnixMillis> {
        let own = match self.state {
            State::Peopled { next_alive } => next_alive,
            State::Vacant { until, .. } => until,
            State::Ended => return None,
        };
        let rings = self.ringing.values().map(|ring| ring.until);
        let awaited = self.awaited.values().map(|awaited| awaited.until);
        let show = (self.shown != self.version).then(|| self.shown_at.plus(SHOW_EVERY));
        rings.chain(awaited).chain(show).chain([own]).min()
    }

    /// Carries out one command.
    ///
    /// # Errors
    /// [`GroupRefusal`] if it may not be carried out; then nothing changed.
    pub fn apply(
        &mut self,
        command: GroupCommand,
        now: UnixMillis,
    ) -> Result<Vec<GroupEffect>, GroupRefusal> {
        if matches!(self.state, State::Ended) {
            return Err(GroupRefusal::Ended);
        }
        let mut effects = Vec::new();
        let out = &mut effects;
        match command {
            GroupCommand::Attach {
                user,
                session,
                socket,
            } => self.attach(out, (user, session), socket, now),
            GroupCommand::Detach(socket) => self.detach(socket),
            GroupCommand::Joined {
                newcomer,
                participant,
                publications,
            } => self.join(out, newcomer, (participant, publications), now),
            GroupCommand::Offered {
                participant,
                publications,
            } => self.publishes(participant, publications),
            GroupCommand::Answered {
                participant,
                number,
            } => self.heard_answer(participant, number),
            GroupCommand::Resume { speaker, socket } => self.resume(out, &speaker, socket)?,
            GroupCommand::Switch {
                speaker,
                muted,
                camera,
                screen,
            } => self.switch(out, &speaker, [muted, camera, screen], now)?,
            GroupCommand::Leave(speaker) => self.hang_up(out, &speaker, now)?,
            GroupCommand::Decline(user) => self.decline(out, user, now),
            GroupCommand::Invite {
                by,
                admin,
                user,
                name,
                busy,
            } => self.invite(out, (by, admin), (user, name, busy), now)?,
            GroupCommand::Moderate { by, admin, action } => {
                self.moderate(out, (by, admin), action, now)?;
            }
            GroupCommand::Gone { user, session } => self.gone(out, user, session, now),
            GroupCommand::Close => self.close(out, now),
            GroupCommand::Room(report) => self.report(out, report, now),
            GroupCommand::Tick => self.tick(out, now),
        }
        Ok(effects)
    }

    fn tick(&mut self, out: &mut Vec<GroupEffect>, now: UnixMillis) {
        let mut changed = self.miss(out, now);
        let given_up: Vec<_> = (self.awaited.iter())
            .filter(|(_, awaited)| awaited.until <= now)
            .map(|(user, awaited)| (*user, awaited.since))
            .collect();
        for (user, since) in given_up {
            self.stop_awaiting(out, user, since);
            changed = true;
        }
        match &mut self.state {
            State::Vacant { until, .. } if *until <= now => return self.end(out, now),
            State::Peopled { next_alive } if *next_alive <= now => {
                *next_alive = now.plus(ALIVE_EVERY);
                self.record.last_alive_at = now;
                if !changed {
                    out.push(GroupEffect::Save(Box::new(self.record.clone())));
                }
            }
            State::Vacant { .. } | State::Peopled { .. } | State::Ended => {}
        }
        if changed {
            self.changed(out, now);
        } else if self.shown != self.version && self.shown_at.plus(SHOW_EVERY) <= now {
            self.show(out, now);
        }
    }

    /// Ends the call, as of when the last one left it.
    fn end(&mut self, out: &mut Vec<GroupEffect>, now: UnixMillis) {
        let (since, why) = match self.state {
            State::Vacant { since, why, .. } => (since, why),
            State::Peopled { .. } => (now, EndReason::Empty),
            State::Ended => return,
        };
        let (status, reason) = match self.record.answered_at {
            Some(_) => (CallStatus::Ended, why),
            None if why == EndReason::Closed => (CallStatus::Missed, why),
            None if self.ringing.is_empty() => (CallStatus::Missed, EndReason::Missed),
            None => (CallStatus::Missed, EndReason::Cancelled),
        };
        let mut told = Vec::new();
        self.stop_all_rings(&mut told);
        for user in self.awaited.keys().copied().collect::<Vec<_>>() {
            self.stop_awaiting(&mut told, user, since);
        }
        self.state = State::Ended;
        self.record.status = status;
        self.record.reason = Some(reason);
        let at = self.record.answered_at.map_or(since, |at| since.max(at));
        self.record.ended_at = Some(at);
        self.save(out, now);
        out.push(GroupEffect::Room(RoomAsk::Close));
        out.append(&mut told);
        let ended = GroupEvent::Ended {
            call: self.record.id,
            chat: self.record.chat,
            reason,
            duration: self.record.duration_secs(),
        };
        out.push(GroupEffect::Emit(Audience::Everybody, ended));
    }

    /// Ends the call although somebody may be in it.
    fn close(&mut self, out: &mut Vec<GroupEffect>, now: UnixMillis) {
        let mut left = Vec::new();
        while !self.participants.is_empty() {
            self.leave(&mut left, 0, now);
        }
        // The room closes for all at once.
        left.retain(|effect| matches!(effect, GroupEffect::Retire(_)));
        self.state = State::Vacant {
            since: now,
            until: now,
            why: EndReason::Closed,
        };
        self.end(out, now);
        out.append(&mut left);
    }

    fn stop_awaiting(&mut self, out: &mut Vec<GroupEffect>, user: UserId, left_at: UnixMillis) {
        if let Some(awaited) = self.awaited.remove(&user) {
            out.push(GroupEffect::Retire(awaited.session));
            if let Some(person) = self.person_mut(user) {
                person.left_at = Some(left_at);
            }
        }
    }

    /// Writes the row before anything of `out`, and shows everybody what changed after it.
    fn changed(&mut self, out: &mut Vec<GroupEffect>, now: UnixMillis) {
        self.record.updated_at = now;
        out.insert(0, GroupEffect::Save(Box::new(self.record.clone())));
        self.version += 1;
        self.show(out, now);
    }

    fn save(&mut self, out: &mut Vec<GroupEffect>, now: UnixMillis) {
        self.record.updated_at = now;
        out.push(GroupEffect::Save(Box::new(self.record.clone())));
    }

    /// Shows everybody what changed that is not in the row: soon, if they were shown the call just now.
    fn switched(&mut self, out: &mut Vec<GroupEffect>, now: UnixMillis) {
        self.version += 1;
        if self.shown_at.plus(SHOW_EVERY) <= now {
            self.show(out, now);
        }
    }

    fn show(&mut self, out: &mut Vec<GroupEffect>, now: UnixMillis) {
        (self.shown, self.shown_at) = (self.version, now);
        let view = Arc::new(self.view());
        out.push(GroupEffect::Emit(
            Audience::Everybody,
            GroupEvent::Changed(view),
        ));
    }

    fn person_mut(&mut self, user: UserId) -> Option<&mut GroupPerson> {
        (self.record.people.iter_mut()).find(|person| person.user == user)
    }

    fn is_moderator(&self, (user, admin): (UserId, bool)) -> bool {
        admin || (user == self.record.started_by && !self.is_removed(user))
    }

    fn is_removed(&self, user: UserId) -> bool {
        let person = self.record.person(user);
        person.is_some_and(|person| person.admission == Some(Admission::Removed))
    }
}
