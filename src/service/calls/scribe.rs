//! Turns what happens to a call into steps of its record.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::domain::{
    Call, CallEvent, CandidateKind, Command, Effect, GroupCall, GroupCommand, GroupEffect,
    GroupEvent, Link, Protocol, RoomReport, SessionId, SignalKind, SignalName, Step, UserId,
    candidate_kinds,
};
use crate::service::Journal;

/// Descriptions of one side that are written down: the first ones, and some looking for another path.
const DESCRIPTIONS: u8 = 12;

/// What was written down of one call between two already.
#[derive(Default)]
pub(super) struct Scribe {
    candidates: BTreeSet<(UserId, CandidateKind, Protocol)>,
    descriptions: HashMap<UserId, u8>,
    lost: BTreeSet<UserId>,
}

/// What a call between two was before a command.
pub(super) struct Before {
    is_live: bool,
    present: [(UserId, Option<bool>); 2],
    sessions: [Option<SessionId>; 2],
}

impl Before {
    pub(super) fn of(call: &Call) -> Self {
        let record = call.record();
        Self {
            is_live: record.status.is_live(),
            present: call.present(),
            sessions: [record.caller.session, record.receiver.session],
        }
    }
}

impl Scribe {
    /// Writes down what `command` made of a call.
    pub(super) fn note(
        &mut self,
        journal: &Journal,
        (before, call): (&Before, &Call),
        command: Command,
        effects: &[Effect],
    ) {
        let (id, user) = (call.record().id, command.user());
        let is_accept = matches!(command, Command::Accept { .. });
        match command {
            Command::Attach {
                user,
                session,
                legacy,
                ..
            } if rings(effects) => {
                let rang = Step::Rang { old: legacy };
                journal.step(id, Some((user, Some(session))), rang);
            }
            Command::Signal {
                user,
                session,
                legacy,
                kind,
                payload,
                ..
            } => {
                let signal = (kind, &*payload);
                for step in self.signal(user, legacy, signal) {
                    journal.step(id, Some((user, Some(session))), step);
                }
            }
            Command::Attach { .. }
            | Command::Accept { .. }
            | Command::Detach(_)
            | Command::Reject { .. }
            | Command::End { .. }
            | Command::Join { .. }
            | Command::Gone { .. }
            | Command::Close
            | Command::Tick => {}
        }
        let record = call.record();
        let legs = [&record.caller, &record.receiver];
        for (leg, was) in legs.into_iter().zip(before.sessions) {
            if leg.session != was {
                let step = if is_accept {
                    Step::Accepted
                } else {
                    Step::Moved
                };
                journal.step(id, Some((leg.user, leg.session)), step);
            }
        }
        if before.is_live && !record.status.is_live() {
            if let Some(reason) = record.reason {
                journal.step(id, user.map(|user| (user, None)), Step::Ended { reason });
            }
            return;
        }
        for ((user, was), (_, is)) in before.present.into_iter().zip(call.present()) {
            if was == Some(true) && is == Some(false) {
                self.lost.insert(user);
                journal.step(id, Some((user, None)), Step::SignalingLost);
            } else if is == Some(true) && self.lost.remove(&user) {
                journal.step(id, Some((user, None)), Step::SignalingBack);
            }
        }
    }

    fn signal(
        &mut self,
        user: UserId,
        old: bool,
        (kind, payload): (SignalKind, &Value),
    ) -> Vec<Step> {
        let what = match kind {
            SignalKind::Offer => Some(SignalName::Offer),
            SignalKind::Answer => Some(SignalName::Answer),
            SignalKind::Candidate => None,
        };
        let mut steps = Vec::new();
        if let Some(what) = what {
            let seen = self.descriptions.entry(user).or_default();
            if *seen < DESCRIPTIONS {
                *seen += 1;
                steps.push(Step::Signaled { what, old });
            }
        }
        for (candidate, protocol) in candidate_kinds(kind, payload) {
            if self.candidates.insert((user, candidate, protocol)) {
                steps.push(Step::Candidate {
                    candidate,
                    protocol,
                });
            }
        }
        steps
    }
}

fn rings(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| match effect {
        Effect::Emit(emit) => matches!(emit.event, CallEvent::Incoming { .. }),
        Effect::Save(_) | Effect::Relay(_) => false,
    })
}

/// What a group call was before a command.
pub(super) struct GroupBefore {
    is_live: bool,
    inside: Vec<(UserId, SessionId)>,
    /// Who does it, and what it is, where that is a step of its own.
    step: Option<((UserId, Option<SessionId>), Step)>,
    attached: Option<(UserId, SessionId)>,
}

impl GroupBefore {
    pub(super) fn of(call: &GroupCall, command: &GroupCommand) -> Self {
        let step = match command {
            GroupCommand::Joined { newcomer, .. } => {
                let who = (newcomer.user, Some(newcomer.session));
                Some((who, Step::Accepted))
            }
            GroupCommand::Decline(user) => Some(((*user, None), Step::Declined)),
            GroupCommand::Room(report) => room(call, report),
            GroupCommand::Attach { .. }
            | GroupCommand::Detach(_)
            | GroupCommand::Offered { .. }
            | GroupCommand::Answered { .. }
            | GroupCommand::Resume { .. }
            | GroupCommand::Switch { .. }
            | GroupCommand::Leave(_)
            | GroupCommand::Invite { .. }
            | GroupCommand::Moderate { .. }
            | GroupCommand::Gone { .. }
            | GroupCommand::Close
            | GroupCommand::Tick => None,
        };
        let attached = if let GroupCommand::Attach { user, session, .. } = command {
            Some((*user, *session))
        } else {
            None
        };
        Self {
            is_live: call.record().status.is_live(),
            inside: call.inside(),
            step,
            attached,
        }
    }

    /// Writes down what the command made of it.
    pub(super) fn note(self, journal: &Journal, call: &GroupCall, effects: &[GroupEffect]) {
        let record = call.record();
        let id = record.id;
        if let Some((who, step)) = self.step {
            journal.step(id, Some(who), step);
        }
        let (old, rings) = (false, effects.iter().any(is_incoming));
        if let Some((user, session)) = self.attached.filter(|_| rings) {
            journal.step(id, Some((user, Some(session))), Step::Rang { old });
        }
        let inside = call.inside();
        for (user, session) in self.inside {
            if !inside.iter().any(|(its, _)| *its == user) {
                journal.step(id, Some((user, Some(session))), Step::Left);
            }
        }
        if self.is_live && !record.status.is_live() {
            if let Some(reason) = record.reason {
                journal.step(id, None, Step::Ended { reason });
            }
            journal.over(id);
        }
    }
}

fn is_incoming(effect: &GroupEffect) -> bool {
    matches!(effect, GroupEffect::Emit(_, GroupEvent::Incoming { .. }))
}

fn room(call: &GroupCall, report: &RoomReport) -> Option<((UserId, Option<SessionId>), Step)> {
    let (participant, step) = match report {
        RoomReport::Link(participant, Link::Connected) => (participant, Step::RoomReached),
        RoomReport::Link(participant, Link::Lost) => (participant, Step::RoomLost),
        RoomReport::Heard(participant) => (participant, Step::RoomHeard),
        RoomReport::Link(_, Link::Connecting)
        | RoomReport::Offer { .. }
        | RoomReport::Seats { .. }
        | RoomReport::Gone(_)
        | RoomReport::Speakers(_)
        | RoomReport::Video { .. }
        | RoomReport::Layers { .. }
        | RoomReport::Quality { .. } => return None,
    };
    let (user, session) = call.who_is(*participant)?;
    Some(((user, Some(session)), step))
}
