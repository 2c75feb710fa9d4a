//! The moment at which unit tests begin.

use std::time::Instant;

/// Returns a moment: time goes on from it as a test says.
#[expect(
    clippy::disallowed_methods,
    reason = "there is no other way to a first `Instant`"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}
