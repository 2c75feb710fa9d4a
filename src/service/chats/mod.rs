//! Chats: listing, making, hiding; what is said in them is `messages`.
//!
//! Every change of a chat takes its next `rev` and is published in that order: one writer at a time for each chat.

mod messages;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::domain::{Actor, Chat, ChatId, ChatKind, ChatName, Event, UnixMillis, UserId};
use crate::store::chats::Membership;
use crate::store::{self as repo, StoreError, Tx};

use super::Ground;
use super::tasks::Panicked;

pub use messages::{Changes, Marked, Sent};

/// The slot of the one family chat.
const FAMILY: &str = "family";
/// Most people in a group chat that somebody makes.
const GROUP: usize = 200;
/// Chats share this many locks.
const LANES: usize = 64;

/// Why a chat was not shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// There is no such chat.
    #[error("there is no such chat")]
    NotFound,
    /// There is no such living user.
    #[error("there is no such user")]
    NoSuchUser,
    /// The actor is not in it.
    #[error("you are not a participant of this chat")]
    NotParticipant,
    /// A private chat needs two people.
    #[error("you cannot start a private chat with yourself")]
    WithSelf,
    /// More people than a group chat holds.
    #[error("a chat holds at most {GROUP} people")]
    TooMany,
    /// The family chat stays.
    #[error("the family chat cannot be deleted")]
    FamilyStays,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A use case panicked.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct Chats {
    ground: Ground,
    /// Keeps publishing in commit order: held over one write to a chat and the telling of it.
    lanes: Arc<[Mutex<()>; LANES]>,
}

impl Chats {
    /// Builds them.
    #[must_use]
    pub fn new(ground: Ground) -> Self {
        Self {
            ground,
            lanes: Arc::new(std::array::from_fn(|_| Mutex::new(()))),
        }
    }

    /// Makes the family chat if there is none.
    ///
    /// # Errors
    /// [`ChatError`] of the store.
    pub async fn found_family(&self, name: &str) -> Result<(), ChatError> {
        let mut tx = self.ground.db.write().await?;
        let now = self.ground.clock.now();
        repo::chats::insert(
            &mut tx,
            ChatId::new(),
            ChatKind::Family,
            name,
            Some(FAMILY),
            now,
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Returns the actor's chats, the last touched first.
    ///
    /// # Errors
    /// [`ChatError`] of the store.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<Chat>, ChatError> {
        Ok(repo::chats::of_user(&mut self.ground.db.read().await?, actor.user, None).await?)
    }

    /// Returns the `rev` of each of the actor's chats.
    ///
    /// # Errors
    /// [`ChatError`] of the store.
    pub async fn revs(&self, actor: &Actor) -> Result<HashMap<ChatId, i64>, ChatError> {
        Ok(
            repo::chats::revs(&mut self.ground.db.read().await?, actor.user)
                .await?
                .into_iter()
                .collect(),
        )
    }

    /// Finds or makes the actor's private chat with `other`.
    ///
    /// # Errors
    /// [`ChatError::WithSelf`], [`ChatError::NoSuchUser`].
    pub async fn private(&self, actor: &Actor, other: UserId) -> Result<Chat, ChatError> {
        if actor.user == other {
            return Err(ChatError::WithSelf);
        }
        let (this, actor) = (self.clone(), actor.clone());
        self.ground
            .tasks
            .finish(async move {
                let mut tx = this.ground.db.write().await?;
                let (id, made) =
                    find_or_make_private(&mut tx, actor.user, other, this.ground.clock.now())
                        .await?;
                repo::chats::show(&mut tx, id, actor.user).await?;
                tx.commit().await?;
                if made {
                    announce(&this.ground, id, true).await;
                }
                this.one(actor.user, id).await
            })
            .await?
    }

    /// Makes a group chat of the actor and others.
    ///
    /// # Errors
    /// [`ChatError::NoSuchUser`], [`ChatError::TooMany`].
    pub async fn group(
        &self,
        actor: &Actor,
        name: ChatName,
        others: Vec<UserId>,
    ) -> Result<Chat, ChatError> {
        if others.len() >= GROUP {
            return Err(ChatError::TooMany);
        }
        let (this, me) = (self.clone(), actor.user);
        self.ground
            .tasks
            .finish(async move {
                let (id, now) = (ChatId::new(), this.ground.clock.now());
                // Nobody may post before everybody has heard of the chat.
                let _turn = this.lane(id).await;
                let mut tx = this.ground.db.write().await?;
                repo::chats::insert(&mut tx, id, ChatKind::Group, name.as_str(), None, now).await?;
                repo::chats::join(&mut tx, id, me, now).await?;
                let mut joined = vec![me];
                for other in others {
                    if joined.contains(&other) {
                        continue;
                    }
                    repo::users::by_id(&mut tx, other)
                        .await?
                        .ok_or(ChatError::NoSuchUser)?;
                    repo::chats::join(&mut tx, id, other, now).await?;
                    joined.push(other);
                }
                tx.commit().await?;
                announce(&this.ground, id, true).await;
                this.one(me, id).await
            })
            .await?
    }

    async fn one(&self, user: UserId, id: ChatId) -> Result<Chat, ChatError> {
        let mut tx = self.ground.db.read().await?;
        repo::chats::of_user(&mut tx, user, Some(id))
            .await?
            .pop()
            .ok_or(ChatError::NotParticipant)
    }

    /// Hides a chat, with what is in it now, from the actor. It comes back when something new is posted.
    ///
    /// # Errors
    /// [`ChatError::FamilyStays`], [`ChatError::NotFound`], [`ChatError::NotParticipant`].
    pub async fn hide(&self, actor: &Actor, id: ChatId) -> Result<(), ChatError> {
        let (this, user) = (self.clone(), actor.user);
        self.ground
            .tasks
            .finish(async move {
                let _turn = this.lane(id).await;
                let mut tx = this.ground.db.write().await?;
                member(&mut tx, id, user).await?;
                match repo::chats::kind(&mut tx, id).await? {
                    Some(ChatKind::Private | ChatKind::Group) => {
                        repo::chats::hide(&mut tx, id, user).await?;
                    }
                    Some(ChatKind::Family) => return Err(ChatError::FamilyStays),
                    None => return Err(ChatError::NotFound),
                }
                tx.commit().await?;
                this.ground.bus.tell_users(&[user], &Event::ChatRemoved(id));
                Ok(())
            })
            .await?
    }

    async fn lane(&self, chat: ChatId) -> MutexGuard<'_, ()> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        chat.hash(&mut hasher);
        self.lanes[usize::try_from(hasher.finish() % LANES as u64).unwrap_or(0)]
            .lock()
            .await
    }
}

async fn member(tx: &mut Tx, chat: ChatId, user: UserId) -> Result<Membership, ChatError> {
    match repo::chats::membership(tx, chat, user).await? {
        Some(membership) => Ok(membership),
        None if repo::chats::kind(tx, chat).await?.is_some() => Err(ChatError::NotParticipant),
        None => Err(ChatError::NotFound),
    }
}

/// Finds or makes the private chat of two users; says whether it was made.
pub(super) async fn find_or_make_private(
    tx: &mut Tx,
    one: UserId,
    other: UserId,
    now: UnixMillis,
) -> Result<(ChatId, bool), ChatError> {
    let partner = repo::users::by_id(tx, other)
        .await?
        .ok_or(ChatError::NoSuchUser)?;
    let me = repo::users::by_id(tx, one)
        .await?
        .ok_or(ChatError::NoSuchUser)?;
    let slot = format!("{}:{}", one.min(other), one.max(other));
    let name = repo::chats::private_name((one, me.name.as_str()), (other, partner.name.as_str()));
    let id = ChatId::new();
    if !repo::chats::insert(tx, id, ChatKind::Private, &name, Some(&slot), now).await? {
        let found = repo::chats::by_slot(tx, &slot).await?;
        return Ok((found.ok_or(ChatError::NotFound)?, false));
    }
    repo::chats::join(tx, id, one, now).await?;
    repo::chats::join(tx, id, other, now).await?;
    Ok((id, true))
}

/// Puts a new user into the family chat.
pub(super) async fn join_family(
    tx: &mut Tx,
    user: UserId,
    now: UnixMillis,
) -> Result<ChatId, StoreError> {
    let family = repo::chats::by_slot(tx, FAMILY)
        .await?
        .ok_or(StoreError::Unreadable {
            column: "chats.slot",
        })?;
    repo::chats::join(tx, family, user, now).await?;
    Ok(family)
}

/// Tells everybody in a chat what it looks like to them now. What is told is a hint: if it cannot be read now, clients find it
/// when they ask next.
pub(super) async fn announce(ground: &Ground, id: ChatId, created: bool) {
    match seen_by_all(ground, id).await {
        Ok(chats) => {
            for (user, chat) in chats {
                let chat = Arc::new(chat);
                let event = Event::ChatChanged { chat, created };
                ground.bus.tell_users(&[user], &event);
            }
        }
        Err(error) => tracing::error!(chat = %id, %error, "a changed chat could not be announced"),
    }
}

async fn seen_by_all(ground: &Ground, id: ChatId) -> Result<Vec<(UserId, Chat)>, StoreError> {
    let mut tx = ground.db.read().await?;
    let mut seen = Vec::new();
    for user in repo::chats::member_ids(&mut tx, id).await? {
        let chat = repo::chats::of_user(&mut tx, user, Some(id)).await?.pop();
        seen.extend(chat.map(|chat| (user, chat)));
    }
    Ok(seen)
}
