//! What whoever runs the server may do with everybody's calls: see and end them.

use tokio::sync::{mpsc, oneshot};

use super::group::GroupAsk;
use super::live::Ask;
use super::{CallRefused, Calls};
use crate::domain::{CallEntry, CallError, CallId, Command, GroupCommand, GroupRefusal};
use crate::store as repo;

impl Calls {
    /// Returns up to `limit` calls of both forms, newest first: everybody's, or those that ring or go on.
    ///
    /// # Errors
    /// [`CallRefused`] of the store.
    pub async fn newest(&self, live: bool, limit: i64) -> Result<Vec<CallEntry>, CallRefused> {
        Ok(repo::group_calls::newest(&mut self.ground.db.read().await?, live, limit).await?)
    }

    /// Ends a call of either form that rings or goes on; returns what became of it.
    ///
    /// # Errors
    /// [`CallRefused::NotFound`]; [`CallError::Ended`] if it is over; [`CallRefused::Overrun`] if it takes nothing more just now.
    pub async fn close(&self, id: CallId) -> Result<CallEntry, CallRefused> {
        let (private, group) = {
            let table = self.lock();
            (
                table.calls.get(&id).cloned(),
                table.groups.get(&id).cloned(),
            )
        };
        if let Some(live) = private {
            let (reply, answer) = oneshot::channel();
            let asked = live.inbox.try_send(Ask::Command(Command::Close, reply));
            heard(asked)?;
            answer.await.map_err(|_| CallError::Ended)??;
        } else if let Some(group) = group {
            let (reply, answer) = oneshot::channel();
            let ask = GroupAsk::Command(GroupCommand::Close, reply);
            heard(group.inbox.try_send(ask))?;
            answer.await.map_err(|_| GroupRefusal::Ended)??;
        } else {
            let entry = repo::group_calls::entry(&mut self.ground.db.read().await?, id).await?;
            let entry = entry.ok_or(CallRefused::NotFound)?;
            return Err(if entry.call.status.is_live() {
                // It ends or begins just now.
                CallRefused::Overrun
            } else {
                CallError::Ended.into()
            });
        }
        let entry = repo::group_calls::entry(&mut self.ground.db.read().await?, id).await?;
        entry.ok_or(CallRefused::NotFound)
    }
}

fn heard<T>(asked: Result<(), mpsc::error::TrySendError<T>>) -> Result<(), CallRefused> {
    asked.map_err(|error| match error {
        mpsc::error::TrySendError::Full(_) => CallRefused::Overrun,
        mpsc::error::TrySendError::Closed(_) => CallError::Ended.into(),
    })
}
