//! Findings in Russian and English, for a terminal. The web client has its own words for the same codes.
//!
//! Names are not declined and nobody's gender is guessed.

mod english;
mod russian;

use super::Finding;
use crate::domain::UserId;

/// A language that findings are said in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// Russian.
    Russian,
    /// English.
    English,
}

impl Language {
    /// Reads `ru` or `en`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "ru" => Some(Self::Russian),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// Says a finding in one sentence; `name` names people.
    #[must_use]
    pub fn say(self, finding: &Finding, name: impl Fn(UserId) -> String) -> String {
        match self {
            Self::Russian => russian::say(finding, &name),
            Self::English => english::say(finding, &name),
        }
    }
}

fn joined(one: Option<String>, other: Option<String>) -> String {
    let parts: Vec<_> = one.into_iter().chain(other).collect();
    parts.join(", ")
}

/// In the largest unit that leaves at least two of it, or one whole.
fn span(seconds: i64, [s, min, h, d]: [&str; 4]) -> String {
    match seconds {
        ..120 => format!("{seconds} {s}"),
        120..7200 => format!("{} {min}", seconds / 60),
        7200..86_400 => format!("{} {h}", seconds / 3600),
        86_400.. => format!("{} {d}", (seconds + 43_200) / 86_400),
    }
}
