//! The relay over real sockets on loopback: what only a socket can show.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

mod foreign;
mod loopback;
mod pages;
mod people;
mod rooms;
#[path = "../../../sfu/tests/support/mod.rs"]
mod sfu_support;
mod start;
mod strangers;
mod streams;
mod support;
mod workers;
