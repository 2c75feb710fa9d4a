//! The use cases. Each begins and commits its own transactions, and tells the bus only what is committed.
//!
//! A use case that writes runs to its end even if whoever asked has gone ([`Tasks::finish`]), and the server waits for it
//! when it stops.

mod auth;
mod calls;
mod chats;
mod clock;
mod health;
mod ice;
mod invites;
mod journal;
mod passwords;
mod people;
mod relay;
mod tally;
mod tasks;
mod throttle;
mod tokens;

pub use crate::media::RoomRefusal;
pub use auth::{Auth, AuthError, AuthLimits, RegisterError, SignedIn};
pub use calls::{CallRefused, Calls, CallsConfig, Entered, Joined, Joins};
pub use chats::{Changes, ChatError, Chats, Marked, Sent};
pub use clock::Clock;
pub use health::{Health, Readiness};
pub use ice::{Ice, IceConfig, TransportPolicy};
pub use invites::{InviteError, Invites};
pub use journal::Journal;
pub use passwords::{Busy, Passwords};
pub use people::{People, PeopleError, Presence, SignIn};
pub use relay::{Allocation, AllocationId, Flow, OwnedAllocation, Relay, RelayRefused, Transport};
pub use tally::Tally;
pub use tasks::Tasks;
pub use throttle::{Throttle, Throttled};
pub use tokens::Tokens;

use crate::bus::Bus;
use crate::media::Media;
use crate::store::Db;

/// What every use case needs.
#[derive(Clone)]
pub struct Ground {
    /// The truth.
    pub db: Db,
    /// Who is listening.
    pub bus: Bus,
    /// The relay.
    pub media: Media,
    /// What time it is.
    pub clock: Clock,
    /// What happens in calls is written down there.
    pub journal: Journal,
    /// What must be finished before the server stops.
    pub tasks: Tasks,
    /// What has happened since the start.
    pub tally: Tally,
}
