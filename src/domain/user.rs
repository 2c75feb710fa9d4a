//! People and who is acting.

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
