//! The wall clock, replaceable by one that tests move.

use std::sync::Arc;

use crate::domain::UnixMillis;

/// What time it is.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> UnixMillis + Send + Sync>);

impl Clock {
    /// The system's wall clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(UnixMillis::now)
    }

    /// Any other.
    pub fn new(now: impl Fn() -> UnixMillis + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// This moment.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        (self.0)()
    }
}
