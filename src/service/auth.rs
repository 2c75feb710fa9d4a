//! Registering, signing in, refreshing, signing out; who a token stands for.
//!
//! Refresh tokens rotate. Answers get lost and tabs race, so a used token stays good until its successor is used, and for a grace
//! period after that, and always leads to the newest token of its chain. Used later than that, somebody has an old copy: the
//! session ends.

use std::time::Duration;

use crate::domain::{
    Actor, DeviceId, Event, Invalid, InviteCode, InviteId, InviteState, Password, SessionEnd,
    SessionId, TokenId, UnixMillis, User, UserId, UserName,
};
use crate::store::{self as repo, StoreError, Tx};

use super::passwords::{Busy, Verdict};
use super::tasks::Panicked;
use super::tokens::{Bearer, Refresh};
use super::{Calls, Ground, Passwords, Tokens, chats, relay};

/// Longest device label kept, in characters.
const LABEL: usize = 120;

/// Limits of signing in.
#[derive(Clone, Copy, Debug)]
pub struct AuthLimits {
    /// How long a used refresh token is good after its successor was used.
    pub refresh_grace: Duration,
}

/// Why somebody was not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The name or the password is wrong; which, nobody is told.
    #[error("the name or the password is wrong")]
    WrongCredentials,
    /// The token is not ours, too old, or its session is over.
    #[error("the token is not valid or its session is over; sign in again")]
    BadToken,
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

/// Why somebody was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The invitation does not exist.
    #[error("this invitation code does not exist; check it or ask for a new one")]
    UnknownInvite,
    /// The invitation's time is over.
    #[error("this invitation has expired; ask for a new one")]
    ExpiredInvite,
    /// The invitation was used up.
    #[error("this invitation has been used already; ask for a new one")]
    UsedInvite,
    /// A living user has a name that looks like it.
    #[error("the name is taken; {suggestion} is free")]
    NameTaken {
        /// A name that is free.
        suggestion: UserName,
    },
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

/// A pair of tokens and whose they are.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// For requests.
    pub access: String,
    /// For the next pair.
    pub refresh: String,
    /// How long the access token lives.
    pub access_lifetime: Duration,
    /// How long the refresh token lives from now.
    pub refresh_lifetime: Duration,
    /// Whose.
    pub user: User,
}

/// How somebody new comes in.
enum Door {
    Invite(InviteCode),
    Operator { is_admin: bool },
}

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct Auth {
    ground: Ground,
    tokens: Tokens,
    passwords: Passwords,
    calls: Calls,
    limits: AuthLimits,
}

impl Auth {
    /// Builds them.
    #[must_use]
    pub fn new(
        ground: Ground,
        tokens: Tokens,
        passwords: Passwords,
        calls: Calls,
        limits: AuthLimits,
    ) -> Self {
        Self {
            ground,
            tokens,
            passwords,
            calls,
            limits,
        }
    }

    /// Makes an account. The first one becomes the administrator.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn register(
        &self,
        name: UserName,
        password: Password,
        code: InviteCode,
    ) -> Result<User, RegisterError> {
        // Before the costly hash; checked again where it counts.
        let mut tx = self.ground.db.read().await?;
        usable(&mut tx, &code, self.ground.clock.now(), false).await?;
        self.free(&mut tx, &name).await?;
        drop(tx);
        let hash = self.passwords.hash(password).await?;
        let this = self.clone();
        self.ground
            .tasks
            .finish(async move { this.insert(name, &hash, Door::Invite(code)).await })
            .await?
    }

    /// Makes an account without an invitation, as whoever runs the server may. The first one becomes an administrator either way.
    ///
    /// # Errors
    /// [`RegisterError::NameTaken`].
    pub async fn create(
        &self,
        name: UserName,
        password: Password,
        is_admin: bool,
    ) -> Result<User, RegisterError> {
        let mut tx = self.ground.db.read().await?;
        self.free(&mut tx, &name).await?;
        drop(tx);
        let hash = self.passwords.hash(password).await?;
        let (this, door) = (self.clone(), Door::Operator { is_admin });
        self.ground
            .tasks
            .finish(async move { this.insert(name, &hash, door).await })
            .await?
    }

    async fn insert(&self, name: UserName, hash: &str, door: Door) -> Result<User, RegisterError> {
        let now = self.ground.clock.now();
        let mut tx = self.ground.db.write().await?;
        repo::users::lock_roles(&mut tx).await?;
        let (invite, is_admin) = match &door {
            Door::Invite(code) => (Some(usable(&mut tx, code, now, true).await?), false),
            Door::Operator { is_admin } => (None, *is_admin),
        };
        self.free(&mut tx, &name).await?;
        let (users, _) = repo::users::count(&mut tx).await?;
        let user = User {
            id: UserId::new(),
            name,
            is_admin: is_admin || users == 0,
            created_at: now,
            updated_at: now,
        };
        match repo::users::insert(&mut tx, &user, hash).await {
            // Two registered at the same moment, on PostgreSQL.
            Err(StoreError::Taken(_)) => {
                return Err(RegisterError::NameTaken {
                    suggestion: user.name.numbered(2),
                });
            }
            other => other?,
        }
        if let Some(invite) = invite {
            repo::invites::redeem(&mut tx, invite, user.id, now).await?;
        }
        let family = chats::join_family(&mut tx, user.id, now).await?;
        tx.commit().await?;
        self.ground
            .bus
            .tell_everybody(&Event::UserChanged(user.clone().into()));
        chats::announce(&self.ground, family, false).await;
        Ok(user)
    }

    async fn free(&self, tx: &mut Tx, name: &UserName) -> Result<(), RegisterError> {
        if !repo::users::name_taken(tx, &name.key()).await? {
            return Ok(());
        }
        let mut number = 2;
        loop {
            let suggestion = name.numbered(number);
            if number > 20 || !repo::users::name_taken(tx, &suggestion.key()).await? {
                return Err(RegisterError::NameTaken { suggestion });
            }
            number += 1;
        }
    }

    /// Signs somebody in on a new device, described by `label` (what its client calls itself).
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`], also for a name or password that cannot exist.
    pub async fn login(
        &self,
        name: &str,
        password: String,
        label: &str,
    ) -> Result<SignedIn, AuthError> {
        let name: Result<UserName, Invalid> = UserName::parse(name);
        let password = Password::typed(password).ok_or(AuthError::WrongCredentials)?;
        let stored = match &name {
            Ok(name) => {
                repo::users::credentials(&mut self.ground.db.read().await?, &name.key()).await?
            }
            Err(_) => None,
        };
        let hash = stored.as_ref().map(|stored| stored.password_hash.clone());
        let verdict = self.passwords.verify(password, hash).await?;
        let (Some(stored), false) = (stored, verdict == Verdict::Wrong) else {
            return Err(AuthError::WrongCredentials);
        };
        let label: String = label
            .chars()
            .filter(|c| !c.is_control())
            .take(LABEL)
            .collect();
        let this = self.clone();
        self.ground
            .tasks
            .finish(async move { this.begin_session(&stored, verdict, &label).await })
            .await?
    }

    async fn begin_session(
        &self,
        checked: &repo::users::Credentials,
        verdict: Verdict,
        label: &str,
    ) -> Result<SignedIn, AuthError> {
        let (id, now) = (checked.id, self.ground.clock.now());
        let mut tx = self.ground.db.write().await?;
        // While the hash was computed the password may have been changed, and all its sessions ended.
        let hash = repo::users::lock_password(&mut tx, id).await?;
        if hash.as_ref() != Some(&checked.password_hash) {
            return Err(AuthError::WrongCredentials);
        }
        let user = repo::users::by_id(&mut tx, id).await?;
        let user = user.ok_or(AuthError::WrongCredentials)?;
        if let Verdict::Rehashed(hash) = &verdict {
            repo::users::set_password(&mut tx, id, hash, None).await?;
        }
        let (session, device, expires) = (
            SessionId::new(),
            DeviceId::new(),
            now.plus(self.tokens.refresh_lifetime),
        );
        repo::users::insert_device(&mut tx, device, id, label, now).await?;
        let relay_name = uuid::Uuid::new_v4().simple().to_string();
        repo::sessions::insert(&mut tx, (session, id, device), &relay_name, now, expires).await?;
        let token = new_token(session, now, expires);
        repo::sessions::insert_token(&mut tx, &token).await?;
        tx.commit().await?;
        Ok(self.signed_in(user, &token, now))
    }

    /// Gives a new pair for a refresh token.
    ///
    /// # Errors
    /// [`AuthError::BadToken`]; a token used too late also ends its session.
    pub async fn refresh(&self, token: &str) -> Result<SignedIn, AuthError> {
        let refresh = self
            .tokens
            .read_refresh(token, self.ground.clock.now())
            .map_err(|_| AuthError::BadToken)?;
        let this = self.clone();
        self.ground
            .tasks
            .finish(async move { this.rotate(refresh).await })
            .await?
    }

    async fn rotate(&self, presented: Refresh) -> Result<SignedIn, AuthError> {
        let now = self.ground.clock.now();
        let mut tx = self.ground.db.write().await?;
        let Some(session) = repo::sessions::live(&mut tx, presented.session, now).await? else {
            return Err(AuthError::BadToken);
        };
        // A genuine token of a living session that the store does not know was pruned: used and long past its grace.
        let Some(first) = repo::sessions::token(&mut tx, presented.id).await? else {
            tx.commit().await?;
            return Err(self.reused(session.id).await?);
        };
        let mut newest = first.clone();
        let mut newly_used = true;
        while let Some(successor) = newest.successor {
            newly_used = false;
            let Some(next) = repo::sessions::token(&mut tx, successor).await? else {
                return Err(AuthError::BadToken);
            };
            let used = next.rotated_at.filter(|_| newest.id == first.id);
            if used.is_some_and(|at| now.since(at) > self.limits.refresh_grace) {
                tx.commit().await?;
                return Err(self.reused(session.id).await?);
            }
            newest = next;
        }
        let user = repo::users::by_id(&mut tx, session.user_id)
            .await?
            .ok_or(AuthError::BadToken)?;
        let token = if newly_used {
            let expires = now.plus(self.tokens.refresh_lifetime);
            let token = new_token(session.id, now, expires);
            repo::sessions::insert_token(&mut tx, &token).await?;
            repo::sessions::rotate(&mut tx, first.id, token.id, now).await?;
            repo::sessions::extend(&mut tx, session.id, expires).await?;
            token
        } else {
            newest
        };
        tx.commit().await?;
        Ok(self.signed_in(user, &token, now))
    }

    async fn reused(&self, session: SessionId) -> Result<AuthError, AuthError> {
        tracing::warn!(%session, "a used refresh token came back; the session was ended");
        self.end_session(session, SessionEnd::TokenReused).await?;
        Ok(AuthError::BadToken)
    }

    /// Signs the actor's session out.
    ///
    /// # Errors
    /// [`AuthError`] of the store.
    pub async fn logout(&self, actor: &Actor) -> Result<(), AuthError> {
        let (this, session) = (self.clone(), actor.session);
        self.ground
            .tasks
            .finish(async move { this.end_session(session, SessionEnd::SignedOut).await })
            .await?
    }

    async fn end_session(&self, session: SessionId, why: SessionEnd) -> Result<(), AuthError> {
        let now = self.ground.clock.now();
        let mut tx = self.ground.db.write().await?;
        let ended = repo::sessions::end(&mut tx, session, now).await?;
        tx.commit().await?;
        if let Some((user, relay_name)) = ended {
            relay::bar(&self.ground, user, &relay_name, now);
            // Its sockets first: they are not to ask for anything more.
            self.ground.bus.end_session(session, why);
            self.calls.gone(user, Some(session)).await;
        }
        Ok(())
    }

    /// Says who an access token stands for. With `expired_too` a genuine one that is too old counts while its session lives:
    /// deployed clients keep theirs for as long as their socket.
    ///
    /// # Errors
    /// [`AuthError::BadToken`].
    pub async fn authenticate(&self, token: &str, expired_too: bool) -> Result<Actor, AuthError> {
        let now = self.ground.clock.now();
        let access = self
            .tokens
            .read_access(token, now, expired_too)
            .map_err(|_| AuthError::BadToken)?;
        let mut tx = self.ground.db.read().await?;
        let session = repo::sessions::live(&mut tx, access.session, now)
            .await?
            .ok_or(AuthError::BadToken)?;
        if session.user_id != access.user {
            return Err(AuthError::BadToken);
        }
        Ok(Actor {
            user: session.user_id,
            session: session.id,
            device: session.device_id,
            name: UserName::stored(session.name),
            is_admin: session.is_admin,
            relay_name: session.relay_name,
        })
    }

    /// Removes refresh tokens that nobody can use any more, and sign-ins that are over and need not be barred from the relay.
    ///
    /// # Errors
    /// [`AuthError`] of the store.
    pub async fn prune(&self) -> Result<u64, AuthError> {
        let now = self.ground.clock.now();
        let forgotten = now.minus(self.ground.media.barred_for());
        let mut tx = self.ground.db.write().await?;
        let removed = repo::sessions::prune(&mut tx, now, forgotten).await?;
        tx.commit().await?;
        Ok(removed)
    }

    fn signed_in(
        &self,
        user: User,
        token: &repo::sessions::RefreshRow,
        now: UnixMillis,
    ) -> SignedIn {
        let bearer = Bearer {
            user: user.id,
            name: user.name.as_str(),
            session: token.session_id,
        };
        SignedIn {
            access: self.tokens.access(bearer, now),
            refresh: self
                .tokens
                .refresh(bearer, token.id, token.issued_at, token.expires_at),
            access_lifetime: self.tokens.access_lifetime,
            refresh_lifetime: token.expires_at.since(now),
            user,
        }
    }
}

fn new_token(
    session: SessionId,
    now: UnixMillis,
    expires: UnixMillis,
) -> repo::sessions::RefreshRow {
    repo::sessions::RefreshRow {
        id: TokenId::new(),
        session_id: session,
        issued_at: now,
        expires_at: expires,
        rotated_at: None,
        successor: None,
    }
}

async fn usable(
    tx: &mut Tx,
    code: &InviteCode,
    now: UnixMillis,
    lock: bool,
) -> Result<InviteId, RegisterError> {
    let invite = repo::invites::by_code(tx, code, lock)
        .await?
        .ok_or(RegisterError::UnknownInvite)?;
    match invite.state(now) {
        InviteState::Open => Ok(invite.id),
        InviteState::Expired => Err(RegisterError::ExpiredInvite),
        InviteState::UsedUp => Err(RegisterError::UsedInvite),
    }
}
