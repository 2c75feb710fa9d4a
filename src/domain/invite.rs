//! Invitation codes.

use std::fmt;

use rand::RngExt;

use super::{Invalid, InviteId, UnixMillis, UserId};

/// The text of an invitation: 4 to 64 letters, digits, `-` or `_`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InviteCode(String);

impl InviteCode {
    /// Letters of made codes: no `0`/`O`, `1`/`I`/`L`, so that a code can be read out over a telephone.
    const ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

    /// Makes a code of twelve characters in three groups (59 bits).
    #[must_use]
    pub fn random() -> Self {
        Self(random_groups(Self::ALPHABET, 3))
    }

    /// Parses what somebody typed.
    ///
    /// # Errors
    /// [`Invalid`] if it cannot be a code.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let fits = (4..=64).contains(&text.len());
        if !fits
            || !text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        {
            return Err(Invalid::one(
                "invitationCode",
                "invite.unknown",
                "invitationCode is not a valid invitation code",
            ));
        }
        Ok(Self(text.into()))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes a text of so many groups of four letters of `alphabet`, with `-` between them.
pub(super) fn random_groups(alphabet: &[u8], groups: usize) -> String {
    let mut rng = rand::rng();
    let mut text = String::with_capacity(5 * groups);
    for at in 0..4 * groups {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(alphabet[rng.random_range(0..alphabet.len())]));
    }
    text
}

/// A code with which new people join.
#[derive(Clone, Debug)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// What is typed.
    pub code: InviteCode,
    /// How many may use it; `None`: any number.
    pub usage_limit: Option<i32>,
    /// How many used it.
    pub usage_count: i32,
    /// Who used it last.
    pub used_by: Option<UserId>,
    /// When it was used last.
    pub used_at: Option<UnixMillis>,
    /// When it stops working; `None`: never.
    pub expires_at: Option<UnixMillis>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was made or used last.
    pub updated_at: UnixMillis,
}

/// Whether an invitation can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InviteState {
    /// It can.
    Open,
    /// Its time is over.
    Expired,
    /// It was used as often as it may be.
    UsedUp,
}

impl Invite {
    /// Says whether it can be used at `now`.
    #[must_use]
    pub fn state(&self, now: UnixMillis) -> InviteState {
        if self.expires_at.is_some_and(|at| at <= now) {
            InviteState::Expired
        } else if self
            .usage_limit
            .is_some_and(|limit| self.usage_count >= limit)
        {
            InviteState::UsedUp
        } else {
            InviteState::Open
        }
    }
}
