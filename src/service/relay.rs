//! The relay as its administrator sees it, and the sign-ins that may use it no more.

use std::collections::HashMap;

pub use crate::media::{Allocation, AllocationId, Flow, Transport};

use crate::domain::{Authority, UnixMillis, UserId, UserName};
use crate::media::RelayUnavailable;
use crate::store::{self as repo, StoreError};

use super::Ground;

/// Why the relay's allocations were not shown or ended.
#[derive(Debug, thiserror::Error)]
pub enum RelayRefused {
    /// Only administrators may.
    #[error("only an administrator may do this")]
    NotAdmin,
    /// It has ended, or there never was one.
    #[error("there is no such allocation; it may have ended")]
    NoSuchAllocation,
    /// The relay does not answer.
    #[error("the relay is busy; try again")]
    Busy(#[from] RelayUnavailable),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An allocation and whose it is.
#[derive(Clone, Debug)]
pub struct OwnedAllocation {
    /// Whose, if the account is still there.
    pub user: Option<(UserId, UserName)>,
    /// When it was made.
    pub started_at: UnixMillis,
    /// When it ends unless it is refreshed.
    pub expires_at: UnixMillis,
    /// The rest.
    pub allocation: Allocation,
}

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct Relay {
    ground: Ground,
}

impl Relay {
    /// Builds them.
    #[must_use]
    pub fn new(ground: Ground) -> Self {
        Self { ground }
    }

    /// Returns all allocations, oldest first.
    ///
    /// # Errors
    /// [`RelayRefused::NotAdmin`].
    pub async fn allocations(
        &self,
        by: impl Into<Authority<'_>>,
    ) -> Result<Vec<OwnedAllocation>, RelayRefused> {
        if !by.into().is_admin() {
            return Err(RelayRefused::NotAdmin);
        }
        let mut allocations = self.ground.media.allocations().await?;
        allocations.sort_by_key(|allocation| std::cmp::Reverse(allocation.age));
        let now = self.ground.clock.now();
        let mut tx = self.ground.db.read().await?;
        let mut users = HashMap::new();
        for Allocation { sign_in, .. } in &allocations {
            if !users.contains_key(sign_in) {
                let user = repo::sessions::user_of_relay_name(&mut tx, sign_in).await?;
                users.insert(sign_in.clone(), user);
            }
        }
        let owned = |allocation: Allocation| OwnedAllocation {
            user: users.get(&allocation.sign_in).cloned().flatten(),
            started_at: now.minus(allocation.age),
            expires_at: now.plus(allocation.expires_in),
            allocation,
        };
        Ok(allocations.into_iter().map(owned).collect())
    }

    /// Ends one allocation. Its client may make another.
    ///
    /// # Errors
    /// [`RelayRefused::NotAdmin`], [`RelayRefused::NoSuchAllocation`].
    pub async fn end(
        &self,
        by: impl Into<Authority<'_>>,
        id: AllocationId,
    ) -> Result<(), RelayRefused> {
        let by = by.into();
        if !by.is_admin() {
            return Err(RelayRefused::NotAdmin);
        }
        if !self.ground.media.end_allocation(id).await? {
            return Err(RelayRefused::NoSuchAllocation);
        }
        tracing::info!(allocation = %id, %by, "allocation ended by an administrator");
        Ok(())
    }

    /// Bars the sign-ins that ended before this start but whose credentials can still be used. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn bar_ended(&self) -> Result<usize, StoreError> {
        let since = self
            .ground
            .clock
            .now()
            .minus(self.ground.media.barred_for());
        let ended = repo::sessions::ended_after(&mut self.ground.db.read().await?, since).await?;
        for row in &ended {
            let at = row.ended_at.unwrap_or(since);
            bar(&self.ground, row.user_id, &row.relay_name, at);
        }
        Ok(ended.len())
    }
}

/// Ends all that a sign-in holds on the relay, and lets it make nothing new.
pub(super) fn bar(ground: &Ground, user: UserId, relay_name: &str, ended: UnixMillis) {
    match ground.media.name(user, relay_name) {
        Ok(name) => ground.media.bar(&name, ended),
        Err(error) => tracing::error!(%user, %error, "a sign-in's relay name is damaged"),
    }
}
