//! What can be wrong with a configuration. All of it is reported at once.

use std::{fmt, io, path::PathBuf};

use super::{layers::Origin, value::Wrong};

/// Every fault of a configuration, in the order of its layers.
#[derive(Debug)]
pub struct Errors(pub(super) Vec<Fault>);

/// One fault, with what would be right.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("{}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        path: PathBuf,
        line: usize,
        message: String,
    },
    #[error("{name}: the value is not UTF-8")]
    NotUtf8 { name: String },
    #[error("{name} ({origin}): no such setting{}", hint(nearest.as_deref()))]
    Unknown {
        name: String,
        origin: Origin,
        nearest: Option<String>,
    },
    #[error("{key} = {shown}: {wrong} ({origin})")]
    Value {
        key: &'static str,
        shown: String,
        wrong: Wrong,
        origin: Origin,
    },
    #[error("{key} = {shown}: {must} ({origin})")]
    Rule {
        key: &'static str,
        shown: String,
        must: String,
        origin: Origin,
    },
    #[error(
        "{name} is set but {missing} is not: the old variables name a database by DATABASE_HOST and DATABASE_NAME"
    )]
    HalfDatabase {
        name: &'static str,
        missing: &'static str,
    },
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has a fault:")?,
            n => write!(f, "the configuration has {n} faults:")?,
        }
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for Errors {}

impl Errors {
    /// Returns the faults.
    pub fn faults(&self) -> &[Fault] {
        &self.0
    }
}

fn hint(nearest: Option<&str>) -> String {
    nearest
        .map(|name| format!("; is {name} meant?"))
        .unwrap_or_default()
}
