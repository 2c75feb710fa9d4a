//! Which calls live, of both forms, and who is in them. One person is in one call at a time.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::{
    Actor, Call, CallId, CallRecord, ChatId, GroupCall, RoomReport, SessionId, UserId,
};

use super::CallRefused;
use super::group::GroupAsk;
use super::live::Ask;

/// A call between two.
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
}

/// A group call.
#[derive(Clone)]
pub(super) struct LiveGroup {
    pub(super) id: CallId,
    pub(super) chat: ChatId,
    pub(super) inbox: mpsc::Sender<GroupAsk>,
    pub(super) reports: mpsc::Sender<RoomReport>,
    /// Who may see it.
    pub(super) audience: Arc<BTreeSet<UserId>>,
    /// Who is in it, each with the sign-in that speaks for them.
    pub(super) inside: Vec<(UserId, SessionId)>,
}

/// The call that somebody is in.
pub(super) enum Place {
    Private(CallId, Live),
    Group(LiveGroup),
}

impl Place {
    pub(super) const fn id(&self) -> CallId {
        match self {
            Self::Private(id, _) => *id,
            Self::Group(group) => group.id,
        }
    }

    pub(super) fn is_spoken_for_by(&self, actor: &Actor) -> bool {
        match self {
            Self::Private(_, live) => live.sides.contains(&(actor.user, Some(actor.session))),
            Self::Group(group) => group.inside.contains(&(actor.user, actor.session)),
        }
    }
}

#[derive(Default)]
pub(super) struct Table {
    pub(super) calls: HashMap<CallId, Live>,
    pub(super) groups: HashMap<CallId, LiveGroup>,
    of_user: HashMap<UserId, CallId>,
    /// How many wait for the last call to end; meanwhile none begins.
    pub(super) drains: usize,
}

impl Table {
    pub(super) fn place_of(&self, user: UserId) -> Option<Place> {
        let id = self.of_user.get(&user)?;
        let private = self.calls.get(id).cloned();
        let private = private.map(|live| Place::Private(*id, live));
        private.or_else(|| self.groups.get(id).cloned().map(Place::Group))
    }

    pub(super) fn has_calls(&self) -> bool {
        !self.calls.is_empty() || !self.groups.is_empty()
    }

    pub(super) fn is_busy(&self, user: UserId) -> bool {
        self.of_user.contains_key(&user)
    }

    pub(super) fn claim(
        &mut self,
        call: &Call,
        inbox: mpsc::Sender<Ask>,
        caller: UserId,
    ) -> Result<(), CallRefused> {
        if self.drains > 0 {
            return Err(CallRefused::Stopping);
        }
        if self.is_busy(call.record().receiver.user) {
            return Err(CallRefused::Busy);
        }
        if self.is_busy(caller) {
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

    /// Takes in a group call, unless its chat has one. Then that one is returned.
    pub(super) fn claim_chat(&mut self, group: LiveGroup) -> Result<Option<CallId>, CallRefused> {
        let found = self.groups.values().find(|live| live.chat == group.chat);
        let found = found.map(|live| live.id);
        if found.is_none() {
            if self.drains > 0 {
                return Err(CallRefused::Stopping);
            }
            self.groups.insert(group.id, group);
        }
        Ok(found)
    }

    /// Makes a call between two a group call. Both stay in it.
    pub(super) fn grow(&mut self, group: LiveGroup) {
        self.calls.remove(&group.id);
        self.groups.insert(group.id, group);
    }

    /// Lets somebody be in a group call, if they are in no other.
    pub(super) fn claim_place(&mut self, user: UserId, id: CallId) -> Result<(), CallRefused> {
        match self.of_user.get(&user) {
            Some(other) if *other != id => Err(CallRefused::Already),
            Some(_) => Ok(()),
            None => {
                self.of_user.insert(user, id);
                Ok(())
            }
        }
    }

    /// Keeps who speaks for the two sides of a live call.
    pub(super) fn note(&mut self, record: &CallRecord) {
        if let Some(live) = self.calls.get_mut(&record.id) {
            live.sides = sides(record);
        }
    }

    /// Keeps who is in a live group call, and who may see it.
    pub(super) fn note_group(&mut self, call: &GroupCall) {
        let id = call.record().id;
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        group.inside = call.inside();
        if *group.audience != *call.audience() {
            group.audience = Arc::new(call.audience().clone());
        }
        let inside = &group.inside;
        let is_inside = |user: &UserId| inside.iter().any(|(its, _)| its == user);
        self.of_user
            .retain(|user, its| *its != id || is_inside(user));
        for (user, _) in inside {
            self.of_user.entry(*user).or_insert(id);
        }
    }

    pub(super) fn remove(&mut self, id: CallId) {
        self.calls.remove(&id);
        self.groups.remove(&id);
        self.of_user.retain(|_, its| *its != id);
    }
}

/// Who speaks for the two sides, as the row has it.
pub(super) fn sides(record: &CallRecord) -> [(UserId, Option<SessionId>); 2] {
    [&record.caller, &record.receiver].map(|leg| (leg.user, leg.session))
}
