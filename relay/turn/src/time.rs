//! The time that a core is told.

use std::time::Instant;

/// The moment of an input, by both clocks: timers run by `mono`, credentials and nonces by `unix`.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Monotonic time.
    pub mono: Instant,
    /// Wall clock time.
    pub unix: UnixMillis,
}

/// Milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixMillis(pub u64);

/// Seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixSeconds(pub u64);

impl From<UnixMillis> for UnixSeconds {
    fn from(millis: UnixMillis) -> Self {
        Self(millis.0 / 1000)
    }
}
