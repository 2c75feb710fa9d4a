//! Calls over networks as they are: with loss, delay, jitter, swapped datagrams and too little rate, seeded, in virtual time.

mod support;

#[path = "network/continuity.rs"]
mod continuity;
#[path = "network/links.rs"]
mod links;
#[path = "network/pictures.rs"]
mod pictures;
#[path = "network/rates.rs"]
mod rates;
#[path = "network/speech.rs"]
mod speech;
#[path = "network/storms.rs"]
mod storms;
