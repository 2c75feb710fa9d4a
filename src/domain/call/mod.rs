//! One call between two people as a state machine: commands in, effects out, one deadline. No clock, no task, no database.
//!
//! Owns who may do what and when, which socket speaks for which side (its leg), and what is kept for devices that start to ring
//! later. The row ([`CallRecord`]) is part of the state, so that it cannot say anything else. `service::calls` gives it the time,
//! saves and publishes what comes out, in that order.

mod kept;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use self::kept::Kept;
use super::{CallEvent, CallRecord, CallStatus, EndReason, SessionId, SocketId, UnixMillis, UserId};

/// How often a living call's row says that it lives.
const ALIVE_EVERY: Duration = Duration::from_secs(10);

/// Time limits of a call.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long it rings before it is missed.
    pub ring: Duration,
    /// How long an answered call waits for a side that was lost.
    pub rejoin: Duration,
    /// How long a ringing call waits for its caller.
    pub caller_rejoin: Duration,
}

/// What passes between the two sides unread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignalKind {
    /// An SDP offer.
    Offer,
    /// An SDP answer.
    Answer,
    /// An ICE candidate.
    Candidate,
}

/// What somebody or the clock does to a call.
#[derive(Clone, Debug)]
pub enum Command {
    /// A socket of one of the two came.
    Attach {
        /// Whose.
        user: UserId,
        /// Its sign-in.
        session: SessionId,
        /// Which.
        socket: SocketId,
        /// It does not know how to rejoin by itself (`join_call_room` with an acknowledgement).
        legacy: bool,
    },
    /// A socket is gone.
    Detach(SocketId),
    /// An offer, answer or candidate for the other side.
    Signal {
        /// Who sends it.
        user: UserId,
        /// Their sign-in.
        session: SessionId,
        /// Through which socket.
        socket: SocketId,
        /// What it is.
        kind: SignalKind,
        /// The `sdp` or `candidate` member as it came.
        payload: Arc<Value>,
    },
    /// The receiver takes the call, through a socket or (`None`) through REST.
    Accept {
        /// Who.
        user: UserId,
        /// Their sign-in.
        session: SessionId,
        /// The socket that becomes the receiver's leg.
        socket: Option<SocketId>,
    },
    /// The receiver declines.
    Reject {
        /// Who.
        user: UserId,
        /// The socket that asked: it is not told again.
        socket: Option<SocketId>,
    },
    /// One of the two hangs up.
    End {
        /// Who.
        user: UserId,
        /// The socket that asked: it is not told again.
        socket: Option<SocketId>,
    },
    /// A socket takes over its user's side.
    Join {
        /// Who.
        user: UserId,
        /// Their sign-in.
        session: SessionId,
        /// The socket.
        socket: SocketId,
        /// Only where that side has no socket and was this sign-in's (deployed clients join without wanting to move a call).
        legacy: bool,
    },
    /// A user, or one sign-in of theirs, was ended by the server.
    Gone {
        /// Who.
        user: UserId,
        /// Which sign-in; `None`: all.
        session: Option<SessionId>,
    },
    /// Time passed.
    Tick,
}

/// What is to be done, in order.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Write the row. Nothing that follows may be seen before it is written.
    Save(Box<CallRecord>),
    /// Tell somebody.
    Emit(Emit),
}

/// One event and who hears it.
#[derive(Clone, Debug)]
pub struct Emit {
    /// Who.
    pub to: Target,
    /// This socket does not.
    pub except: Option<SocketId>,
    /// What.
    pub event: CallEvent,
}

/// Who hears an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// One socket.
    Socket(SocketId),
    /// Every socket of one sign-in.
    Session(SessionId),
    /// Every socket of one user.
    User(UserId),
}

/// Why a command was refused. Nothing changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CallError {
    /// The user is not in this call, or only the other side may do this.
    #[error("you do not take part in this call in this way")]
    Forbidden,
    /// It rings no longer.
    #[error("the call is not ringing")]
    NotRinging,
    /// It is over.
    #[error("the call has ended")]
    Ended,
    /// The receiver accepted on another device.
    #[error("the call was answered on another device")]
    AnsweredElsewhere,
    /// Another device speaks for this side.
    #[error("this call goes on on another device")]
    OtherDevice,
    /// The receiver must accept before it may answer.
    #[error("accept the call before sending an answer or candidates")]
    NotAccepted,
    /// More candidates than a call keeps while it rings.
    #[error("too many candidates")]
    TooMuch,
}

/// Who speaks for one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leg {
    Bound(SocketId),
    /// Nobody since `since`; given up at `until`. What is sent meanwhile goes to every socket of the side's sign-in.
    Absent {
        since: UnixMillis,
        until: UnixMillis,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Caller,
    Receiver,
}

#[derive(Clone, Debug)]
enum State {
    Ringing { deadline: UnixMillis, caller: Leg, rung: BTreeMap<SocketId, SessionId>, kept: Kept },
    Answered { caller: Leg, receiver: Leg, next_alive: UnixMillis },
    Ended,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    record: CallRecord,
    limits: Limits,
    state: State,
}

impl Call {
    /// Starts to ring, from the row that was just written, on the receiver's sockets that are there.
    #[must_use]
    pub fn ring(record: CallRecord, limits: Limits, now: UnixMillis) -> (Self, Vec<Effect>) {
        let deadline = now.plus(limits.ring);
        let caller = Leg::Absent { since: now, until: deadline };
        let state = State::Ringing { deadline, caller, rung: BTreeMap::new(), kept: Kept::default() };
        let call = Self { record, limits, state };
        let mut effects = Vec::new();
        call.to_user(&mut effects, Side::Caller, None, CallEvent::Initiated(call.record.id));
        call.status(&mut effects, now);
        (call, effects)
    }

    /// Takes up a call that a restart interrupted: both sides must come back.
    #[must_use]
    pub fn restore(record: CallRecord, limits: Limits, now: UnixMillis) -> Self {
        let state = match record.status {
            CallStatus::Ringing => {
                let deadline = record.created_at.plus(limits.ring);
                let caller = Leg::Absent { since: now, until: deadline };
                State::Ringing { deadline, caller, rung: BTreeMap::new(), kept: Kept::default() }
            }
            CallStatus::Answered => {
                let gone = Leg::Absent { since: record.last_alive_at, until: now.plus(limits.rejoin) };
                State::Answered { caller: gone, receiver: gone, next_alive: now.plus(limits.rejoin).plus(ALIVE_EVERY) }
            }
            CallStatus::Ended | CallStatus::Missed | CallStatus::Rejected => State::Ended,
        };
        Self { record, limits, state }
    }

    /// The row as it is now.
    #[must_use]
    pub const fn record(&self) -> &CallRecord {
        &self.record
    }

    /// When [`Command::Tick`] is due; `None` once it is over.
    #[must_use]
    pub fn deadline(&self) -> Option<UnixMillis> {
        let until = |leg: &Leg| match leg {
            Leg::Bound(_) => None,
            Leg::Absent { until, .. } => Some(*until),
        };
        match &self.state {
            State::Ringing { deadline, caller, .. } => Some(until(caller).map_or(*deadline, |at| at.min(*deadline))),
            State::Answered { caller, receiver, next_alive } => {
                [until(caller), until(receiver), Some(*next_alive)].into_iter().flatten().min()
            }
            State::Ended => None,
        }
    }

    /// Whether the server lost this ringing call's offer, so that the caller must send it again.
    #[must_use]
    pub fn wants_offer(&self, user: UserId) -> bool {
        match &self.state {
            State::Ringing { kept, .. } => self.record.caller.user == user && !kept.has_offer(),
            State::Answered { .. } | State::Ended => false,
        }
    }

    /// Carries out one command.
    ///
    /// # Errors
    /// [`CallError`] if it may not be carried out; then nothing changed.
    pub fn apply(&mut self, command: Command, now: UnixMillis) -> Result<Vec<Effect>, CallError> {
        let mut effects = Vec::new();
        match command {
            Command::Attach { user, session, socket, legacy } => {
                self.attach(&mut effects, (user, session, socket), legacy, now);
            }
            Command::Detach(socket) => self.detach(&mut effects, socket, now),
            Command::Signal { user, session, socket, kind, payload } => {
                self.signal(&mut effects, (user, session, socket), kind, payload)?;
            }
            Command::Accept { user, session, socket } => self.accept(&mut effects, user, session, socket, now)?,
            Command::Reject { user, socket } => {
                if self.side(user)? != Side::Receiver {
                    return Err(CallError::Forbidden);
                }
                match self.state {
                    State::Ringing { .. } => {
                        self.end(&mut effects, CallStatus::Rejected, EndReason::Rejected, now, now, socket);
                    }
                    State::Answered { .. } => return Err(CallError::NotRinging),
                    State::Ended => return Err(CallError::Ended),
                }
            }
            Command::End { user, socket } => {
                let side = self.side(user)?;
                self.hang_up(&mut effects, side, now, socket)?;
            }
            Command::Join { user, session, socket, legacy } => {
                self.join(&mut effects, user, session, socket, legacy)?;
            }
            Command::Gone { user, session } => {
                if let Ok(side) = self.side(user)
                    && session.is_none_or(|session| self.leg_record(side).session == Some(session))
                {
                    // A side whose sign-in is over hangs up; a call that is over stays so.
                    let _ended_before = self.hang_up(&mut effects, side, now, None);
                }
            }
            Command::Tick => self.tick(&mut effects, now),
        }
        Ok(effects)
    }

    fn attach(
        &mut self,
        out: &mut Vec<Effect>,
        (user, session, socket): (UserId, SessionId, SocketId),
        legacy: bool,
        now: UnixMillis,
    ) {
        let Ok(side) = self.side(user) else { return };
        if side == Side::Receiver
            && let State::Ringing { deadline, rung, kept, .. } = &mut self.state
        {
            if rung.insert(socket, session).is_some() {
                return;
            }
            let (devices, signals, until) = (rung.len(), kept.replay(), *deadline);
            out.push(to_socket(socket, self.incoming(until.since(now))));
            for (kind, payload) in signals {
                out.push(to_socket(socket, self.signal_event(Side::Caller, kind, payload)));
            }
            self.to_side(out, Side::Caller, CallEvent::Ringing { call: self.record.id, devices });
        } else if legacy && self.is_absent(side) && self.leg_record(side).session == Some(session) {
            self.bind(out, side, socket);
        }
    }

    fn detach(&mut self, out: &mut Vec<Effect>, socket: SocketId, now: UnixMillis) {
        match &mut self.state {
            State::Ringing { caller, rung, .. } => {
                if *caller == Leg::Bound(socket) {
                    *caller = Leg::Absent { since: now, until: now.plus(self.limits.caller_rejoin) };
                } else if rung.remove(&socket).is_some() {
                    let devices = rung.len();
                    self.to_side(out, Side::Caller, CallEvent::Ringing { call: self.record.id, devices });
                }
            }
            State::Answered { caller, receiver, .. } => {
                let gone = Leg::Absent { since: now, until: now.plus(self.limits.rejoin) };
                let other = if *caller == Leg::Bound(socket) {
                    *caller = gone;
                    Side::Receiver
                } else if *receiver == Leg::Bound(socket) {
                    *receiver = gone;
                    Side::Caller
                } else {
                    return;
                };
                self.to_side(out, other, CallEvent::Peer { call: self.record.id, present: false });
            }
            State::Ended => {}
        }
    }

    fn signal(
        &mut self,
        out: &mut Vec<Effect>,
        (user, session, socket): (UserId, SessionId, SocketId),
        kind: SignalKind,
        payload: Arc<Value>,
    ) -> Result<(), CallError> {
        let side = self.side(user)?;
        if let State::Ended = self.state {
            return Err(CallError::Ended);
        }
        let ringing = matches!(self.state, State::Ringing { .. });
        if ringing && (side == Side::Receiver || kind == SignalKind::Answer) {
            return Err(CallError::NotAccepted);
        }
        if !self.is_bound(side, socket) {
            if !self.is_absent(side) || self.leg_record(side).session != Some(session) {
                return Err(CallError::OtherDevice);
            }
            self.bind(out, side, socket);
        }
        let event = self.signal_event(side, kind, Arc::clone(&payload));
        match &mut self.state {
            State::Ringing { rung, kept, .. } => {
                kept.keep(kind, payload)?;
                out.extend(rung.keys().map(|socket| to_socket(*socket, event.clone())));
            }
            State::Answered { .. } => self.to_side(out, side.other(), event),
            State::Ended => {}
        }
        Ok(())
    }

    fn accept(
        &mut self,
        out: &mut Vec<Effect>,
        user: UserId,
        session: SessionId,
        socket: Option<SocketId>,
        now: UnixMillis,
    ) -> Result<(), CallError> {
        if self.side(user)? != Side::Receiver {
            return Err(CallError::Forbidden);
        }
        let (caller, rung) = match &mut self.state {
            State::Ringing { caller, rung, .. } => (*caller, std::mem::take(rung)),
            State::Answered { receiver, .. } => {
                let same_session = self.record.receiver.session == Some(session);
                return match (*receiver, socket) {
                    (Leg::Bound(bound), Some(socket)) if bound == socket => Ok(()),
                    (Leg::Absent { .. }, Some(socket)) if same_session => {
                        self.bind(out, Side::Receiver, socket);
                        Ok(())
                    }
                    (_, None) if same_session => Ok(()),
                    (Leg::Bound(_) | Leg::Absent { .. }, _) => Err(CallError::AnsweredElsewhere),
                };
            }
            State::Ended => return Err(CallError::Ended),
        };
        let absent = Leg::Absent { since: now, until: now.plus(self.limits.rejoin) };
        // A caller who dropped while it rang has as long as anybody in an answered call.
        let caller = if let Leg::Bound(_) = caller { caller } else { absent };
        self.state = State::Answered { caller, receiver: socket.map_or(absent, Leg::Bound), next_alive: now.plus(ALIVE_EVERY) };
        self.record.status = CallStatus::Answered;
        self.record.answered_at = Some(now);
        self.record.last_alive_at = now;
        self.record.receiver.session = Some(session);
        self.save(out, now);
        self.to_side(out, Side::Caller, CallEvent::Accepted { call: self.record.id, receiver: user });
        self.status(out, now);
        for (other, its_session) in rung {
            let accepted_here = socket.map_or(its_session == session, |socket| socket == other);
            if !accepted_here {
                out.push(to_socket(other, self.ended_event(EndReason::AnsweredElsewhere)));
            }
        }
        Ok(())
    }

    fn join(
        &mut self,
        out: &mut Vec<Effect>,
        user: UserId,
        session: SessionId,
        socket: SocketId,
        legacy: bool,
    ) -> Result<(), CallError> {
        let side = self.side(user)?;
        match &self.state {
            State::Ended => return Err(CallError::Ended),
            State::Ringing { .. } if side == Side::Receiver => return Ok(()),
            State::Ringing { .. } | State::Answered { .. } => {}
        }
        let same_session = self.leg_record(side).session == Some(session);
        if self.is_bound(side, socket) || (legacy && !(self.is_absent(side) && same_session)) {
            return Ok(());
        }
        if let Some(Leg::Bound(old)) = self.leg(side) {
            out.push(to_socket(old, self.ended_event(EndReason::AnsweredElsewhere)));
        }
        self.leg_record_mut(side).session = Some(session);
        if !same_session {
            out.push(Effect::Save(Box::new(self.record.clone())));
        }
        self.bind(out, side, socket);
        Ok(())
    }

    fn tick(&mut self, out: &mut Vec<Effect>, now: UnixMillis) {
        let expired = |leg: &Leg| match leg {
            Leg::Absent { since, until } if *until <= now => Some(*since),
            Leg::Absent { .. } | Leg::Bound(_) => None,
        };
        match &mut self.state {
            State::Ringing { deadline, caller, .. } => {
                if *deadline <= now {
                    self.end(out, CallStatus::Missed, EndReason::Missed, now, now, None);
                } else if expired(caller).is_some() {
                    self.end(out, CallStatus::Missed, EndReason::Cancelled, now, now, None);
                }
            }
            State::Answered { caller, receiver, next_alive } => {
                if let Some(since) = [expired(caller), expired(receiver)].into_iter().flatten().min() {
                    self.end(out, CallStatus::Ended, EndReason::Lost, since, now, None);
                } else if *next_alive <= now {
                    *next_alive = now.plus(ALIVE_EVERY);
                    self.record.last_alive_at = now;
                    out.push(Effect::Save(Box::new(self.record.clone())));
                }
            }
            State::Ended => {}
        }
    }

    fn hang_up(
        &mut self,
        out: &mut Vec<Effect>,
        side: Side,
        now: UnixMillis,
        except: Option<SocketId>,
    ) -> Result<(), CallError> {
        let (status, reason) = match (&self.state, side) {
            (State::Ringing { .. }, Side::Caller) => (CallStatus::Missed, EndReason::Cancelled),
            (State::Ringing { .. }, Side::Receiver) => (CallStatus::Rejected, EndReason::Rejected),
            (State::Answered { .. }, Side::Caller | Side::Receiver) => (CallStatus::Ended, EndReason::HangUp),
            (State::Ended, _) => return Err(CallError::Ended),
        };
        self.end(out, status, reason, now, now, except);
        Ok(())
    }

    /// Ends the call as of `at`, tells both users' devices, the one that asked excepted.
    fn end(
        &mut self,
        out: &mut Vec<Effect>,
        status: CallStatus,
        reason: EndReason,
        at: UnixMillis,
        now: UnixMillis,
        except: Option<SocketId>,
    ) {
        self.state = State::Ended;
        self.record.status = status;
        self.record.reason = Some(reason);
        self.record.ended_at = Some(self.record.answered_at.map_or(at, |answered| at.max(answered)));
        self.save(out, now);
        if status == CallStatus::Rejected {
            self.to_user(out, Side::Caller, None, CallEvent::Rejected(self.record.id));
        }
        self.status(out, now);
        self.to_user(out, Side::Caller, except, self.ended_event(reason));
        self.to_user(out, Side::Receiver, except, self.ended_event(reason));
    }

    fn bind(&mut self, out: &mut Vec<Effect>, side: Side, socket: SocketId) {
        let answered = match (&mut self.state, side) {
            (State::Ringing { caller, .. }, Side::Caller) => {
                *caller = Leg::Bound(socket);
                false
            }
            (State::Answered { caller, .. }, Side::Caller) => {
                *caller = Leg::Bound(socket);
                true
            }
            (State::Answered { receiver, .. }, Side::Receiver) => {
                *receiver = Leg::Bound(socket);
                true
            }
            (State::Ringing { .. }, Side::Receiver) | (State::Ended, _) => false,
        };
        if answered {
            self.to_side(out, side.other(), CallEvent::Peer { call: self.record.id, present: true });
        }
    }

    fn side(&self, user: UserId) -> Result<Side, CallError> {
        if user == self.record.caller.user {
            Ok(Side::Caller)
        } else if user == self.record.receiver.user {
            Ok(Side::Receiver)
        } else {
            Err(CallError::Forbidden)
        }
    }

    fn leg(&self, side: Side) -> Option<Leg> {
        match (&self.state, side) {
            (State::Ringing { caller, .. } | State::Answered { caller, .. }, Side::Caller) => Some(*caller),
            (State::Answered { receiver, .. }, Side::Receiver) => Some(*receiver),
            (State::Ringing { .. }, Side::Receiver) | (State::Ended, _) => None,
        }
    }

    fn is_bound(&self, side: Side, socket: SocketId) -> bool {
        self.leg(side) == Some(Leg::Bound(socket))
    }

    fn is_absent(&self, side: Side) -> bool {
        matches!(self.leg(side), Some(Leg::Absent { .. }))
    }

    const fn leg_record(&self, side: Side) -> &super::CallLeg {
        match side {
            Side::Caller => &self.record.caller,
            Side::Receiver => &self.record.receiver,
        }
    }

    const fn leg_record_mut(&mut self, side: Side) -> &mut super::CallLeg {
        match side {
            Side::Caller => &mut self.record.caller,
            Side::Receiver => &mut self.record.receiver,
        }
    }

    fn save(&mut self, out: &mut Vec<Effect>, now: UnixMillis) {
        self.record.updated_at = now;
        out.push(Effect::Save(Box::new(self.record.clone())));
    }

    fn status(&self, out: &mut Vec<Effect>, at: UnixMillis) {
        let event = CallEvent::Status { call: self.record.id, status: self.record.status, at };
        self.to_user(out, Side::Caller, None, event.clone());
        self.to_user(out, Side::Receiver, None, event);
    }

    fn incoming(&self, expires_in: Duration) -> CallEvent {
        CallEvent::Incoming {
            call: self.record.id,
            from: self.record.caller.user,
            name: self.record.caller.name.clone(),
            kind: self.record.kind,
            expires_in: u64::try_from(expires_in.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn ended_event(&self, reason: EndReason) -> CallEvent {
        CallEvent::Ended { call: self.record.id, reason, duration: self.record.duration_secs() }
    }

    fn signal_event(&self, from: Side, kind: SignalKind, payload: Arc<Value>) -> CallEvent {
        CallEvent::Signal { call: self.record.id, kind, payload, from: self.leg_record(from).user }
    }

    /// Tells whoever speaks for one side.
    fn to_side(&self, out: &mut Vec<Effect>, side: Side, event: CallEvent) {
        let leg = self.leg_record(side);
        let to = match (self.leg(side), leg.session) {
            (Some(Leg::Bound(socket)), _) => Target::Socket(socket),
            (_, Some(session)) => Target::Session(session),
            (_, None) => Target::User(leg.user),
        };
        out.push(Effect::Emit(Emit { to, except: None, event }));
    }

    fn to_user(&self, out: &mut Vec<Effect>, side: Side, except: Option<SocketId>, event: CallEvent) {
        out.push(Effect::Emit(Emit { to: Target::User(self.leg_record(side).user), except, event }));
    }
}

fn to_socket(socket: SocketId, event: CallEvent) -> Effect {
    Effect::Emit(Emit { to: Target::Socket(socket), except: None, event })
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Receiver,
            Self::Receiver => Self::Caller,
        }
    }
}
