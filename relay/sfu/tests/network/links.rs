//! The network itself is as it says.

use std::time::{Duration, Instant};

use crate::support::lab::start;
use crate::support::link::{Conditions, Link};
use crate::support::millis;

/// Sends so many datagrams of 972 bytes, one in 10 ms, and returns when each came.
fn send(link: &mut Link, now: Instant, datagrams: u32) -> Vec<(u32, Duration)> {
    let mut came = Vec::new();
    let mut take = |link: &mut Link, until: Duration| {
        while let Some(datagram) = link.take(now + until) {
            let number = u32::from_be_bytes(*datagram.first_chunk().expect("a number"));
            came.push((number, until));
        }
    };
    for at in 0..u64::from(datagrams) * 10 + 2000 {
        if at % 10 == 0 && at / 10 < u64::from(datagrams) {
            let mut datagram = vec![0; 972];
            datagram[..4].copy_from_slice(&((at / 10) as u32).to_be_bytes());
            link.send(datagram, now + millis(at));
        }
        take(link, millis(at));
    }
    came
}

fn link(conditions: Conditions) -> (Link, Instant) {
    let now = start();
    let mut link = Link::new(7, now);
    link.conditions = conditions;
    (link, now)
}

#[test]
fn a_good_link_brings_everything_after_its_delay() {
    let (mut link, now) = link(Conditions::GOOD.delay(30));
    let came = send(&mut link, now, 100);
    let expected: Vec<_> = (0..100)
        .map(|at| (at, millis(u64::from(at) * 10 + 30)))
        .collect();
    assert_eq!(came, expected);
}

#[test]
fn a_link_loses_the_part_that_it_should() {
    let (mut link, now) = link(Conditions::GOOD.loss(0.1));
    let came = send(&mut link, now, 2000).len();
    assert!((1740..1860).contains(&came), "{came}");
}

#[test]
fn jitter_keeps_the_order_and_swapping_does_not() {
    let (mut link_with_jitter, now) = link(Conditions::GOOD.jitter(40));
    let came = send(&mut link_with_jitter, now, 500);
    assert!(came.is_sorted_by_key(|(number, _)| *number));
    let (mut link_that_swaps, now) = link(Conditions::GOOD.jitter(40).swapped(0.05));
    let came = send(&mut link_that_swaps, now, 500);
    assert_eq!(came.len(), 500);
    assert!(!came.is_sorted_by_key(|(number, _)| *number));
}

#[test]
fn what_is_above_the_rate_waits_and_then_is_dropped() {
    // 800 kbit/s come, 400 go.
    let (mut link, now) = link(Conditions::GOOD.kbps(400));
    let came = send(&mut link, now, 500);
    let (_, last) = came.last().expect("something");
    assert!(
        (*last - millis(5000)).as_millis() < 400,
        "the queue is short: {last:?}"
    );
    assert!((250..290).contains(&came.len()), "{}", came.len());
    assert_eq!(link.counts.dropped as usize, 500 - came.len());
}
