//! The layers that values come from: file, environment, flags. Each puts its values over those of the layer below.
//!
//! Owns how a layer names a key. Does not know what a key means.

use std::{collections::BTreeMap, ffi::OsString, fmt, fs, path::Path};

use toml::de::{DeTable, DeValue};

use super::{cli::Flags, errors::Fault, value::Raw};

/// The old server's variables for a PostgreSQL database, from before there was a URL.
pub(super) const OLD_DATABASE: [&str; 5] = [
    "DATABASE_HOST",
    "DATABASE_PORT",
    "DATABASE_USER",
    "DATABASE_PASSWORD",
    "DATABASE_NAME",
];
/// The old server's variable for the secret of its tokens.
pub(super) const OLD_JWT_SECRET: &str = "JWT_SECRET";

const PREFIX: &str = "ZVONILKA_";
const TEST_PREFIX: &str = "ZVONILKA_TEST_";

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// What a server under a domain has unless told otherwise.
    DefaultOfDomain,
    File {
        path: String,
        line: usize,
    },
    Variable(String),
    Flag(&'static str),
    /// In the file that a `*_file` setting names.
    SecretFile(String),
}

#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) raw: Raw,
    pub(super) origin: Origin,
}

/// The values of all layers by key, the uppermost of each.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) found: BTreeMap<String, Found>,
    /// The old variables, which are read together.
    pub(super) old_database: BTreeMap<&'static str, String>,
    pub(super) faults: Vec<Fault>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::DefaultOfDomain => f.write_str("default, as there is a domain"),
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Variable(name) => write!(f, "environment, {name}"),
            Self::Flag(name) => f.write_str(name),
            Self::SecretFile(path) => write!(f, "from {path}"),
        }
    }
}

impl Layers {
    pub(super) fn add_file(&mut self, path: &Path) {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(source) => {
                return self.faults.push(Fault::Unreadable {
                    path: path.into(),
                    source,
                });
            }
        };
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        let (table, errors) = DeTable::parse_recoverable(&text);
        // The parser's own display quotes the line, which may hold a secret.
        self.faults.extend(errors.iter().map(|error| Fault::Syntax {
            path: path.into(),
            line: line(error.span().map_or(0, |span| span.start)),
            message: error.message().into(),
        }));
        let mut add = |key: String, value: &DeValue<'_>, at: usize| {
            let origin = Origin::File {
                path: path.display().to_string(),
                line: line(at),
            };
            self.found.insert(
                key,
                Found {
                    raw: raw(value),
                    origin,
                },
            );
        };
        for (name, value) in table.get_ref() {
            let DeValue::Table(section) = value.get_ref() else {
                add(
                    name.get_ref().to_string(),
                    value.get_ref(),
                    name.span().start,
                );
                continue;
            };
            for (key, value) in section {
                add(
                    format!("{}.{}", name.get_ref(), key.get_ref()),
                    value.get_ref(),
                    key.span().start,
                );
            }
        }
    }

    pub(super) fn add_environment(
        &mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) {
        for (name, value) in variables {
            let Ok(name) = name.into_string() else {
                continue;
            };
            let old = OLD_DATABASE.into_iter().find(|old| *old == name);
            let ours = name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX);
            if !ours && old.is_none() && name != OLD_JWT_SECRET {
                continue;
            }
            let Ok(value) = value.into_string() else {
                self.faults.push(Fault::NotUtf8 { name });
                continue;
            };
            if let Some(old) = old {
                if !value.is_empty() {
                    self.old_database.insert(old, value);
                }
            } else if ours {
                self.add_text(&key_of_variable(&name), value, Origin::Variable(name));
            } else if !value.is_empty() {
                let found = Found {
                    raw: Raw::Scalar(value),
                    origin: Origin::Variable(name),
                };
                self.old_jwt_secret(found);
            }
        }
    }

    pub(super) fn add_flags(&mut self, flags: &Flags) {
        for (key, name, value) in flags.settings() {
            self.add_text(key, value.into(), Origin::Flag(name));
        }
    }

    /// The new name wins over the old one, in whichever order the environment lists them.
    fn old_jwt_secret(&mut self, found: Found) {
        let newer = self
            .found
            .get("auth.jwt_secret")
            .is_some_and(|newer| matches!(newer.origin, Origin::Variable(_)));
        if !newer {
            self.found.insert("auth.jwt_secret".into(), found);
        }
    }

    fn add_text(&mut self, key: &str, value: String, origin: Origin) {
        self.found.insert(
            key.into(),
            Found {
                raw: Raw::Scalar(value),
                origin,
            },
        );
    }
}

/// Returns the variable of a key.
pub(super) fn variable_of_key(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

fn key_of_variable(name: &str) -> String {
    name[PREFIX.len()..].to_ascii_lowercase().replace("__", ".")
}

fn raw(value: &DeValue<'_>) -> Raw {
    if let DeValue::Array(items) = value {
        let items = items.iter().map(|item| scalar(item.get_ref()));
        return items.collect::<Option<_>>().map_or(Raw::Nested, Raw::List);
    }
    scalar(value).map_or(Raw::Nested, Raw::Scalar)
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.as_str().into()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}
