//! The two sides of a call and who speaks for each: sockets that come, go, and take over.

use super::super::{CallEvent, CallLeg, EndReason, SessionId, SocketId, UnixMillis, UserId};
use super::tell::to_socket;
use super::{Announced, Call, CallError, Effect, Kept, RelayChange, State};

/// Who speaks for one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Leg {
    Bound(SocketId),
    /// Nobody since `since`; given up at `until`. What is sent meanwhile goes to every socket of the side's sign-in.
    Absent {
        since: UnixMillis,
        until: UnixMillis,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Caller,
    Receiver,
}

/// Something that each side has.
#[derive(Clone, Debug, Default)]
pub(super) struct BySide<T> {
    caller: T,
    receiver: T,
}

impl<T> BySide<T> {
    pub(super) const fn of(&mut self, side: Side) -> &mut T {
        match side {
            Side::Caller => &mut self.caller,
            Side::Receiver => &mut self.receiver,
        }
    }
}

impl Side {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Receiver,
            Self::Receiver => Self::Caller,
        }
    }
}

impl Call {
    pub(super) fn attach(
        &mut self,
        out: &mut Vec<Effect>,
        (user, session, socket): (UserId, SessionId, SocketId),
        legacy: bool,
        now: UnixMillis,
    ) {
        let Ok(side) = self.side(user) else { return };
        if side == Side::Receiver
            && let State::Ringing {
                deadline,
                rung,
                kept,
                ..
            } = &mut self.state
        {
            if rung.insert(socket, session).is_some() {
                return;
            }
            let (devices, signals, until) = (rung.len(), kept.replay(), *deadline);
            out.push(to_socket(socket, self.incoming(until.since(now))));
            for (kind, payload) in signals {
                out.push(to_socket(
                    socket,
                    self.signal_event(Side::Caller, kind, payload),
                ));
            }
            self.to_side(
                out,
                Side::Caller,
                CallEvent::Ringing {
                    call: self.record.id,
                    devices,
                },
            );
        } else if legacy && self.is_absent(side) && self.leg_record(side).session == Some(session) {
            self.bind(out, side, socket);
        }
    }

    pub(super) fn detach(&mut self, out: &mut Vec<Effect>, socket: SocketId, now: UnixMillis) {
        match &mut self.state {
            State::Ringing { caller, rung, .. } => {
                if *caller == Leg::Bound(socket) {
                    *caller = Leg::Absent {
                        since: now,
                        until: now.plus(self.limits.caller_rejoin),
                    };
                } else if rung.remove(&socket).is_some() {
                    let devices = rung.len();
                    self.to_side(
                        out,
                        Side::Caller,
                        CallEvent::Ringing {
                            call: self.record.id,
                            devices,
                        },
                    );
                }
            }
            State::Answered {
                caller, receiver, ..
            } => {
                let gone = Leg::Absent {
                    since: now,
                    until: now.plus(self.limits.rejoin),
                };
                let other = if *caller == Leg::Bound(socket) {
                    *caller = gone;
                    Side::Receiver
                } else if *receiver == Leg::Bound(socket) {
                    *receiver = gone;
                    Side::Caller
                } else {
                    return;
                };
                self.to_side(
                    out,
                    other,
                    CallEvent::Peer {
                        call: self.record.id,
                        present: false,
                    },
                );
            }
            State::Ended => {}
        }
    }

    pub(super) fn join(
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
        if self.is_bound(side, socket) || (legacy && !self.succeeds(side, session, socket, legacy))
        {
            return Ok(());
        }
        if let Some(Leg::Bound(old)) = self.leg(side) {
            out.push(to_socket(
                old,
                self.ended_event(EndReason::AnsweredElsewhere),
            ));
        }
        if !same_session {
            let moved = self.change_speaker(side, session);
            out.push(Effect::Save(Box::new(self.record.clone())));
            out.extend(moved);
        }
        self.bind(out, side, socket);
        Ok(())
    }

    /// Lets another sign-in speak for a side, with candidates of its own; the relay must know of it.
    #[must_use]
    pub(super) fn change_speaker(&mut self, side: Side, session: SessionId) -> Vec<Effect> {
        let leg = self.leg_record_mut(side);
        let (user, before) = (leg.user, leg.session.replace(session));
        *self.announced.of(side) = Announced::default();
        if side == Side::Caller
            && let State::Ringing { kept, .. }
            | State::Answered {
                unheard: Some(kept),
                ..
            } = &mut self.state
        {
            // Nobody can answer the offer of a device that has left.
            *kept = Kept::default();
        }
        let left = before.map(RelayChange::Leave);
        let changes = left.into_iter().chain([RelayChange::Join(user, session)]);
        changes.map(Effect::Relay).collect()
    }

    /// Tells the relay who speaks for the sides of a call that begins or goes on.
    pub(super) fn speakers_join(&self, out: &mut Vec<Effect>) {
        if !self.record.status.is_live() {
            return;
        }
        for leg in [&self.record.caller, &self.record.receiver] {
            let join = |session| Effect::Relay(RelayChange::Join(leg.user, session));
            out.extend(leg.session.map(join));
        }
    }

    /// Makes `socket` speak for a side. The other side of an answered call learns that somebody is there again; a receiver who
    /// accepted without a socket gets what the caller sent meanwhile.
    pub(super) fn bind(&mut self, out: &mut Vec<Effect>, side: Side, socket: SocketId) {
        match (&mut self.state, side) {
            (State::Ringing { caller, .. }, Side::Caller) => {
                *caller = Leg::Bound(socket);
                return;
            }
            (State::Answered { caller, .. }, Side::Caller) => *caller = Leg::Bound(socket),
            (
                State::Answered {
                    receiver,
                    rung,
                    unheard,
                    ..
                },
                Side::Receiver,
            ) => {
                *receiver = Leg::Bound(socket);
                if let Some(kept) = unheard.take() {
                    // A socket that has not rung has heard nothing yet.
                    let missed = if rung.contains(&socket) {
                        Vec::new()
                    } else {
                        kept.replay()
                    };
                    for (kind, payload) in missed {
                        let event = self.signal_event(Side::Caller, kind, payload);
                        out.push(to_socket(socket, event));
                    }
                    return;
                }
            }
            (State::Ringing { .. }, Side::Receiver) | (State::Ended, _) => return,
        }
        let (call, present) = (self.record.id, true);
        self.to_side(out, side.other(), CallEvent::Peer { call, present });
    }

    /// Says whether `socket` may speak for a side after, or instead of, the one that did: the side's sign-in is its own, and the
    /// old one is gone, or may be so unnoticed (a deployed client that reconnected; not one that rang and lost).
    pub(super) fn succeeds(
        &self,
        side: Side,
        session: SessionId,
        socket: SocketId,
        legacy: bool,
    ) -> bool {
        let lost = match &self.state {
            State::Answered { rung, .. } => rung.contains(&socket),
            State::Ringing { .. } | State::Ended => false,
        };
        let old_is_gone = self.is_absent(side) || (legacy && !lost);
        old_is_gone && self.leg_record(side).session == Some(session)
    }

    pub(super) fn side(&self, user: UserId) -> Result<Side, CallError> {
        if user == self.record.caller.user {
            Ok(Side::Caller)
        } else if user == self.record.receiver.user {
            Ok(Side::Receiver)
        } else {
            Err(CallError::Forbidden)
        }
    }

    pub(super) fn leg(&self, side: Side) -> Option<Leg> {
        match (&self.state, side) {
            (State::Ringing { caller, .. } | State::Answered { caller, .. }, Side::Caller) => {
                Some(*caller)
            }
            (State::Answered { receiver, .. }, Side::Receiver) => Some(*receiver),
            (State::Ringing { .. }, Side::Receiver) | (State::Ended, _) => None,
        }
    }

    pub(super) fn is_bound(&self, side: Side, socket: SocketId) -> bool {
        self.leg(side) == Some(Leg::Bound(socket))
    }

    pub(super) fn is_absent(&self, side: Side) -> bool {
        matches!(self.leg(side), Some(Leg::Absent { .. }))
    }

    pub(super) const fn leg_record(&self, side: Side) -> &CallLeg {
        match side {
            Side::Caller => &self.record.caller,
            Side::Receiver => &self.record.receiver,
        }
    }

    pub(super) const fn leg_record_mut(&mut self, side: Side) -> &mut CallLeg {
        match side {
            Side::Caller => &mut self.record.caller,
            Side::Receiver => &mut self.record.receiver,
        }
    }
}
