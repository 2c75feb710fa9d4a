//! A TURN server without sockets (RFC 8489, RFC 8656).
//!
//! Owns credentials, allocations, permissions, channels and which peers may be reached. It is told the bytes, the time and its randomness, and
//! says what to send, bind and close; it knows no sockets, threads or clocks, and nothing of chats, users or calls.

mod address;
mod allocation;
mod channels;
mod counters;
mod credentials;
mod nonce;
mod output;
mod peers;
mod permissions;
mod refusal;
mod scope;
mod server;
mod time;

pub use address::{FiveTuple, PeerAddr, RelayedPort, Transport};
pub use counters::{Counters, DropReason, Flow};
pub use credentials::{Credentials, NoSessionName, Secret, SessionName};
pub use output::{AllocationEvent, EndReason, Output, ToClient, ToPeer, Transmit, Via};
pub use peers::{OwnAddresses, PeerPolicy, PeerRules};
pub use refusal::Refusal;
pub use server::{BindError, Quotas, Server, Settings};
pub use time::{Now, UnixMillis, UnixSeconds};
