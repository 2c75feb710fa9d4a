//! Which calls live, and who is in them.

use std::collections::HashMap;

use tokio::sync::mpsc;

use crate::domain::{Actor, Call, CallId, CallRecord, SessionId, UserId};

use super::CallRefused;
use super::live::Ask;

#[derive(Clone)]
pub(super) struct Live {
    pub(super) inbox: mpsc::Sender<Ask>,
    /// The caller and the receiver, each with the sign-in that speaks for them now.
    pub(super) sides: [(UserId, Option<SessionId>); 2],
}

impl Live {
    pub(super) fn has(&self, user: UserId) -> bool {
        self.sides.iter().any(|(side, _)| *side == user)
    }

    pub(super) fn is_spoken_for_by(&self, actor: &Actor) -> bool {
        self.sides.contains(&(actor.user, Some(actor.session)))
    }
}

#[derive(Default)]
pub(super) struct Table {
    pub(super) calls: HashMap<CallId, Live>,
    pub(super) of_user: HashMap<UserId, CallId>,
}

impl Table {
    pub(super) fn claim(
        &mut self,
        call: &Call,
        inbox: mpsc::Sender<Ask>,
        caller: UserId,
    ) -> Result<(), CallRefused> {
        if self.of_user.contains_key(&call.record().receiver.user) {
            return Err(CallRefused::Busy);
        }
        if self.of_user.contains_key(&caller) {
            return Err(CallRefused::Already);
        }
        self.insert(call, inbox);
        Ok(())
    }

    pub(super) fn insert(&mut self, call: &Call, inbox: mpsc::Sender<Ask>) {
        let record = call.record();
        let live = Live {
            inbox,
            sides: sides(record),
        };
        for (user, _) in live.sides {
            self.of_user.insert(user, record.id);
        }
        self.calls.insert(record.id, live);
    }

    pub(super) fn remove(&mut self, id: CallId) {
        if let Some(live) = self.calls.remove(&id) {
            for (user, _) in live.sides {
                if self.of_user.get(&user) == Some(&id) {
                    self.of_user.remove(&user);
                }
            }
        }
    }
}

/// Who speaks for the two sides, as the row has it.
pub(super) fn sides(record: &CallRecord) -> [(UserId, Option<SessionId>); 2] {
    [&record.caller, &record.receiver].map(|leg| (leg.user, leg.session))
}
