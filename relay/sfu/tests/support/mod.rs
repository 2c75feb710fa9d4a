//! Rooms with real clients around them, in virtual time: each client has a link of its own, seeded, that delays, loses, swaps and queues datagrams.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "several programs share it, and none needs all of it"
)]

#[path = "../../src/crypto/mod.rs"]
mod crypto;

pub mod camera;
pub mod client;
pub mod ears;
pub mod eyes;
pub mod lab;
pub mod link;

use std::time::Duration;

pub fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
