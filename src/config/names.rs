//! Names with rules of their own: a host, an invite, a log filter.

use std::{fmt, net::IpAddr, str::FromStr};

use tracing_subscriber::EnvFilter;

use super::value::{Scalar, Wrong, quoted};

/// A DNS host name, in lower case (RFC 1123 section 2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

/// The code of an invite. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct InviteCode(String);

/// Which log lines are written, in the words of `tracing_subscriber::EnvFilter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl HostName {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HostName {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        if text.parse::<IpAddr>().is_ok() {
            return Err(Wrong(
                "expected a host name; an address belongs into turn.external_address",
            ));
        }
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.len() > 253 || !text.split('.').all(label) {
            return Err(Wrong(
                "expected a host name alone, such as \"talk.example.org\"",
            ));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl Scalar for HostName {
    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse()
    }

    fn shown(&self) -> String {
        quoted(&self.0)
    }
}

impl InviteCode {
    /// Returns the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteCode(***)")
    }
}

impl Scalar for InviteCode {
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, Wrong> {
        let fits = (8..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(Wrong("expected 8 to 64 letters (a-z), digits, '-' or '_'"))
        }
    }

    fn shown(&self) -> String {
        quoted("***")
    }
}

impl LogFilter {
    /// Returns the filter's directives.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".into())
    }
}

impl Scalar for LogFilter {
    fn parse(text: &str) -> Result<Self, Wrong> {
        match EnvFilter::try_new(text) {
            Ok(_) if !text.trim().is_empty() => Ok(Self(text.into())),
            Ok(_) | Err(_) => Err(Wrong(
                "expected a level (error, warn, info, debug, trace), or levels by module such as \"info,zvonilka::gateway=debug\"",
            )),
        }
    }

    fn shown(&self) -> String {
        quoted(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_stands_alone() {
        assert_eq!(
            HostName::parse("Talk.Example.org").map(|name| name.to_string()),
            Ok("talk.example.org".into())
        );
        for text in [
            "",
            "https://talk.example.org",
            "talk.example.org:443",
            "talk..org",
            "-a.org",
            "звонилка.рф",
            "203.0.113.1",
            "::1",
        ] {
            assert!(HostName::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_invite_is_not_shown() {
        let code = InviteCode::parse("grandma-and-us").expect("a code");
        assert_eq!(format!("{code:?}"), "InviteCode(***)");
        for text in ["", "short", "with space", "код-приглашения"] {
            assert!(InviteCode::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_log_filter_is_checked_at_start() {
        assert!(LogFilter::parse("info,zvonilka::gateway=debug").is_ok());
        assert!(LogFilter::parse("zvonilka=loud").is_err());
        assert!(LogFilter::parse("").is_err());
    }
}
