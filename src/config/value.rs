//! A value as it was written, and the types it is read into.
//!
//! Owns the way from text to a checked value and back. Does not know which keys there are.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;

use super::units;

/// A value before it is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw {
    Scalar(String),
    List(Vec<String>),
    /// A table, or a list of lists: no setting has this form.
    Nested,
}

/// What a value should have been.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(pub(super) &'static str);

/// The type of a setting.
pub(super) trait Setting: Sized {
    /// Whether an error must not repeat what was written.
    const SECRET: bool = false;

    fn read(raw: &Raw) -> Result<Self, Wrong>;

    /// Returns the value as it would stand in the file; a secret as `"***"`.
    fn show(&self) -> String;
}

/// Something that goes over all the settings.
pub(super) trait Visitor {
    fn key<T: Setting>(&mut self, key: &'static str, value: &mut T);
}

/// A setting that is read from one piece of text.
pub(super) trait Scalar: Sized {
    const SECRET: bool = false;

    fn parse(text: &str) -> Result<Self, Wrong>;

    fn shown(&self) -> String;
}

impl<T: Scalar> Setting for T {
    const SECRET: bool = T::SECRET;

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        match raw {
            Raw::Scalar(text) => T::parse(text),
            Raw::List(_) => Err(Wrong("expected one value, not a list")),
            Raw::Nested => Err(Wrong("expected one value, not a table")),
        }
    }

    fn show(&self) -> String {
        self.shown()
    }
}

impl<T: Scalar> Setting for Option<T> {
    const SECRET: bool = T::SECRET;

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        match raw {
            Raw::Scalar(text) if text.is_empty() => Ok(None),
            Raw::Scalar(_) | Raw::List(_) | Raw::Nested => T::read(raw).map(Some),
        }
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "\"\"".into(), Scalar::shown)
    }
}

impl<T: Scalar> Setting for Vec<T> {
    const SECRET: bool = T::SECRET;

    fn read(raw: &Raw) -> Result<Self, Wrong> {
        match raw {
            Raw::List(items) => items.iter().map(|item| T::parse(item)).collect(),
            Raw::Scalar(text) if text.is_empty() => Ok(Self::new()),
            Raw::Scalar(text) => text.split(',').map(|item| T::parse(item.trim())).collect(),
            Raw::Nested => Err(Wrong("expected a list, such as [\"a\", \"b\"]")),
        }
    }

    fn show(&self) -> String {
        let items: Vec<_> = self.iter().map(Scalar::shown).collect();
        format!("[{}]", items.join(", "))
    }
}

/// Returns `text` as a TOML string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Scalar for String {
    fn parse(text: &str) -> Result<Self, Wrong> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Wrong("expected some text"));
        }
        if text.chars().count() > 100 || text.contains(char::is_control) {
            return Err(Wrong("expected at most 100 characters in one line"));
        }
        Ok(text.into())
    }

    fn shown(&self) -> String {
        quoted(self)
    }
}

impl Scalar for bool {
    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| Wrong("expected true or false"))
    }

    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Scalar for NonZeroU32 {
    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse()
            .map_err(|_| Wrong("expected a whole number from 1 to 4294967295"))
    }

    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Scalar for u8 {
    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse()
            .map_err(|_| Wrong("expected a whole number from 0 to 255"))
    }

    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Scalar for PathBuf {
    fn parse(text: &str) -> Result<Self, Wrong> {
        if text.is_empty() || text.contains('\0') {
            return Err(Wrong("expected a path"));
        }
        Ok(text.into())
    }

    fn shown(&self) -> String {
        quoted(&self.to_string_lossy())
    }
}

impl Scalar for SocketAddr {
    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| {
            Wrong("expected an IP address and a port, such as \"0.0.0.0:3000\" or \"[::1]:3000\"")
        })
    }

    fn shown(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Scalar for Ipv4Addr {
    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse()
            .map_err(|_| Wrong("expected an IPv4 address, such as \"203.0.113.10\""))
    }

    fn shown(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Scalar for Ipv6Addr {
    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse()
            .map_err(|_| Wrong("expected an IPv6 address, such as \"2001:db8::10\""))
    }

    fn shown(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Scalar for IpNet {
    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse()
            .or_else(|_| text.parse::<IpAddr>().map(Self::from))
            .map_err(|_| {
                Wrong("expected IP addresses or networks, such as [\"10.0.0.0/8\", \"192.0.2.7\"]")
            })
    }

    fn shown(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Scalar for Duration {
    fn parse(text: &str) -> Result<Self, Wrong> {
        units::parse_duration(text)
    }

    fn shown(&self) -> String {
        quoted(&units::show_duration(*self))
    }
}

/// Declares an enum that is one of a few words.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $first:ident = $first_word:literal $(, $variant:ident = $word:literal)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $first,
            $($variant,)*
        }

        impl $name {
            /// Returns the word that stands for it in the file.
            pub fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_word,
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl super::value::Scalar for $name {
            fn parse(text: &str) -> Result<Self, super::value::Wrong> {
                match text {
                    $first_word => Ok(Self::$first),
                    $($word => Ok(Self::$variant),)*
                    _ => Err(super::value::Wrong(concat!("expected \"", $first_word, "\"" $(, " or \"", $word, "\"")*))),
                }
            }

            fn shown(&self) -> String {
                super::value::quoted(self.as_str())
            }
        }
    };
}
pub(super) use choice;
