//! Invitation codes: making, listing, checking.

use crate::domain::{Authority, Invite, InviteCode, InviteId, InviteState, UnixMillis, UserId};
use crate::store::{self as repo, StoreError};

use super::Ground;

/// Why an invitation was not made, listed or found good.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// Only administrators invite.
    #[error("only an administrator may do this")]
    NotAdmin,
    /// The code does not exist.
    #[error("this invitation code does not exist; check it or ask for a new one")]
    Unknown,
    /// Its time is over.
    #[error("this invitation has expired; ask for a new one")]
    Expired,
    /// It was used up.
    #[error("this invitation has been used already; ask for a new one")]
    UsedUp,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct Invites {
    ground: Ground,
}

impl Invites {
    /// Builds them.
    #[must_use]
    pub fn new(ground: Ground) -> Self {
        Self { ground }
    }

    /// Makes a code that `usage_limit` people may use (`None`: any number) until `expires_at` (`None`: for ever).
    ///
    /// # Errors
    /// [`InviteError::NotAdmin`].
    pub async fn generate(
        &self,
        by: impl Into<Authority<'_>>,
        usage_limit: Option<i32>,
        expires_at: Option<UnixMillis>,
    ) -> Result<Invite, InviteError> {
        let by = by.into();
        if !by.is_admin() {
            return Err(InviteError::NotAdmin);
        }
        let code = InviteCode::random();
        self.insert(code, usage_limit, expires_at, by.user()).await
    }

    /// Returns all codes, newest first.
    ///
    /// # Errors
    /// [`InviteError::NotAdmin`].
    pub async fn list(&self, by: impl Into<Authority<'_>>) -> Result<Vec<Invite>, InviteError> {
        if !by.into().is_admin() {
            return Err(InviteError::NotAdmin);
        }
        Ok(repo::invites::all(&mut self.ground.db.read().await?).await?)
    }

    /// Returns a code that can be used now.
    ///
    /// # Errors
    /// [`InviteError`] that says why it cannot.
    pub async fn check(&self, code: &InviteCode) -> Result<Invite, InviteError> {
        let mut tx = self.ground.db.read().await?;
        let invite = repo::invites::by_code(&mut tx, code, false)
            .await?
            .ok_or(InviteError::Unknown)?;
        match invite.state(self.ground.clock.now()) {
            InviteState::Open => Ok(invite),
            InviteState::Expired => Err(InviteError::Expired),
            InviteState::UsedUp => Err(InviteError::UsedUp),
        }
    }

    /// Makes the first code if there is none at all, or none that can be used while nobody has registered. Without `code` a random
    /// one that one person may use.
    ///
    /// # Errors
    /// [`InviteError`] of the store.
    pub async fn first(&self, code: Option<InviteCode>) -> Result<Option<Invite>, InviteError> {
        let mut tx = self.ground.db.read().await?;
        let known = repo::invites::all(&mut tx).await?;
        let (users, _) = repo::users::count(&mut tx).await?;
        drop(tx);
        let now = self.ground.clock.now();
        let usable = known.iter().any(|it| it.state(now) == InviteState::Open);
        let exists = known.iter().any(|it| Some(&it.code) == code.as_ref());
        let somebody_invites = users > 0 && !known.is_empty();
        if usable || exists || somebody_invites {
            return Ok(None);
        }
        let limit = if code.is_some() { None } else { Some(1) };
        let code = code.unwrap_or_else(InviteCode::random);
        Ok(Some(self.insert(code, limit, None, None).await?))
    }

    /// Ends a code that can be used now.
    ///
    /// # Errors
    /// [`InviteError::NotAdmin`], or why it cannot be used anyway.
    pub async fn revoke(
        &self,
        by: impl Into<Authority<'_>>,
        code: &InviteCode,
    ) -> Result<(), InviteError> {
        if !by.into().is_admin() {
            return Err(InviteError::NotAdmin);
        }
        if self.close(code).await? {
            return Ok(());
        }
        self.check(code).await.map(drop)
    }

    /// Ends a code, if it can be used now; says whether it could.
    ///
    /// # Errors
    /// [`InviteError`] of the store.
    pub async fn close(&self, code: &InviteCode) -> Result<bool, InviteError> {
        let now = self.ground.clock.now();
        let mut tx = self.ground.db.write().await?;
        let invite = repo::invites::by_code(&mut tx, code, true).await?;
        let Some(invite) = invite.filter(|invite| invite.state(now) == InviteState::Open) else {
            return Ok(false);
        };
        repo::invites::expire(&mut tx, invite.id, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn insert(
        &self,
        code: InviteCode,
        usage_limit: Option<i32>,
        expires_at: Option<UnixMillis>,
        by: Option<UserId>,
    ) -> Result<Invite, InviteError> {
        let now = self.ground.clock.now();
        let invite = Invite {
            id: InviteId::new(),
            code,
            usage_limit,
            usage_count: 0,
            used_by: None,
            used_at: None,
            expires_at,
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.ground.db.write().await?;
        repo::invites::insert(&mut tx, &invite, by).await?;
        tx.commit().await?;
        Ok(invite)
    }
}
