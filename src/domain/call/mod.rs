//! One call between two people as a state machine: commands in, effects out, one deadline. No clock, no task, no database.
//!
//! Owns who may do what and when, which socket speaks for which side (its leg), and what is kept for devices that start to ring
//! later. The row ([`CallRecord`]) is part of the state, so that it cannot say anything else. `service::calls` gives it the time,
//! saves and publishes what comes out, in that order.

mod candidates;
mod command;
mod kept;
mod legs;
mod progress;
mod tell;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::candidates::Announced;
use self::kept::Kept;
use self::legs::{BySide, Leg, Side};
use super::{
    CallEvent, CallRecord, CallStatus, EndReason, SessionId, SocketId, UnixMillis, UserId,
};
pub use candidates::kinds as candidate_kinds;
pub use command::{CallError, Command, Effect, Emit, RelayChange, SignalKind, Target};

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

#[derive(Clone, Debug)]
enum State {
    Ringing {
        deadline: UnixMillis,
        caller: Leg,
        rung: BTreeMap<SocketId, SessionId>,
        kept: Kept,
    },
    Answered {
        caller: Leg,
        receiver: Leg,
        next_alive: UnixMillis,
        /// Where it rang: these sockets have heard what the caller sent, and lost the call to the one that answered.
        rung: BTreeSet<SocketId>,
        /// Until the receiver's leg is bound: what the caller sent.
        unheard: Option<Kept>,
    },
    Ended,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    record: CallRecord,
    limits: Limits,
    state: State,
    announced: BySide<Announced>,
}

impl Call {
    /// Starts to ring, from the row that was just written, on the receiver's sockets that are there.
    #[must_use]
    pub fn ring(record: CallRecord, limits: Limits, now: UnixMillis) -> (Self, Vec<Effect>) {
        let deadline = now.plus(limits.ring);
        let caller = Leg::Absent {
            since: now,
            until: deadline,
        };
        let state = State::Ringing {
            deadline,
            caller,
            rung: BTreeMap::new(),
            kept: Kept::default(),
        };
        let call = Self {
            record,
            limits,
            state,
            announced: BySide::default(),
        };
        let mut effects = Vec::new();
        call.speakers_join(&mut effects);
        call.to_user(
            &mut effects,
            Side::Caller,
            None,
            CallEvent::Initiated(call.record.id),
        );
        call.status(&mut effects, now);
        (call, effects)
    }

    /// Takes up a call that a restart interrupted: both sides must come back, and announce their candidates again.
    #[must_use]
    pub fn restore(record: CallRecord, limits: Limits, now: UnixMillis) -> (Self, Vec<Effect>) {
        let state = match record.status {
            CallStatus::Ringing => {
                let deadline = record.created_at.plus(limits.ring);
                let caller = Leg::Absent {
                    since: now,
                    until: deadline,
                };
                State::Ringing {
                    deadline,
                    caller,
                    rung: BTreeMap::new(),
                    kept: Kept::default(),
                }
            }
            CallStatus::Answered => {
                let gone = Leg::Absent {
                    since: record.last_alive_at,
                    until: now.plus(limits.rejoin),
                };
                State::Answered {
                    caller: gone,
                    receiver: gone,
                    next_alive: now.plus(limits.rejoin).plus(ALIVE_EVERY),
                    rung: BTreeSet::new(),
                    unheard: None,
                }
            }
            CallStatus::Ended | CallStatus::Missed | CallStatus::Rejected => State::Ended,
        };
        let call = Self {
            record,
            limits,
            state,
            announced: BySide::default(),
        };
        let mut effects = Vec::new();
        call.speakers_join(&mut effects);
        (call, effects)
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
            State::Ringing {
                deadline, caller, ..
            } => Some(until(caller).map_or(*deadline, |at| at.min(*deadline))),
            State::Answered {
                caller,
                receiver,
                next_alive,
                ..
            } => [until(caller), until(receiver), Some(*next_alive)]
                .into_iter()
                .flatten()
                .min(),
            State::Ended => None,
        }
    }

    /// Whether a socket speaks for the caller and for the receiver; `None` for a receiver who has not answered, and once it is over.
    #[must_use]
    pub fn present(&self) -> [(UserId, Option<bool>); 2] {
        [Side::Caller, Side::Receiver].map(|side| {
            let leg = self.leg(side);
            let present = leg.map(|leg| matches!(leg, Leg::Bound(_)));
            (self.leg_record(side).user, present)
        })
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
            Command::Attach {
                user,
                session,
                socket,
                legacy,
            } => {
                self.attach(&mut effects, (user, session, socket), legacy, now);
            }
            Command::Detach(socket) => self.detach(&mut effects, socket, now),
            Command::Signal {
                user,
                session,
                socket,
                legacy,
                kind,
                payload,
            } => {
                let speaker = (user, session, socket);
                self.signal(&mut effects, speaker, legacy, (kind, payload))?;
            }
            Command::Accept {
                user,
                session,
                socket,
            } => self.accept(&mut effects, user, session, socket, now)?,
            Command::Reject { user, socket } => {
                if self.side(user)? != Side::Receiver {
                    return Err(CallError::Forbidden);
                }
                match self.state {
                    State::Ringing { .. } => {
                        self.end(
                            &mut effects,
                            CallStatus::Rejected,
                            EndReason::Rejected,
                            now,
                            now,
                            socket,
                        );
                    }
                    State::Answered { .. } => return Err(CallError::NotRinging),
                    State::Ended => return Err(CallError::Ended),
                }
            }
            Command::End { user, socket } => {
                let side = self.side(user)?;
                self.hang_up(&mut effects, side, now, socket)?;
            }
            Command::Join {
                user,
                session,
                socket,
                legacy,
            } => {
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
            Command::Close => self.close(&mut effects, now)?,
            Command::Tick => self.tick(&mut effects, now),
        }
        Ok(effects)
    }
}
