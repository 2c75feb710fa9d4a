//! Ephemeral credentials: issued by whoever holds a secret, checked without asking anybody.
//!
//! The username is `<unix expiry>:<session>`, the password is the base64 of HMAC-SHA1 over it with the secret.

use crate::UnixSeconds;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use std::{fmt, str::FromStr, sync::Arc, time::Duration};

/// A secret that credentials are made with. Its `Debug` prints nothing of it.
#[derive(Clone)]
pub struct Secret {
    bytes: Vec<u8>,
    /// The HMAC with the secret as its key, so that this is set up once and not for each password.
    mac: Hmac<Sha1>,
}

impl Secret {
    /// Takes `bytes` as a secret; an empty one is none.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes = bytes.into();
        let mac = Hmac::new_from_slice(&bytes).expect("HMAC takes a key of any length");
        (!bytes.is_empty()).then_some(Self { bytes, mac })
    }

    /// Returns the password that belongs to `username`.
    pub(crate) fn password(&self, username: &str) -> String {
        let mac = self.mac.clone().chain_update(username);
        BASE64_STANDARD.encode(mac.finalize().into_bytes())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The opaque name of a session, under which its allocations are counted and revoked. It crosses the network in clear.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionName(Arc<str>);

impl SessionName {
    /// The longest name, in bytes.
    pub const MAX: usize = 64;

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn fits(text: &str) -> bool {
        (1..=Self::MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// Returns whose session it is: the part before the first dot, or the whole name. What a user may have, all its sessions have together.
    pub fn user(&self) -> &str {
        self.0.split_once('.').map_or(&self.0, |(user, _)| user)
    }

    /// Returns which sign-in it is: the part after the first dot, or the whole name. Names by several secrets may be of one sign-in.
    pub fn sign_in(&self) -> &str {
        self.0
            .split_once('.')
            .map_or(&self.0, |(_, sign_in)| sign_in)
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text names no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a session's name is 1 to {} visible ASCII characters",
    SessionName::MAX
)]
pub struct NoSessionName;

impl FromStr for SessionName {
    type Err = NoSessionName;

    fn from_str(text: &str) -> Result<Self, NoSessionName> {
        if Self::fits(text) {
            Ok(Self(text.into()))
        } else {
            Err(NoSessionName)
        }
    }
}

/// What a client signs in with. Its `Debug` prints nothing of the credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The username, as it goes on the wire.
    pub username: String,
    /// The password.
    pub credential: String,
}

impl Credentials {
    /// Issues credentials for `session` with which allocations can be made until `expires`.
    pub fn issue(secret: &Secret, session: &SessionName, expires: UnixSeconds) -> Self {
        let username = format!("{}:{session}", expires.0);
        Self {
            credential: secret.password(&username),
            username,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// How long credentials may live, and how well the clocks of who issues and who checks them agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialLimits {
    /// What credentials live at most. Those that live longer are refused: a secret that leaked makes none for years.
    pub lifetime: Duration,
    /// By how much the two clocks may differ.
    pub clock_skew: Duration,
}

impl Default for CredentialLimits {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(24 * 3600),
            clock_skew: Duration::from_secs(60),
        }
    }
}

impl CredentialLimits {
    /// Returns whether credentials that expire at `expires` make an allocation at `now`.
    pub(crate) fn accept(&self, expires: UnixSeconds, now: UnixSeconds) -> bool {
        let skew = self.clock_skew.as_secs();
        let latest = now
            .0
            .saturating_add(self.lifetime.as_secs())
            .saturating_add(skew);
        now.0 < expires.0.saturating_add(skew) && expires.0 <= latest
    }
}

/// A username that has the form of ours; whether it is genuine, its password decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EphemeralUsername<'a> {
    /// When it expires.
    pub expires: UnixSeconds,
    /// The name of its session.
    pub session: &'a str,
}

impl<'a> EphemeralUsername<'a> {
    /// Reads `<unix expiry>:<session>`.
    ///
    /// # Errors
    /// [`NoSessionName`] if it has another form.
    pub fn parse(text: &'a str) -> Result<Self, NoSessionName> {
        let (expires, session) = text.split_once(':').ok_or(NoSessionName)?;
        if !expires.bytes().all(|byte| byte.is_ascii_digit()) || !SessionName::fits(session) {
            return Err(NoSessionName);
        }
        let expires = UnixSeconds(expires.parse().map_err(|_| NoSessionName)?);
        Ok(Self { expires, session })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn credentials_are_what_coturn_makes_of_the_same_secret() {
        let issued = Credentials::issue(
            &secret("north"),
            &"alice".parse().unwrap(),
            UnixSeconds(1_700_000_000),
        );
        assert_eq!(issued.username, "1700000000:alice");
        // echo -n 1700000000:alice | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(issued.credential, "Cd/49soE35ICqcJF/bCTn8Z4OyE=");
    }

    #[test]
    fn secrets_and_passwords_are_not_printed() {
        let issued =
            Credentials::issue(&secret("north"), &"alice".parse().unwrap(), UnixSeconds(1));
        let printed = format!("{:?} {issued:?}", secret("north"));
        assert!(
            !printed.contains("north") && !printed.contains(&issued.credential),
            "{printed}"
        );
    }

    #[test]
    fn credentials_are_good_until_they_expire_and_not_for_longer_than_they_may_live() {
        let limits = CredentialLimits::default();
        let now = UnixSeconds(1_700_000_000);
        let good =
            |offset: i64| limits.accept(UnixSeconds(now.0.saturating_add_signed(offset)), now);
        assert!(good(1) && good(0) && good(-59) && good(86_400) && good(86_460));
        assert!(!good(-60) && !good(86_461) && !good(i64::MAX));
    }

    #[test]
    fn an_empty_secret_is_none() {
        assert_eq!(Secret::new(""), None);
    }

    #[test]
    fn a_username_without_expiry_or_session_is_refused() {
        for text in [
            "",
            ":",
            "1",
            "1:",
            ":alice",
            "x:alice",
            "-1:alice",
            "+1:alice",
            "1:a b",
            "99999999999999999999:alice",
        ] {
            assert_eq!(
                EphemeralUsername::parse(text),
                Err(NoSessionName),
                "{text:?}"
            );
        }
        assert_eq!(EphemeralUsername::parse("1:a:b").unwrap().session, "a:b");
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics_and_issued_usernames_read_back(text: String, expires: u64, session in "[!-~]{1,64}") {
            let _ = EphemeralUsername::parse(&text);
            let issued = Credentials::issue(&secret("north"), &session.parse().unwrap(), UnixSeconds(expires));
            let read = EphemeralUsername { expires: UnixSeconds(expires), session: &session };
            prop_assert_eq!(EphemeralUsername::parse(&issued.username), Ok(read));
        }
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }
}
