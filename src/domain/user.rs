//! People and who is acting.

use std::fmt;

use super::{DeviceId, SessionId, UnixMillis, UserId, UserName};

/// A living account.
#[derive(Clone, Debug)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The name it signs in with and is shown by.
    pub name: UserName,
    /// May invite people and manage accounts.
    pub is_admin: bool,
    /// When it registered.
    pub created_at: UnixMillis,
    /// When its name, password or role changed last.
    pub updated_at: UnixMillis,
}

/// On whose authority something is done.
#[derive(Clone, Copy, Debug)]
pub enum Authority<'a> {
    /// A signed-in user's.
    Actor(&'a Actor),
    /// That of whoever runs the server, on its own machine: no user, but may do all that an administrator may.
    Operator,
}

impl Authority<'_> {
    /// Whether it covers what administrators do.
    #[must_use]
    pub const fn is_admin(self) -> bool {
        match self {
            Self::Actor(actor) => actor.is_admin,
            Self::Operator => true,
        }
    }

    /// The user that it is, if it is one.
    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::Actor(actor) => Some(actor.user),
            Self::Operator => None,
        }
    }

    /// Whether it covers what is done to the account `user`: its own, or any.
    #[must_use]
    pub fn is_over(self, user: UserId) -> bool {
        self.is_admin() || self.user() == Some(user)
    }
}

impl<'a> From<&'a Actor> for Authority<'a> {
    fn from(actor: &'a Actor) -> Self {
        Self::Actor(actor)
    }
}

/// Names it in the log.
impl fmt::Display for Authority<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Actor(actor) => actor.user.fmt(f),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// Who asks: a signed-in user, through one session on one device.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The account.
    pub user: UserId,
    /// The sign-in the token belongs to.
    pub session: SessionId,
    /// The installation that signed in.
    pub device: DeviceId,
    /// The account's name.
    pub name: UserName,
    /// Whether the account is an administrator now.
    pub is_admin: bool,
    /// The opaque name of the sign-in in TURN credentials.
    pub relay_name: String,
}
