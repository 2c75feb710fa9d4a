//! The rules of the TURN server, each shown by a test under virtual time, in the order of the RFCs.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

mod abuse;
mod allocate;
mod authentication;
mod binding;
mod channels;
mod client;
mod costs;
mod data;
mod families;
mod hairpin;
mod icmp;
mod live_calls;
mod permissions;
mod quotas;
mod refresh;
mod reservations;
mod revocation;
mod sequences;
mod signing;
mod speed;
mod strangers;
mod streams;
mod support;
mod table;
mod workers;
