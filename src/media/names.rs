//! What a sign-in is called in TURN credentials: `<tag of its user>.<its relay name>`. The name crosses the network in clear.
//!
//! Owns the form. The relay counts what a user holds by the part before the dot; without our secret nobody can tell whose that is.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use turn::{NoSessionName, SessionName};

use crate::domain::UserId;

/// Characters of a user's tag: 60 bits.
const TAG: usize = 10;

/// A sign-in as the relay knows it: under the current secret, and under each one whose credentials are still taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RelayName(Vec<SessionName>);

impl RelayName {
    /// The name for credentials that are issued now.
    pub(super) fn current(&self) -> &SessionName {
        &self.0[0]
    }

    pub(super) fn all(&self) -> &[SessionName] {
        &self.0
    }
}

/// Makes the names of sign-ins.
#[derive(Clone)]
pub(super) struct Names {
    current: Hmac<Sha256>,
    previous: Vec<Hmac<Sha256>>,
}

impl Names {
    /// Takes the relay's secrets.
    pub(super) fn new<'a>(current: &str, previous: impl Iterator<Item = &'a str>) -> Self {
        let key = |secret: &str| {
            Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length")
        };
        Self {
            current: key(current),
            previous: previous.map(key).collect(),
        }
    }

    /// Names the sign-in of `user` with this relay name.
    pub(super) fn of(&self, user: UserId, sign_in: &str) -> Result<RelayName, NoSessionName> {
        let keys = std::iter::once(&self.current).chain(&self.previous);
        let name = |key: &Hmac<Sha256>| {
            let mac = key.clone().chain_update(user.to_string()).finalize();
            let tag = BASE64_URL_SAFE_NO_PAD.encode(mac.into_bytes());
            format!("{}.{sign_in}", &tag[..TAG]).parse()
        };
        keys.map(name).collect::<Result<_, _>>().map(RelayName)
    }
}

/// Returns the relay name of the sign-in that is called `name`.
pub(super) fn sign_in_of(name: &SessionName) -> &str {
    let name = name.as_str();
    name.split_once('.').map_or(name, |(_, sign_in)| sign_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sign_ins_of_a_user_have_its_tag_and_nobody_elses() {
        let names = Names::new("north", ["south"].into_iter());
        let (anna, boris) = (UserId::new(), UserId::new());
        let tag = |user, sign_in: &str| {
            let name = names.of(user, sign_in).unwrap();
            assert_eq!(sign_in_of(name.current()), sign_in);
            name.current().user().to_owned()
        };
        assert_eq!(tag(anna, "phone").len(), TAG);
        assert_eq!(tag(anna, "phone"), tag(anna, "laptop"));
        assert_ne!(tag(anna, "phone"), tag(boris, "phone"));
        assert!(!tag(anna, "phone").contains(&anna.to_string()[..8]));
    }

    #[test]
    fn a_sign_in_has_a_name_under_each_secret_and_the_current_one_is_first() {
        let (anna, old, new) = (
            UserId::new(),
            Names::new("old", std::iter::empty()),
            Names::new("new", ["old"].into_iter()),
        );
        let (before, after) = (old.of(anna, "x").unwrap(), new.of(anna, "x").unwrap());
        assert_eq!(after.all().len(), 2);
        assert_eq!(after.all()[1..], *before.all());
        assert_ne!(after.current(), before.current());
    }
}
