//! Where the database is: an SQLite file or a PostgreSQL server.

use std::{fmt, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::value::{Scalar, Wrong, quoted};

const FORMS: Wrong =
    Wrong("expected \"sqlite:PATH\" or \"postgres://USER:PASSWORD@HOST:PORT/NAME\"");

/// The database to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// The file, made at first start.
    Sqlite(PathBuf),
    Postgres(PostgresUrl),
}

/// The URL of a PostgreSQL database. `Debug` and `Display` leave the password out.
#[derive(Clone)]
pub struct PostgresUrl(SecretString);

impl PostgresUrl {
    /// Builds the URL from its parts, which may have any characters.
    pub(super) fn from_parts(
        host: &str,
        port: u16,
        user: &str,
        password: &str,
        name: &str,
    ) -> Result<Self, Wrong> {
        let mut url = Url::parse("postgres://host").map_err(|_| FORMS)?;
        let bracketed = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.into()
        };
        url.set_host(Some(&bracketed))
            .map_err(|_| Wrong("expected a host name or an address"))?;
        url.set_port(Some(port)).map_err(|()| FORMS)?;
        url.set_username(user).map_err(|()| FORMS)?;
        if !password.is_empty() {
            url.set_password(Some(password)).map_err(|()| FORMS)?;
        }
        url.path_segments_mut().map_err(|()| FORMS)?.push(name);
        Self::checked(&url)
    }

    /// Returns the whole URL with its password, for the driver alone.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    fn checked(url: &Url) -> Result<Self, Wrong> {
        if url.host_str().is_none_or(str::is_empty) || url.path().trim_matches('/').is_empty() {
            return Err(FORMS);
        }
        Ok(Self(url.as_str().to_owned().into()))
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = Url::parse(self.expose()).map_err(|_| fmt::Error)?;
        url.set_query(None);
        if url.password().is_some() {
            url.set_password(Some("***")).map_err(|()| fmt::Error)?;
        }
        f.write_str(url.as_str())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

impl PartialEq for PostgresUrl {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for PostgresUrl {}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl Scalar for DatabaseUrl {
    /// A URL that cannot be read may still hold a password: it is not shown in errors.
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, Wrong> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err(FORMS),
                ":memory:" => Err(Wrong(
                    "an SQLite database in memory would lose everything: expected \"sqlite:PATH\"",
                )),
                path if path.contains(['?', '\0']) => Err(Wrong(
                    "expected a path alone after \"sqlite:\", without parameters",
                )),
                path => Ok(Self::Sqlite(path.into())),
            };
        }
        let url = Url::parse(text).map_err(|_| FORMS)?;
        match url.scheme() {
            "postgres" | "postgresql" => PostgresUrl::checked(&url).map(Self::Postgres),
            _ => Err(FORMS),
        }
    }

    fn shown(&self) -> String {
        quoted(&self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_have_a_url() {
        assert_eq!(
            DatabaseUrl::parse("sqlite:family.db"),
            Ok(DatabaseUrl::Sqlite("family.db".into()))
        );
        assert_eq!(
            DatabaseUrl::parse("sqlite:///var/lib/family.db"),
            Ok(DatabaseUrl::Sqlite("/var/lib/family.db".into()))
        );
        let Ok(DatabaseUrl::Postgres(url)) =
            DatabaseUrl::parse("postgres://anna:pw@db:5432/family")
        else {
            panic!("not PostgreSQL")
        };
        assert_eq!(url.expose(), "postgres://anna:pw@db:5432/family");
        for text in [
            "",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:a.db?mode=rwc",
            "mysql://a/b",
            "postgres://db",
            "postgres:///name",
            "family.db",
        ] {
            assert!(DatabaseUrl::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let url = DatabaseUrl::parse("postgres://anna:very-private@db/family?sslkey=also-private")
            .expect("a URL");
        for shown in [url.to_string(), format!("{url:?}"), url.shown()] {
            assert!(
                shown.contains("anna:***@db/family") && !shown.contains("private"),
                "{shown}"
            );
        }
    }

    #[test]
    fn parts_may_have_any_characters() {
        let url = PostgresUrl::from_parts("2001:db8::1", 5433, "an@na", "p:/@#ä", "family")
            .expect("a URL");
        assert_eq!(
            url.expose(),
            "postgres://an%40na:p%3A%2F%40%23%C3%A4@[2001:db8::1]:5433/family"
        );
    }
}
