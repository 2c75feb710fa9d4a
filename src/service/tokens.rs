//! Access and refresh tokens: JWTs signed with HS256, told apart by their `typ` claim.
//!
//! Tokens are stateless claims; whether their session lives, and which refresh token is the last, only the store knows.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::domain::{SessionId, TokenId, UnixMillis, UserId};

/// How far another server's clock may be off, in seconds. Tokens are ours alone: nothing.
const LEEWAY: u64 = 0;

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Access,
    Refresh,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    username: String,
    sid: SessionId,
    typ: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<TokenId>,
    iat: i64,
    exp: i64,
}

/// What a genuine access token says.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// Whose it is.
    pub user: UserId,
    /// Of which sign-in.
    pub session: SessionId,
}

/// What a genuine refresh token says.
#[derive(Clone, Copy, Debug)]
pub struct Refresh {
    /// Its id.
    pub id: TokenId,
    /// Of which sign-in.
    pub session: SessionId,
}

/// The token is not ours, not of this kind, or too old.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("the token is not valid")]
pub struct BadToken;

/// Whom a token is for.
#[derive(Clone, Copy)]
pub struct Bearer<'a> {
    /// The user.
    pub user: UserId,
    /// Their name.
    pub name: &'a str,
    /// The sign-in.
    pub session: SessionId,
}

/// Signs and reads tokens. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    sign: EncodingKey,
    read: DecodingKey,
    /// How long an access token lives.
    pub access_lifetime: Duration,
    /// How long a refresh token lives.
    pub refresh_lifetime: Duration,
}

impl Tokens {
    /// Takes the secret that signs.
    #[must_use]
    pub fn new(secret: &str, access_lifetime: Duration, refresh_lifetime: Duration) -> Self {
        Self {
            sign: EncodingKey::from_secret(secret.as_bytes()),
            read: DecodingKey::from_secret(secret.as_bytes()),
            access_lifetime,
            refresh_lifetime,
        }
    }

    /// Makes an access token.
    #[must_use]
    pub fn access(&self, bearer: Bearer<'_>, now: UnixMillis) -> String {
        self.issue(
            bearer,
            Kind::Access,
            None,
            now,
            now.plus(self.access_lifetime),
        )
    }

    /// Makes the refresh token with this id and these times; the same ones give the same token.
    #[must_use]
    pub fn refresh(
        &self,
        bearer: Bearer<'_>,
        id: TokenId,
        issued: UnixMillis,
        expires: UnixMillis,
    ) -> String {
        self.issue(bearer, Kind::Refresh, Some(id), issued, expires)
    }

    fn issue(
        &self,
        bearer: Bearer<'_>,
        typ: Kind,
        jti: Option<TokenId>,
        issued: UnixMillis,
        expires: UnixMillis,
    ) -> String {
        let claims = Claims {
            sub: bearer.user,
            username: bearer.name.to_owned(),
            sid: bearer.session,
            typ,
            jti,
            iat: issued.as_secs(),
            exp: expires.as_secs(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.sign)
            .expect("claims of strings and numbers always serialise")
    }

    /// Reads an access token; with `expired_too` also one that was genuine and is too old.
    ///
    /// # Errors
    /// [`BadToken`] if it is anything else.
    pub fn read_access(
        &self,
        token: &str,
        now: UnixMillis,
        expired_too: bool,
    ) -> Result<Access, BadToken> {
        let claims = self.read(token, Kind::Access)?;
        if !expired_too && claims.exp <= now.as_secs() {
            return Err(BadToken);
        }
        Ok(Access {
            user: claims.sub,
            session: claims.sid,
        })
    }

    /// Reads a refresh token.
    ///
    /// # Errors
    /// [`BadToken`] if it is anything else, or too old.
    pub fn read_refresh(&self, token: &str, now: UnixMillis) -> Result<Refresh, BadToken> {
        let claims = self.read(token, Kind::Refresh)?;
        if claims.exp <= now.as_secs() {
            return Err(BadToken);
        }
        Ok(Refresh {
            id: claims.jti.ok_or(BadToken)?,
            session: claims.sid,
        })
    }

    fn read(&self, token: &str, typ: Kind) -> Result<Claims, BadToken> {
        let mut rules = Validation::new(Algorithm::HS256);
        // The time is compared by the caller, with the server's own clock.
        rules.validate_exp = false;
        rules.leeway = LEEWAY;
        let claims = decode::<Claims>(token, &self.read, &rules)
            .map_err(|_| BadToken)?
            .claims;
        if claims.typ == typ {
            Ok(claims)
        } else {
            Err(BadToken)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    const T0: UnixMillis = UnixMillis(1_700_000_000_000);

    fn tokens(secret: &str) -> Tokens {
        Tokens::new(
            secret,
            Duration::from_secs(900),
            Duration::from_secs(86_400),
        )
    }

    fn bearer() -> Bearer<'static> {
        Bearer {
            user: UserId::new(),
            name: "anna",
            session: SessionId::new(),
        }
    }

    #[test]
    fn an_access_token_is_good_until_it_expires() {
        let (tokens, bearer) = (tokens("secret"), bearer());
        let token = tokens.access(bearer, T0);
        assert_eq!(
            tokens.read_access(&token, T0, false).unwrap().user,
            bearer.user
        );
        let late = T0.plus(Duration::from_secs(900));
        assert_eq!(
            tokens.read_access(&token, late, false).unwrap_err(),
            BadToken
        );
        assert_eq!(
            tokens.read_access(&token, late, true).unwrap().session,
            bearer.session
        );
    }

    #[test]
    fn one_kind_of_token_is_not_the_other() {
        let (tokens, bearer) = (tokens("secret"), bearer());
        let refresh = tokens.refresh(bearer, TokenId::new(), T0, T0.plus(Duration::from_secs(60)));
        assert!(tokens.read_access(&refresh, T0, true).is_err());
        assert!(tokens.read_refresh(&tokens.access(bearer, T0), T0).is_err());
    }

    #[test]
    fn a_forged_token_is_refused() {
        let (tokens, bearer) = (tokens("secret"), bearer());
        let good = tokens.access(bearer, T0);
        let [_, claims, _] = good.split('.').collect::<Vec<_>>()[..] else {
            panic!()
        };
        let none = format!(
            "{}.{claims}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#)
        );
        let foreign = self::tokens("other").access(bearer, T0);
        let other_algorithm = encode(
            &Header::new(Algorithm::HS512),
            &serde_json::from_slice::<serde_json::Value>(&URL_SAFE_NO_PAD.decode(claims).unwrap())
                .unwrap(),
            &EncodingKey::from_secret(b"secret"),
        )
        .unwrap();
        for bad in [
            none,
            foreign,
            other_algorithm,
            format!("{good}x"),
            String::new(),
            "a.b.c".into(),
        ] {
            assert!(tokens.read_access(&bad, T0, true).is_err(), "{bad}");
        }
    }
}
