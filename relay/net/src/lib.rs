//! The shell around the media cores: sockets, threads and the clock.
//!
//! Owns the UDP port and the relay sockets, the thread that serves them, and the queue by which the rest of the process commands it. Has no rule
//! of the protocol in it: what a datagram means, `turn` says.
//!
//! [`Relay::start`] binds and returns; from then on a [`Handle`] revokes sessions and reads counters from any thread.

mod allocation_log;
mod counters;
mod egress;
mod ingress;
mod relay;
mod socket;
mod sockets;
mod worker;

pub use counters::Counters;
pub use relay::{Config, Handle, Relay, RevokeError, StartError};
