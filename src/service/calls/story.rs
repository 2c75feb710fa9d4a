//! Why a call went as it did: the record for those who may see it, and what apps add to it.

use std::time::Duration;

use crate::domain::{Actor, CallEntry, CallError, CallId, CallStory, ClientReport, Step};
use crate::store as repo;

use super::{CallRefused, Calls};

/// Reports that one person's devices may give of a call.
const REPORTS: i64 = 24;
/// How long after its end a call is still told of.
const LATE: Duration = Duration::from_secs(3600);

impl Calls {
    /// Takes what a device of the actor saw of a call.
    ///
    /// # Errors
    /// [`CallRefused::NotFound`]; [`CallError::Forbidden`] for anybody else's; [`CallError::Ended`] an hour after its end;
    /// [`CallRefused::TooManyReports`].
    pub async fn report(
        &self,
        actor: &Actor,
        id: CallId,
        report: ClientReport,
    ) -> Result<(), CallRefused> {
        let journal = &self.ground.journal;
        journal.written().await;
        let mut tx = self.ground.db.read().await?;
        let entry = repo::group_calls::entry(&mut tx, id).await?;
        let entry = entry.ok_or(CallRefused::NotFound)?;
        if entry.call.person(actor.user).is_none() {
            return Err(CallError::Forbidden.into());
        }
        let is_late = |ended| self.ground.clock.now().since(ended) > LATE;
        if entry.call.ended_at.is_some_and(is_late) {
            return Err(CallError::Ended.into());
        }
        if repo::call_steps::reports(&mut tx, id, actor.user).await? >= REPORTS {
            return Err(CallRefused::TooManyReports);
        }
        let report = Box::new(report);
        let who = (actor.user, Some(actor.session));
        journal.step(id, Some(who), Step::Reported { report });
        Ok(())
    }

    /// Returns all that is known of a call that the actor has to do with; of any, to administrators.
    ///
    /// # Errors
    /// [`CallRefused::NotFound`]; [`CallError::Forbidden`] for anybody else's.
    pub async fn story(&self, actor: &Actor, id: CallId) -> Result<CallStory, CallRefused> {
        let mut story = self.any_story(id).await?;
        let own = story.call.call.person(actor.user).is_some();
        if !own && !actor.is_admin {
            return Err(CallError::Forbidden.into());
        }
        story.asked_from = own.then_some(actor.session);
        Ok(story)
    }

    /// Returns all that is known of a call, for whoever runs the server.
    ///
    /// # Errors
    /// [`CallRefused::NotFound`].
    pub async fn any_story(&self, id: CallId) -> Result<CallStory, CallRefused> {
        self.ground.journal.written().await;
        let mut tx = self.ground.db.read().await?;
        let call: Option<CallEntry> = repo::group_calls::entry(&mut tx, id).await?;
        let call = call.ok_or(CallRefused::NotFound)?;
        Ok(CallStory {
            call,
            steps: repo::call_steps::of_call(&mut tx, id).await?,
            asked_from: None,
        })
    }

    /// Removes what was written down of calls longer ago than `age`. Returns how many steps.
    ///
    /// # Errors
    /// [`CallRefused`] of the store.
    pub async fn prune_records(&self, age: Duration) -> Result<u64, CallRefused> {
        let before = self.ground.clock.now().minus(age);
        let mut tx = self.ground.db.write().await?;
        let removed = repo::call_steps::prune(&mut tx, before).await?;
        tx.commit().await?;
        Ok(removed)
    }
}
