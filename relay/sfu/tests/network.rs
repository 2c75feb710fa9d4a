//! Calls over networks as they are: with loss, delay, jitter, swapped datagrams and too little rate, seeded, in virtual time.

mod support;

#[path = "network/links.rs"]
mod links;
