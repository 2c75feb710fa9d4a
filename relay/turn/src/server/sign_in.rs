//! Who sent a request: long-term credentials (RFC 8489 section 9.2.4), here ephemeral ones.
//!
//! The checks stand in the order of the RFC, so that a client learns of a stale nonce only if all else was right.

use super::{Server, requests::PASSWORD_ALGORITHMS};
use crate::{EphemeralUsername, FiveTuple, Now, Refusal, SessionName, UnixSeconds, nonce::Offer};
use std::borrow::Cow;
use stun::{
    AttributeStaticType, Key, Message, Nonce, PasswordAlgorithm, PasswordAlgorithmValue,
    PasswordAlgorithms, Realm, Signer, Userhash, Username,
};

/// A client that has signed in.
pub(super) struct Caller<'a> {
    /// Its username.
    pub(super) username: Cow<'a, str>,
    /// When its credentials expire.
    pub(super) expires: UnixSeconds,
    pub(super) session: SessionName,
    /// How it signed, and so how it is answered: by the same hash, as a client has to ignore answers by another (RFC 8489 section 9.2.5).
    pub(super) signer: Signer,
}

/// What a signed request says of its sender. The first attribute of each type counts.
#[derive(Default)]
struct Claim<'a> {
    username: Option<&'a [u8]>,
    userhash: Option<&'a [u8]>,
    realm: Option<&'a [u8]>,
    nonce: Option<&'a [u8]>,
    algorithm: Option<&'a [u8]>,
    algorithms: Option<&'a [u8]>,
}

impl Server {
    /// Returns who sent `request`.
    ///
    /// # Errors
    /// 401 without integrity or with one of somebody else, 400 if what belongs to an integrity is missing or was changed on its way, 438 if the
    /// nonce is too old, or another's.
    pub(super) fn sign_in<'a>(
        &self,
        from: FiveTuple,
        request: &Message<'a>,
        now: Now,
    ) -> Result<Caller<'a>, Refusal> {
        let integrity = request.integrity().ok_or(Refusal::Unauthorized)?;
        let claim = Claim::of(request);
        let (Some(realm), Some(nonce)) = (claim.realm, claim.nonce) else {
            return Err(Refusal::BadRequest);
        };
        if claim.username.is_none() && claim.userhash.is_none() {
            return Err(Refusal::BadRequest);
        }
        let algorithm = claim.password_algorithm(nonce)?;
        let username = self.username(&claim).ok_or(Refusal::Unauthorized)?;
        let name = EphemeralUsername::parse(&username).map_err(|_| Refusal::Unauthorized)?;
        if realm != self.settings.realm.as_bytes() {
            return Err(Refusal::Unauthorized);
        }
        let known = self.allocation(&from).filter(|allocation| {
            *allocation.username == *username && allocation.signer.key.algorithm() == algorithm
        });
        let (key, session) = match known {
            Some(allocation) => {
                let key = allocation.signer.key.clone();
                let signed = request.is_signed_with(&key).then_some(key);
                (signed, allocation.session.clone())
            }
            None => {
                let mut keys = self.keys(algorithm, &username);
                let signed = keys.find(|key| request.is_signed_with(key));
                let session = name.session.parse().map_err(|_| Refusal::Unauthorized)?;
                (signed, session)
            }
        };
        let key = key.ok_or(Refusal::Unauthorized)?;
        if !self.nonces.knows(nonce, from.client, now.unix) {
            return Err(Refusal::StaleNonce);
        }
        Ok(Caller {
            expires: name.expires,
            username,
            session,
            signer: Signer { key, integrity },
        })
    }

    /// Returns the username of a claim, if it has the form of one or was issued here.
    fn username<'a>(&self, claim: &Claim<'a>) -> Option<Cow<'a, str>> {
        match claim.username {
            Some(username) => std::str::from_utf8(username).ok().map(Cow::Borrowed),
            None => {
                let username = self.settings.issued.username(claim.userhash?)?;
                Some(Cow::Owned(username.into()))
            }
        }
    }

    /// Returns the keys that `username` may sign with, one for each secret.
    fn keys(&self, algorithm: PasswordAlgorithmValue, username: &str) -> impl Iterator<Item = Key> {
        self.settings.secrets.iter().map(move |secret| {
            let password = secret.password(username);
            Key::long_term(algorithm, username, &self.settings.realm, &password)
        })
    }
}

impl<'a> Claim<'a> {
    fn of(request: &Message<'a>) -> Self {
        let mut claim = Self::default();
        for (kind, value) in request.values() {
            let field = match kind {
                Username::TYPE => &mut claim.username,
                Userhash::TYPE => &mut claim.userhash,
                Realm::TYPE => &mut claim.realm,
                Nonce::TYPE => &mut claim.nonce,
                PasswordAlgorithm::TYPE => &mut claim.algorithm,
                PasswordAlgorithms::TYPE => &mut claim.algorithms,
                _ => continue,
            };
            field.get_or_insert(value);
        }
        claim
    }

    /// Returns how the password is hashed. Whoever names no algorithm uses MD5, as in RFC 5389. Whoever names one shows with it the list that came
    /// with the nonce: if somebody on the way has taken the better ones out of that list, it is noticed here.
    fn password_algorithm(&self, nonce: &[u8]) -> Result<PasswordAlgorithmValue, Refusal> {
        match (self.algorithm, self.algorithms) {
            (None, None) => Ok(PasswordAlgorithmValue::MD5),
            (Some(algorithm), Some(algorithms))
                if algorithms == PASSWORD_ALGORITHMS && Offer::of(nonce) == Offer::Everything =>
            {
                match algorithm {
                    [0, 1, 0, 0] => Ok(PasswordAlgorithmValue::MD5),
                    [0, 2, 0, 0] => Ok(PasswordAlgorithmValue::SHA256),
                    _ => Err(Refusal::BadRequest),
                }
            }
            (_, _) => Err(Refusal::BadRequest),
        }
    }
}
