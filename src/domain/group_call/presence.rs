//! Who is in the call: coming in, moving between devices, sockets that come and go, own switches, leaving.

use super::super::{
    Admission, CallStatus, EndReason, GroupEvent, GroupPerson, Outcome, ParticipantId,
    PublicationId, RoomAsk, SessionId, SocketId, Source, StopWhy, UnixMillis, UserId,
};
use super::participant::{GroupRequest, Participant};
use super::{
    ALIVE_EVERY, Audience, GroupCall, GroupEffect, GroupRefusal, Newcomer, Speaker, State,
};

impl GroupCall {
    /// Says whether somebody who may see the call may come in now. To be asked before the room is.
    ///
    /// # Errors
    /// [`GroupRefusal::Ended`], [`GroupRefusal::Removed`], [`GroupRefusal::Locked`], [`GroupRefusal::Full`].
    pub fn admits(&self, user: UserId) -> Result<(), GroupRefusal> {
        if matches!(self.state, State::Ended) {
            return Err(GroupRefusal::Ended);
        }
        let person = self.record.person(user);
        let admission = person.and_then(|person| person.admission);
        if admission == Some(Admission::Removed) {
            return Err(GroupRefusal::Removed);
        }
        let is_new = person.is_none_or(|person| person.joined_at.is_none());
        let is_asked = self.ringing.contains_key(&user) || admission == Some(Admission::Invited);
        if self.record.locked && is_new && !is_asked && user != self.record.started_by {
            return Err(GroupRefusal::Locked);
        }
        let limit = self.limits.participants;
        let others = self.participants.iter().filter(|p| p.user != user).count();
        if others >= limit {
            return Err(GroupRefusal::Full { limit });
        }
        Ok(())
    }

    /// Lets somebody come, invite or moderate, so often and no more.
    ///
    /// # Errors
    /// [`GroupRefusal::TooMuch`].
    pub fn paced(&mut self, user: UserId, now: UnixMillis) -> Result<(), GroupRefusal> {
        self.tempo.entry(user).or_default().step(now)
    }

    /// Lets a participant ask for something.
    ///
    /// # Errors
    /// [`GroupRefusal::Ended`], [`GroupRefusal::NoSuchParticipant`], [`GroupRefusal::TooMuch`].
    pub fn request(
        &mut self,
        speaker: &Speaker,
        request: GroupRequest,
        now: UnixMillis,
    ) -> Result<(), GroupRefusal> {
        let at = self.spoken_for(speaker)?;
        self.participants[at].pace.request(request, now)
    }

    /// Takes in whom the room let in. A device of theirs that was there before leaves.
    pub(super) fn join(
        &mut self,
        out: &mut Vec<GroupEffect>,
        newcomer: Newcomer,
        (id, publications): (ParticipantId, Vec<PublicationId>),
        now: UnixMillis,
    ) {
        let (user, session, socket) = (newcomer.user, newcomer.session, newcomer.socket);
        self.stop_ring(out, user, (StopWhy::JoinedElsewhere, Some(socket)));
        let before = self.awaited.remove(&user).map(|awaited| awaited.session);
        let before = self.move_from(out, &newcomer).or(before);
        out.extend(
            before
                .filter(|before| *before != session)
                .map(GroupEffect::Retire),
        );
        self.audience.insert(user);
        if self.record.person(user).is_none() {
            let person = GroupPerson::new(user, newcomer.name.clone(), Outcome::Joined);
            self.record.people.push(person);
        }
        if let Some(person) = self.person_mut(user) {
            person.outcome = Outcome::Joined;
            person.session = Some(session);
            person.joined_at.get_or_insert(now);
            person.left_at = None;
        }
        let participant = Participant::new(id, newcomer, publications, now);
        self.participants.push(participant);
        if let State::Vacant { .. } = self.state {
            self.record.last_alive_at = now;
            let next_alive = now.plus(ALIVE_EVERY);
            self.state = State::Peopled { next_alive };
        }
        let came = self.record.people.iter().filter(|p| p.joined_at.is_some());
        if self.record.status == CallStatus::Ringing && came.count() > 1 {
            self.record.status = CallStatus::Answered;
            self.record.answered_at = Some(now);
        }
        self.changed(out, now);
        self.tell_room(out, socket);
    }

    /// Takes out the device that its user comes from. Returns the sign-in of that one.
    fn move_from(&mut self, out: &mut Vec<GroupEffect>, to: &Newcomer) -> Option<SessionId> {
        let at = self.participants.iter().position(|p| p.user == to.user)?;
        let old = self.participants.remove(at);
        self.forget(&old);
        out.push(GroupEffect::Room(RoomAsk::Leave(old.id)));
        let moved = match old.socket {
            Some(socket) if socket == to.socket => None,
            Some(socket) => Some(Audience::Socket(socket)),
            None if old.session == to.session => None,
            None => Some(Audience::Session(old.session)),
        };
        let event = |to| GroupEffect::Emit(to, GroupEvent::Moved(self.record.id));
        out.extend(moved.map(event));
        Some(old.session)
    }

    pub(super) fn detach(&mut self, socket: SocketId) {
        for participant in &mut self.participants {
            if participant.socket == Some(socket) {
                participant.socket = None;
            }
        }
    }

    pub(super) fn resume(
        &mut self,
        out: &mut Vec<GroupEffect>,
        speaker: &Speaker,
        socket: SocketId,
    ) -> Result<(), GroupRefusal> {
        let at = self.spoken_for(speaker)?;
        let participant = &mut self.participants[at];
        participant.socket = Some(socket);
        let events = participant.latest.events(self.record.id, participant.id);
        let to = Audience::Socket(socket);
        out.extend(events.into_iter().map(|event| GroupEffect::Emit(to, event)));
        self.tell_room(out, socket);
        Ok(())
    }

    pub(super) fn switch(
        &mut self,
        out: &mut Vec<GroupEffect>,
        speaker: &Speaker,
        [muted, camera, screen]: [bool; 3],
        now: UnixMillis,
    ) -> Result<(), GroupRefusal> {
        let at = self.spoken_for(speaker)?;
        let participant = &mut self.participants[at];
        let id = participant.id;
        let before = [participant.muted, participant.camera, participant.screen];
        if before == [muted, camera, screen] {
            return Ok(());
        }
        if participant.muted != muted {
            out.push(silence(id, Source::Microphone, muted));
            participant.muted_by = None;
        }
        if participant.camera != camera {
            out.push(silence(id, Source::Camera, !camera));
        }
        if participant.screen != screen {
            out.push(silence(id, Source::Screen, !screen));
            out.push(silence(id, Source::ScreenAudio, !screen));
        }
        participant.muted = muted;
        participant.camera = camera;
        participant.screen = screen;
        self.switched(out, now);
        Ok(())
    }

    pub(super) fn hang_up(
        &mut self,
        out: &mut Vec<GroupEffect>,
        speaker: &Speaker,
        now: UnixMillis,
    ) -> Result<(), GroupRefusal> {
        let at = self.spoken_for(speaker)?;
        self.leave(out, at, now);
        let vacant = matches!(self.state, State::Vacant { .. });
        if vacant && self.record.status == CallStatus::Ringing {
            // Nobody else ever came, and nobody is to wait for one who hung up.
            self.end(out, now);
        } else {
            self.changed(out, now);
        }
        Ok(())
    }

    pub(super) fn gone(
        &mut self,
        out: &mut Vec<GroupEffect>,
        user: UserId,
        session: Option<SessionId>,
        now: UnixMillis,
    ) {
        let ended = |its: SessionId| session.is_none_or(|session| session == its);
        let mut changed = false;
        let mut inside = self.participants.iter();
        if let Some(at) = inside.position(|p| p.user == user && ended(p.session)) {
            // Its sign-in goes on in another call, maybe in another tab: this one is not to come back by itself.
            let socket = self.participants[at].socket.map(Audience::Socket);
            let moved = GroupEvent::Moved(self.record.id);
            out.extend(socket.map(|socket| GroupEffect::Emit(socket, moved)));
            self.leave(out, at, now);
            changed = true;
        }
        if self.awaited.get(&user).is_some_and(|at| ended(at.session)) {
            self.stop_awaiting(out, user, now);
            changed = true;
        }
        if session.is_none() {
            if self.stop_ring(out, user, (StopWhy::Over, None)) {
                self.settle(user, Outcome::Missed);
                changed = true;
            }
            self.audience.remove(&user);
        }
        if changed {
            self.changed(out, now);
        }
    }

    /// Takes a participant out, as of `now`.
    pub(super) fn leave(&mut self, out: &mut Vec<GroupEffect>, at: usize, now: UnixMillis) {
        let left = self.participants.remove(at);
        self.forget(&left);
        out.push(GroupEffect::Room(RoomAsk::Leave(left.id)));
        out.push(GroupEffect::Retire(left.session));
        if let Some(person) = self.person_mut(left.user) {
            person.left_at = Some(now);
        }
        if self.participants.is_empty() {
            self.record.last_alive_at = now;
            self.state = State::Vacant {
                since: now,
                until: now.plus(self.limits.empty),
                why: EndReason::Empty,
            };
        }
    }

    /// Forgets what others were told of somebody who left.
    fn forget(&mut self, left: &Participant) {
        for other in &mut self.participants {
            let gone = &left.publications;
            other.latest.video.retain(|id, _| !gone.contains(id));
        }
    }

    fn spoken_for(&self, speaker: &Speaker) -> Result<usize, GroupRefusal> {
        if matches!(self.state, State::Ended) {
            return Err(GroupRefusal::Ended);
        }
        let is_it = |p: &Participant| {
            (p.id, p.user, p.session) == (speaker.participant, speaker.user, speaker.session)
        };
        let at = self.participants.iter().position(is_it);
        at.ok_or(GroupRefusal::NoSuchParticipant)
    }
}

pub(super) const fn silence(
    participant: ParticipantId,
    source: Source,
    silenced: bool,
) -> GroupEffect {
    GroupEffect::Room(RoomAsk::Silence {
        participant,
        source,
        silenced,
    })
}
