//! Accounts after registration: who there is, who is online, renaming, new passwords, removal.

use std::sync::Arc;

use crate::domain::{
    Actor, Authority, Event, Password, SessionEnd, SessionId, UnixMillis, User, UserId, UserName,
};
use crate::store::{self as repo, StoreError};

use super::passwords::Busy;
use super::tasks::Panicked;
use super::{Calls, Ground, Passwords, chats, relay};

/// Why an account was not shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// There is no such living account.
    #[error("there is no such user")]
    NotFound,
    /// Only the account itself or an administrator may.
    #[error("only the user or an administrator may do this")]
    Forbidden,
    /// Only administrators may.
    #[error("only an administrator may do this")]
    NotAdmin,
    /// The others would be left without an administrator.
    #[error(
        "the last administrator must stay one while others are here; make somebody else one first"
    )]
    LastAdmin,
    /// A living user has a name that looks like it.
    #[error("the name is taken; choose another")]
    NameTaken,
    /// Too many at once.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A use case panicked.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

pub use crate::store::sessions::SignInRow as SignIn;

/// Whether somebody is there.
#[derive(Clone, Copy, Debug)]
pub struct Presence {
    /// Who.
    pub user: UserId,
    /// A device of theirs is connected.
    pub online: bool,
    /// When the last one went.
    pub last_seen_at: Option<UnixMillis>,
    /// They are in a call.
    pub in_call: bool,
}

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct People {
    ground: Ground,
    passwords: Passwords,
    calls: Calls,
}

impl People {
    /// Builds them.
    #[must_use]
    pub fn new(ground: Ground, passwords: Passwords, calls: Calls) -> Self {
        Self {
            ground,
            passwords,
            calls,
        }
    }

    /// Returns everybody but the actor.
    ///
    /// # Errors
    /// [`PeopleError`] of the store.
    pub async fn others(&self, actor: &Actor) -> Result<Vec<User>, PeopleError> {
        let mut users = repo::users::all(&mut self.ground.db.read().await?).await?;
        users.retain(|user| user.id != actor.user);
        Ok(users)
    }

    /// Returns everybody, in the order they registered.
    ///
    /// # Errors
    /// [`PeopleError`] of the store.
    pub async fn all(&self) -> Result<Vec<User>, PeopleError> {
        Ok(repo::users::all(&mut self.ground.db.read().await?).await?)
    }

    /// Returns the account with a name that looks like this one.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`].
    pub async fn by_name(&self, name: &UserName) -> Result<User, PeopleError> {
        repo::users::by_name(&mut self.ground.db.read().await?, &name.key())
            .await?
            .ok_or(PeopleError::NotFound)
    }

    /// Returns where an account is signed in, oldest first.
    ///
    /// # Errors
    /// [`PeopleError::Forbidden`].
    pub async fn sign_ins(
        &self,
        by: impl Into<Authority<'_>>,
        id: UserId,
    ) -> Result<Vec<SignIn>, PeopleError> {
        if !by.into().is_over(id) {
            return Err(PeopleError::Forbidden);
        }
        let now = self.ground.clock.now();
        Ok(repo::sessions::of_user(&mut self.ground.db.read().await?, id, now).await?)
    }

    /// Returns one account.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`].
    pub async fn get(&self, id: UserId) -> Result<User, PeopleError> {
        repo::users::by_id(&mut self.ground.db.read().await?, id)
            .await?
            .ok_or(PeopleError::NotFound)
    }

    /// Says who is there.
    ///
    /// # Errors
    /// [`PeopleError`] of the store.
    pub async fn presence(&self) -> Result<Vec<Presence>, PeopleError> {
        let seen = repo::users::seen(&mut self.ground.db.read().await?).await?;
        let online = self.ground.bus.online();
        let presence = |seen: repo::users::Seen| Presence {
            user: seen.id,
            online: online.contains(&seen.id),
            last_seen_at: seen.last_seen_at,
            in_call: self.calls.is_busy(seen.id),
        };
        Ok(seen.into_iter().map(presence).collect())
    }

    /// Changes an account's name, its password, or both. A new password ends all its other sessions.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn update(
        &self,
        by: impl Into<Authority<'_>>,
        id: UserId,
        name: Option<UserName>,
        password: Option<Password>,
    ) -> Result<User, PeopleError> {
        let by = by.into();
        if !by.is_over(id) {
            return Err(PeopleError::Forbidden);
        }
        self.get(id).await?;
        let hash = match password {
            Some(password) => Some(self.passwords.hash(password).await?),
            None => None,
        };
        let keep = match by {
            Authority::Actor(actor) => Some(actor.session),
            Authority::Operator => None,
        };
        let this = self.clone();
        self.ground
            .tasks
            .finish(async move { this.write_update(id, name, hash, keep).await })
            .await?
    }

    async fn write_update(
        &self,
        id: UserId,
        name: Option<UserName>,
        hash: Option<String>,
        keep: Option<SessionId>,
    ) -> Result<User, PeopleError> {
        let now = self.ground.clock.now();
        let mut tx = self.ground.db.write().await?;
        let mut renamed = Vec::new();
        if let Some(name) = &name {
            renamed = repo::chats::rename_private(&mut tx, id, name).await?;
            match repo::users::rename(&mut tx, id, name, now).await {
                Err(StoreError::Taken(_)) => return Err(PeopleError::NameTaken),
                other => other?,
            }
        }
        let mut ended = Vec::new();
        if let Some(hash) = &hash {
            repo::users::set_password(&mut tx, id, hash, Some(now)).await?;
            ended = repo::sessions::end_all(&mut tx, id, keep, now).await?;
        }
        let user = repo::users::by_id(&mut tx, id)
            .await?
            .ok_or(PeopleError::NotFound)?;
        tx.commit().await?;
        self.end_sessions(id, &ended, SessionEnd::PasswordChanged, now)
            .await;
        self.ground
            .bus
            .tell_everybody(&Event::UserChanged(Arc::new(user.clone())));
        for chat in renamed {
            chats::announce(&self.ground, chat, false).await;
        }
        Ok(user)
    }

    /// Removes an account: it becomes a tombstone, its sessions and relays end, its calls too. What it wrote stays.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn remove(
        &self,
        by: impl Into<Authority<'_>>,
        id: UserId,
    ) -> Result<(), PeopleError> {
        if !by.into().is_over(id) {
            return Err(PeopleError::Forbidden);
        }
        let this = self.clone();
        self.ground
            .tasks
            .finish(async move { this.write_removal(id).await })
            .await?
    }

    async fn write_removal(&self, id: UserId) -> Result<(), PeopleError> {
        let now = self.ground.clock.now();
        let mut tx = self.ground.db.write().await?;
        repo::users::lock_roles(&mut tx).await?;
        let user = repo::users::by_id(&mut tx, id)
            .await?
            .ok_or(PeopleError::NotFound)?;
        let (users, admins) = repo::users::count(&mut tx).await?;
        if user.is_admin && admins == 1 && users > 1 {
            return Err(PeopleError::LastAdmin);
        }
        let ended = repo::sessions::end_all(&mut tx, id, None, now).await?;
        repo::users::bury(&mut tx, id, now).await?;
        let left = repo::chats::leave_all(&mut tx, id, now).await?;
        tx.commit().await?;
        self.end_sessions(id, &ended, SessionEnd::AccountRemoved, now)
            .await;
        self.calls.gone(id, None).await;
        self.ground.bus.tell_everybody(&Event::UserRemoved(id));
        for chat in left {
            chats::announce(&self.ground, chat, false).await;
        }
        Ok(())
    }

    /// Makes an account an administrator, or one no longer.
    ///
    /// # Errors
    /// [`PeopleError::NotAdmin`], [`PeopleError::NotFound`], [`PeopleError::LastAdmin`].
    pub async fn set_role(
        &self,
        by: impl Into<Authority<'_>>,
        id: UserId,
        is_admin: bool,
    ) -> Result<User, PeopleError> {
        if !by.into().is_admin() {
            return Err(PeopleError::NotAdmin);
        }
        let this = self.clone();
        self.ground
            .tasks
            .finish(async move { this.write_role(id, is_admin).await })
            .await?
    }

    async fn write_role(&self, id: UserId, is_admin: bool) -> Result<User, PeopleError> {
        let mut tx = self.ground.db.write().await?;
        repo::users::lock_roles(&mut tx).await?;
        let user = repo::users::by_id(&mut tx, id)
            .await?
            .ok_or(PeopleError::NotFound)?;
        if user.is_admin == is_admin {
            return Ok(user);
        }
        let (_, admins) = repo::users::count(&mut tx).await?;
        if user.is_admin && admins == 1 {
            return Err(PeopleError::LastAdmin);
        }
        repo::users::set_admin(&mut tx, id, is_admin, self.ground.clock.now()).await?;
        let user = repo::users::by_id(&mut tx, id)
            .await?
            .ok_or(PeopleError::NotFound)?;
        tx.commit().await?;
        self.ground
            .bus
            .tell_everybody(&Event::UserChanged(Arc::new(user.clone())));
        Ok(user)
    }

    /// Ends all sign-ins of an account; returns how many there were.
    ///
    /// # Errors
    /// [`PeopleError::Forbidden`], [`PeopleError::NotFound`].
    pub async fn sign_out(
        &self,
        by: impl Into<Authority<'_>>,
        id: UserId,
    ) -> Result<usize, PeopleError> {
        if !by.into().is_over(id) {
            return Err(PeopleError::Forbidden);
        }
        let this = self.clone();
        self.ground
            .tasks
            .finish(async move { this.write_sign_out(id).await })
            .await?
    }

    async fn write_sign_out(&self, id: UserId) -> Result<usize, PeopleError> {
        let now = self.ground.clock.now();
        let mut tx = self.ground.db.write().await?;
        repo::users::by_id(&mut tx, id)
            .await?
            .ok_or(PeopleError::NotFound)?;
        let ended = repo::sessions::end_all(&mut tx, id, None, now).await?;
        tx.commit().await?;
        self.end_sessions(id, &ended, SessionEnd::SignedOut, now)
            .await;
        Ok(ended.len())
    }

    /// Lets sign-ins whose rows are ended hold nothing any more: on the relay, at sockets, in calls.
    async fn end_sessions(
        &self,
        user: UserId,
        ended: &[(SessionId, String)],
        why: SessionEnd,
        now: UnixMillis,
    ) {
        for (_, relay_name) in ended {
            relay::bar(&self.ground, user, relay_name, now);
        }
        for (session, _) in ended {
            self.ground.bus.end_session(*session, why);
        }
        for (session, _) in ended {
            self.calls.gone(user, Some(*session)).await;
        }
    }

    /// Keeps what the actor's device registered for push.
    ///
    /// # Errors
    /// [`PeopleError`] of the store.
    pub async fn set_push(
        &self,
        actor: &Actor,
        kind: &str,
        token: &str,
    ) -> Result<(), PeopleError> {
        let mut tx = self.ground.db.write().await?;
        repo::users::set_push(&mut tx, actor.device, kind, token).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps when somebody's last device went.
    ///
    /// # Errors
    /// [`PeopleError`] of the store.
    pub async fn went(&self, user: UserId) -> Result<(), PeopleError> {
        let mut tx = self.ground.db.write().await?;
        repo::users::saw(&mut tx, user, self.ground.clock.now()).await?;
        Ok(tx.commit().await?)
    }
}
