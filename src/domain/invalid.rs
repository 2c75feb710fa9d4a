//! Why input was refused: one fault for each broken rule.

use std::fmt;

/// One broken rule: where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The name of the field as the client sent it.
    pub field: &'static str,
    /// Stable name of the rule, for translation: `password.short`.
    pub code: &'static str,
    /// A sentence in English that names the field.
    pub message: String,
}

/// Input that breaks at least one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(Vec<Fault>);

impl Invalid {
    /// One broken rule.
    pub fn one(field: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self(vec![Fault {
            field,
            code,
            message: message.into(),
        }])
    }

    /// All broken rules; `None` if there are none.
    #[must_use]
    pub fn all(faults: Vec<Fault>) -> Option<Self> {
        (!faults.is_empty()).then_some(Self(faults))
    }

    /// The broken rules, at least one.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.0
    }

    /// Takes the faults out, to be joined with others.
    #[must_use]
    pub fn into_faults(self) -> Vec<Fault> {
        self.0
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            f.write_str(&fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}
