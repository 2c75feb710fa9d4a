//! The shell around the media cores: sockets, threads and the clock.
//!
//! Owns the listeners, the relay sockets and the streams, the threads that serve them, and the queues by which the rest of the process commands them. Has no
//! rule of the protocol in it: what a datagram or a frame means, `turn` and `sfu` say.
//!
//! [`Relay::start`] binds and returns; from then on a [`Handle`] revokes sessions, lists allocations, asks rooms and reads counters from any thread.

mod allocation_log;
mod allocations;
mod command;
mod config;
mod counters;
mod door;
mod egress;
mod handle;
mod host;
mod https;
mod ingress;
mod out;
mod pace;
mod relay;
mod rings;
mod rooms;
mod socket;
mod sockets;
mod streams;
mod tls;
mod worker;

pub use allocations::Allocations;
pub use command::{CommandError, RoomError};
pub use config::{Config, StartError};
pub use counters::{Counters, Queues, StreamCounters, Traffic};
pub use door::{PageLimits, StreamLimits};
pub use handle::Handle;
pub use host::addresses as host_addresses;
pub use https::{Https, HttpsStream};
pub use relay::Relay;
