//! Where a call stands and how it moves on: signals, the answer, time, the end.

use std::sync::Arc;

use serde_json::Value;

use super::super::{CallEvent, CallStatus, EndReason, SessionId, SocketId, UnixMillis, UserId};
use super::legs::{Leg, Side};
use super::tell::to_socket;
use super::{ALIVE_EVERY, Call, CallError, Effect, RelayChange, SignalKind, State, candidates};

impl Call {
    pub(super) fn signal(
        &mut self,
        out: &mut Vec<Effect>,
        (user, session, socket): (UserId, SessionId, SocketId),
        legacy: bool,
        (kind, payload): (SignalKind, Arc<Value>),
    ) -> Result<(), CallError> {
        let side = self.side(user)?;
        let may_speak = self.is_bound(side, socket) || self.succeeds(side, session, socket, legacy);
        match &self.state {
            State::Ended => return Err(CallError::Ended),
            State::Ringing { .. } if side == Side::Receiver || kind == SignalKind::Answer => {
                return Err(CallError::NotAccepted);
            }
            State::Ringing { .. } | State::Answered { .. } if !may_speak => {
                return Err(CallError::OtherDevice);
            }
            State::Ringing { .. } | State::Answered { .. } => {}
        }
        let addresses = candidates::addresses(kind, &payload);
        let fresh = self.announced.of(side).fresh(addresses)?;
        match &mut self.state {
            State::Ringing { kept, .. } => kept.keep(kind, Arc::clone(&payload))?,
            State::Answered {
                unheard: Some(kept),
                ..
            } if side == Side::Caller => kept.keep(kind, Arc::clone(&payload))?,
            State::Answered { .. } | State::Ended => {}
        }
        if !self.is_bound(side, socket) {
            self.bind(out, side, socket);
        }
        if !fresh.is_empty() {
            self.announced.of(side).add(&fresh);
            let addresses = fresh.into_iter().collect();
            out.push(Effect::Relay(RelayChange::Announce(session, addresses)));
        }
        let event = self.signal_event(side, kind, payload);
        match &self.state {
            State::Ringing { rung, .. } => {
                out.extend(rung.keys().map(|socket| to_socket(*socket, event.clone())));
            }
            State::Answered { .. } => self.to_side(out, side.other(), event),
            State::Ended => {}
        }
        Ok(())
    }

    pub(super) fn accept(
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
        let (caller, rung, kept) = match &mut self.state {
            State::Ringing {
                caller, rung, kept, ..
            } => (*caller, std::mem::take(rung), std::mem::take(kept)),
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
        let absent = Leg::Absent {
            since: now,
            until: now.plus(self.limits.rejoin),
        };
        // A caller who dropped while it rang has as long as anybody in an answered call.
        let caller = if let Leg::Bound(_) = caller {
            caller
        } else {
            absent
        };
        self.state = State::Answered {
            caller,
            receiver: absent,
            next_alive: now.plus(ALIVE_EVERY),
            rung: rung.keys().copied().collect(),
            unheard: Some(kept),
        };
        self.record.status = CallStatus::Answered;
        self.record.answered_at = Some(now);
        self.record.last_alive_at = now;
        let moved = self.change_speaker(Side::Receiver, session);
        self.save(out, now);
        out.extend(moved);
        self.to_side(
            out,
            Side::Caller,
            CallEvent::Accepted {
                call: self.record.id,
                receiver: user,
            },
        );
        self.status(out, now);
        if let Some(socket) = socket {
            self.bind(out, Side::Receiver, socket);
        }
        for (other, its_session) in rung {
            let accepted_here = socket.map_or(its_session == session, |socket| socket == other);
            if !accepted_here {
                out.push(to_socket(
                    other,
                    self.ended_event(EndReason::AnsweredElsewhere),
                ));
            }
        }
        Ok(())
    }

    pub(super) fn tick(&mut self, out: &mut Vec<Effect>, now: UnixMillis) {
        let expired = |leg: &Leg| match leg {
            Leg::Absent { since, until } if *until <= now => Some((*since, *until)),
            Leg::Absent { .. } | Leg::Bound(_) => None,
        };
        match &mut self.state {
            State::Ringing {
                deadline, caller, ..
            } => {
                // The end is when it was due: after a restart that may be long ago.
                let (deadline, given_up) = (*deadline, expired(caller).map(|(_, until)| until));
                if let Some(until) = given_up.filter(|until| *until < deadline) {
                    self.end(
                        out,
                        CallStatus::Missed,
                        EndReason::Cancelled,
                        until,
                        now,
                        None,
                    );
                } else if deadline <= now {
                    self.end(
                        out,
                        CallStatus::Missed,
                        EndReason::Missed,
                        deadline,
                        now,
                        None,
                    );
                }
            }
            State::Answered {
                caller,
                receiver,
                next_alive,
                ..
            } => {
                let lost = [expired(caller), expired(receiver)];
                if let Some((since, _)) = lost.into_iter().flatten().min() {
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

    pub(super) fn hang_up(
        &mut self,
        out: &mut Vec<Effect>,
        side: Side,
        now: UnixMillis,
        except: Option<SocketId>,
    ) -> Result<(), CallError> {
        let (status, reason) = match (&self.state, side) {
            (State::Ringing { .. }, Side::Caller) => (CallStatus::Missed, EndReason::Cancelled),
            (State::Ringing { .. }, Side::Receiver) => (CallStatus::Rejected, EndReason::Rejected),
            (State::Answered { .. }, Side::Caller | Side::Receiver) => {
                (CallStatus::Ended, EndReason::HangUp)
            }
            (State::Ended, _) => return Err(CallError::Ended),
        };
        self.end(out, status, reason, now, now, except);
        Ok(())
    }

    pub(super) fn close(
        &mut self,
        out: &mut Vec<Effect>,
        now: UnixMillis,
    ) -> Result<(), CallError> {
        let status = match self.state {
            State::Ringing { .. } => CallStatus::Missed,
            State::Answered { .. } => CallStatus::Ended,
            State::Ended => return Err(CallError::Ended),
        };
        self.end(out, status, EndReason::Closed, now, now, None);
        Ok(())
    }

    /// Ends the call as of `at`, tells both users' devices, the one that asked excepted.
    pub(super) fn end(
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
        self.record.ended_at = Some(
            self.record
                .answered_at
                .map_or(at, |answered| at.max(answered)),
        );
        self.save(out, now);
        out.push(Effect::Relay(RelayChange::End));
        if status == CallStatus::Rejected {
            self.to_user(out, Side::Caller, None, CallEvent::Rejected(self.record.id));
        }
        self.status(out, now);
        self.to_user(out, Side::Caller, except, self.ended_event(reason));
        self.to_user(out, Side::Receiver, except, self.ended_event(reason));
    }
}
