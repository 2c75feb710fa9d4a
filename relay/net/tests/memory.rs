//! What is let go is gone: the memory and the sockets of 10,000 allocations. Alone in its process, as it reads what the process holds.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

#[expect(dead_code, reason = "the other tests need more of it")]
#[path = "wire/support.rs"]
mod support;

use std::fs;
use support::{Client, config, eventually, start};

/// Allocations that live at once.
const AT_ONCE: usize = 100;
const ROUNDS: usize = 100;
/// After so many rounds everything is as large as it gets.
const WARM: usize = 20;

#[test]
fn ten_thousand_allocations_leave_no_memory_and_no_socket_behind() {
    let mut config = config(40_000..=40_999);
    // Ten thousand challenges within seconds are what the default is there against.
    config.strangers.bytes_per_second_per_prefix = 1 << 30;
    config.strangers.bytes_per_second = 1 << 30;
    let (relay, address) = start(config);
    let before = sockets();
    let mut warm = 0;
    for round in 0..ROUNDS {
        let clients: Vec<_> = (0..AT_ONCE)
            .map(|at| Client::connect(address, &format!("user{at}.phone")))
            .collect();
        for client in &clients {
            let relayed = client.allocate().unwrap();
            client.permit(relayed).unwrap();
            client.bind(0x4000, relayed).unwrap();
        }
        for client in &clients {
            client.refresh(0).unwrap();
        }
        if round + 1 == WARM {
            warm = resident();
        }
    }
    let grown = resident().saturating_sub(warm);
    assert!(
        grown < 1 << 20,
        "{grown} bytes more than after {WARM} rounds"
    );
    eventually("every socket is closed", || sockets() == before);
    let counters = || relay.handle().counters().turn;
    eventually("no allocation is counted", || counters().allocations == 0);
    assert_eq!(counters().allocated, (AT_ONCE * ROUNDS) as u64);
    relay.stop();
}

/// Returns the bytes of memory that the process holds.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = status.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Returns how many descriptors the process holds.
fn sockets() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}
