//! What is written and read in a chat: posting, history, changes, read marks.

use std::sync::Arc;

use crate::domain::{
    Actor, Change, ChatId, ClientId, Content, Event, Message, MessageId, Page, UserId,
};
use crate::store::messages::NewMessage;
use crate::store::{self as repo, StoreError, Tx};

use super::{ChatError, Chats, member};

/// A message that is posted.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The message.
    pub message: Arc<Message>,
    /// It had been posted before under the same client id.
    pub repeated: bool,
}

/// Where a read mark stands.
#[derive(Clone, Copy, Debug)]
pub struct Marked {
    /// Read up to here.
    pub read_seq: i64,
    /// Messages of others that are left.
    pub unread: i64,
}

/// Changes of a chat after some `rev`.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The chat's last change.
    pub rev: i64,
    /// What changed, in order.
    pub changes: Vec<Change>,
    /// There is more after the last of them.
    pub more: bool,
}

impl Chats {
    /// Posts a message. The same `client_id` again returns the first message.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::NotParticipant`].
    pub async fn send(
        &self,
        actor: &Actor,
        chat: ChatId,
        content: Content,
        client_id: Option<ClientId>,
    ) -> Result<Sent, ChatError> {
        let (this, actor) = (self.clone(), actor.clone());
        self.ground
            .tasks
            .finish(async move { this.post(&actor, chat, &content, client_id.as_ref()).await })
            .await?
    }

    async fn post(
        &self,
        actor: &Actor,
        chat: ChatId,
        content: &Content,
        client_id: Option<&ClientId>,
    ) -> Result<Sent, ChatError> {
        let _turn = self.lane(chat).await;
        let mut tx = self.ground.db.write().await?;
        member(&mut tx, chat, actor.user).await?;
        // Taken first: on PostgreSQL it locks the chat, so that a repeat sees the message it repeats.
        let seq = repo::chats::next_rev(&mut tx, chat).await?;
        if let Some(client_id) = client_id
            && let Some(first) =
                repo::messages::by_client_id(&mut tx, chat, actor.user, client_id).await?
        {
            return Ok(Sent {
                message: Arc::new(first),
                repeated: true,
            });
        }
        let now = self.ground.clock.now();
        let (id, sender, device) = (MessageId::new(), actor.user, actor.device);
        repo::messages::insert(
            &mut tx,
            &NewMessage {
                id,
                chat,
                seq,
                sender,
                device,
                client_id,
                content,
                now,
            },
        )
        .await?;
        repo::chats::touch(&mut tx, chat, now).await?;
        let message = repo::messages::newest(&mut tx, chat, seq - 1, Page::first(1))
            .await?
            .pop();
        let members = repo::chats::member_ids(&mut tx, chat).await?;
        tx.commit().await?;
        let message = Arc::new(message.ok_or(ChatError::NotFound)?);
        self.ground.tally.message();
        self.ground.bus.tell_users(
            &members,
            &Event::Changed {
                chat,
                change: Change::Message(Arc::clone(&message)),
            },
        );
        Ok(Sent {
            message,
            repeated: false,
        })
    }

    /// Returns the newest messages after skipping some, oldest first. Reading from the newest on counts as having read them:
    /// deployed clients have no other way to say so.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::NotParticipant`].
    pub async fn history(
        &self,
        actor: &Actor,
        chat: ChatId,
        page: Page,
    ) -> Result<Vec<Message>, ChatError> {
        let mut tx = self.ground.db.read().await?;
        let membership = member(&mut tx, chat, actor.user).await?;
        let mut messages =
            repo::messages::newest(&mut tx, chat, membership.cleared_seq, page).await?;
        drop(tx);
        if let Some(newest) = messages
            .first()
            .filter(|newest| page.offset == 0 && newest.seq > membership.read_seq)
        {
            self.mark_read(actor, chat, newest.seq).await?;
        }
        messages.reverse();
        Ok(messages)
    }

    /// Returns up to `limit` messages posted before `before` (or the newest), oldest first, and whether there are earlier ones.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::NotParticipant`].
    pub async fn before(
        &self,
        actor: &Actor,
        chat: ChatId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<(Vec<Message>, bool), ChatError> {
        let mut tx = self.ground.db.read().await?;
        let cleared = member(&mut tx, chat, actor.user).await?.cleared_seq;
        let mut messages = repo::messages::before(
            &mut tx,
            chat,
            cleared,
            before.unwrap_or(i64::MAX),
            limit + 1,
        )
        .await?;
        let more = messages.len() as i64 > limit;
        messages.truncate(usize::try_from(limit).unwrap_or(0));
        messages.reverse();
        Ok((messages, more))
    }

    /// Returns what changed after `rev`, in order, at most `limit` of it.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::NotParticipant`].
    pub async fn changes(
        &self,
        actor: &Actor,
        chat: ChatId,
        rev: i64,
        limit: i64,
    ) -> Result<Changes, ChatError> {
        let mut tx = self.ground.db.read().await?;
        let membership = member(&mut tx, chat, actor.user).await?;
        let messages =
            repo::messages::changed_after(&mut tx, chat, membership.cleared_seq, rev, limit + 1)
                .await?;
        let marks = repo::chats::read_after(&mut tx, chat, rev, limit + 1).await?;
        let marks = marks.into_iter().map(|m| Change::Read {
            rev: m.read_rev,
            user: m.user_id,
            seq: m.read_seq,
        });
        let mut changes: Vec<Change> = messages
            .into_iter()
            .map(|message| Change::Message(Arc::new(message)))
            .chain(marks)
            .collect();
        changes.sort_by_key(Change::rev);
        let more = changes.len() as i64 > limit;
        changes.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(Changes {
            rev: membership.rev,
            changes,
            more,
        })
    }

    /// Moves the actor's read mark up to `seq`; never back.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::NotParticipant`].
    pub async fn mark_read(
        &self,
        actor: &Actor,
        chat: ChatId,
        seq: i64,
    ) -> Result<Marked, ChatError> {
        let (this, user) = (self.clone(), actor.user);
        self.ground
            .tasks
            .finish(async move { this.write_mark(user, chat, seq).await })
            .await?
    }

    async fn write_mark(&self, user: UserId, chat: ChatId, seq: i64) -> Result<Marked, ChatError> {
        let _turn = self.lane(chat).await;
        let mut tx = self.ground.db.write().await?;
        let membership = member(&mut tx, chat, user).await?;
        let read_seq = seq.min(membership.rev).max(membership.read_seq);
        let unread = if read_seq > membership.read_seq {
            let rev = repo::chats::next_rev(&mut tx, chat).await?;
            repo::chats::mark_read(&mut tx, chat, user, read_seq, rev).await?;
            let unread = unread_in(&mut tx, user, chat).await?;
            let members = repo::chats::member_ids(&mut tx, chat).await?;
            tx.commit().await?;
            let change = Change::Read {
                rev,
                user,
                seq: read_seq,
            };
            self.ground
                .bus
                .tell_users(&members, &Event::Changed { chat, change });
            unread
        } else {
            unread_in(&mut tx, user, chat).await?
        };
        Ok(Marked { read_seq, unread })
    }
}

async fn unread_in(tx: &mut Tx, user: UserId, chat: ChatId) -> Result<i64, StoreError> {
    Ok(repo::messages::unread(tx, user, Some(chat))
        .await?
        .first()
        .map_or(0, |(_, count)| *count))
}
