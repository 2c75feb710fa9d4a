//! Who comes, goes, publishes and is refused.

mod support;

#[path = "rooms/comings.rs"]
mod comings;
#[path = "rooms/descriptions.rs"]
mod descriptions;
#[path = "rooms/estimates.rs"]
mod estimates;
#[path = "rooms/glare.rs"]
mod glare;
#[path = "rooms/lines.rs"]
mod lines;
#[path = "rooms/liveness.rs"]
mod liveness;
#[path = "rooms/refusals.rs"]
mod refusals;
#[path = "rooms/silence.rs"]
mod silence;
