//! What who started the call, or an administrator, does to it and to others.

use super::super::{Admission, GroupEvent, Outcome, Source, StopWhy, UnixMillis, UserId};
use super::presence::silence;
use super::{Audience, GroupCall, GroupEffect, GroupRefusal, Moderation};

impl GroupCall {
    pub(super) fn moderate(
        &mut self,
        out: &mut Vec<GroupEffect>,
        by: (UserId, bool),
        action: Moderation,
        now: UnixMillis,
    ) -> Result<(), GroupRefusal> {
        if !self.is_moderator(by) {
            return Err(GroupRefusal::NotModerator);
        }
        match action {
            Moderation::Mute(user) => self.mute(out, by.0, user, now)?,
            Moderation::Remove(user) => self.remove(out, user, now)?,
            Moderation::Lock(locked) if self.record.locked != locked => {
                self.record.locked = locked;
                self.changed(out, now);
            }
            Moderation::Lock(_) => {}
        }
        Ok(())
    }

    fn mute(
        &mut self,
        out: &mut Vec<GroupEffect>,
        by: UserId,
        user: UserId,
        now: UnixMillis,
    ) -> Result<(), GroupRefusal> {
        let mut participants = self.participants.iter_mut();
        let Some(participant) = participants.find(|p| p.user == user) else {
            return Err(GroupRefusal::NoSuchParticipant);
        };
        if participant.muted {
            return Ok(());
        }
        participant.muted = true;
        participant.muted_by = Some(by);
        out.push(silence(participant.id, Source::Microphone, true));
        self.switched(out, now);
        Ok(())
    }

    fn remove(
        &mut self,
        out: &mut Vec<GroupEffect>,
        user: UserId,
        now: UnixMillis,
    ) -> Result<(), GroupRefusal> {
        let Some(person) = self.person_mut(user) else {
            return Err(GroupRefusal::NoSuchParticipant);
        };
        person.admission = Some(Admission::Removed);
        if self.stop_ring(out, user, (StopWhy::Over, None)) {
            self.settle(user, Outcome::Missed);
        }
        self.stop_awaiting(out, user, now);
        if let Some(at) = self.participants.iter().position(|p| p.user == user) {
            self.leave(out, at, now);
        }
        let removed = GroupEvent::Removed(self.record.id);
        let to = Audience::User { user, except: None };
        out.push(GroupEffect::Emit(to, removed));
        self.changed(out, now);
        Ok(())
    }
}
