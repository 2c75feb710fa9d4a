//! Fields of a request body: each is missing, of the wrong type, or given, so that all faults are told at once.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::{Fault, Invalid};

/// One field of a body. `null` counts as missing.
#[derive(Default, Debug)]
pub(super) enum Field<T> {
    #[default]
    Missing,
    Wrong,
    Given(T),
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        if value.is_null() {
            return Ok(Self::Missing);
        }
        Ok(serde_json::from_value(value).map_or(Self::Wrong, Self::Given))
    }
}

/// Collects the faults of one body.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// Takes a field that must be there; `what` says what it must be: `a string`.
    pub(super) fn required<T>(
        &mut self,
        field: Field<T>,
        name: &'static str,
        what: &str,
    ) -> Option<T> {
        match field {
            Field::Given(value) => Some(value),
            Field::Missing => self.add(name, "missing", format!("{name} should not be empty")),
            Field::Wrong => self.add(name, "type", format!("{name} must be {what}")),
        }
    }

    /// Takes a field that may be missing.
    pub(super) fn optional<T>(
        &mut self,
        field: Field<T>,
        name: &'static str,
        what: &str,
    ) -> Option<T> {
        match field {
            Field::Given(value) => Some(value),
            Field::Missing => None,
            Field::Wrong => self.add(name, "type", format!("{name} must be {what}")),
        }
    }

    /// Takes what a parser made of a field.
    pub(super) fn parsed<T>(&mut self, result: Result<T, Invalid>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.0.extend(invalid.into_faults());
                None
            }
        }
    }

    /// Notes a fault.
    pub(super) fn add<T>(
        &mut self,
        field: &'static str,
        code: &'static str,
        message: String,
    ) -> Option<T> {
        self.0.push(Fault {
            field,
            code,
            message,
        });
        None
    }

    /// Gives the values if there was no fault; `values` is `None` only if there was one.
    pub(super) fn finish<T>(self, values: Option<T>) -> Result<T, Invalid> {
        match (Invalid::all(self.0), values) {
            (None, Some(values)) => Ok(values),
            (Some(invalid), _) => Err(invalid),
            (None, None) => Err(Invalid::one("body", "missing", "the body is incomplete")),
        }
    }
}
