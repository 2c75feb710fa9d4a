//! The rules of going on without a break, by example and over arbitrary switches.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::clock::start;
use crate::descriptor::VideoCodec;

const CLOCK: u32 = 90_000;
const A: StreamKey = StreamKey(1);
const B: StreamKey = StreamKey(2);
const C: StreamKey = StreamKey(3);

/// A rewriter with its clock, and what it has sent.
struct Subscription {
    rewriter: Rewriter<&'static str>,
    now: Instant,
    sent: Vec<Rewritten<&'static str>>,
}

impl Subscription {
    fn new() -> Self {
        Self {
            rewriter: Rewriter::new(CLOCK, 100),
            now: start(),
            sent: Vec::new(),
        }
    }

    fn wanting(stream: StreamKey) -> Self {
        let mut new = Self::new();
        new.rewriter.want(Some(stream));
        new
    }

    fn take(&mut self, packet: Packet<&'static str>) -> usize {
        let before = self.sent.len();
        self.rewriter
            .take(&packet, self.now, &mut |sent| self.sent.push(sent));
        self.sent.len() - before
    }

    fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    fn seqs(&self) -> Vec<u64> {
        self.sent.iter().map(|sent| sent.seq).collect()
    }

    fn timestamps(&self) -> Vec<u32> {
        self.sent.iter().map(|sent| sent.timestamp).collect()
    }
}

fn packet(stream: StreamKey, seq: u64, timestamp: u32) -> Packet<&'static str> {
    Packet {
        stream,
        seq,
        timestamp,
        starts: false,
        descriptor: None,
        body: "inter",
    }
}

fn keyframe(stream: StreamKey, seq: u64, timestamp: u32) -> Packet<&'static str> {
    Packet {
        starts: true,
        body: "key",
        ..packet(stream, seq, timestamp)
    }
}

/// A VP8 packet with its numbers; the first of a frame.
fn vp8(
    stream: StreamKey,
    seq: u64,
    timestamp: u32,
    picture: u16,
    tl0: u8,
    key: bool,
) -> Packet<&'static str> {
    let [high, low] = picture.to_be_bytes();
    let payload = [0x90, 0xE0, 0x80 | high, low, tl0, 0x00, u8::from(!key)];
    let descriptor = Descriptor::parse(VideoCodec::Vp8, &payload, true);
    Packet {
        starts: key,
        descriptor,
        ..packet(stream, seq, timestamp)
    }
}

/// The picture's numbers as the receiver reads them.
fn pictures(sent: &Rewritten<&'static str>, source: &Packet<&'static str>) -> (u16, u8) {
    let descriptor = source.descriptor.expect("a VP8 packet");
    let picture = sent
        .patch
        .and_then(|patch| patch.picture)
        .or(descriptor.picture);
    let tl0 = sent.patch.and_then(|patch| patch.tl0).or(descriptor.tl0);
    (
        picture.expect("a VP8 packet").value,
        tl0.expect("a VP8 packet").value,
    )
}

#[test]
fn nothing_goes_before_a_keyframe_of_the_wanted_stream() {
    let mut subscription = Subscription::wanting(A);
    assert_eq!(subscription.rewriter.waits(), Some(A));
    assert_eq!(subscription.take(packet(A, 7, 0)), 0);
    assert_eq!(subscription.take(keyframe(B, 1, 0)), 0);
    assert_eq!(subscription.take(keyframe(A, 8, 3000)), 1);
    assert_eq!(subscription.rewriter.waits(), None);
    assert_eq!(subscription.rewriter.going(), Some(A));
}

#[test]
fn the_first_number_is_the_given_one_whatever_the_source_has() {
    let mut subscription = Subscription::wanting(A);
    subscription.take(keyframe(A, 1_000_000, 0));
    subscription.take(packet(A, 1_000_001, 0));
    assert_eq!(subscription.seqs(), [100, 101]);
}

#[test]
fn gaps_and_late_packets_keep_their_places() {
    let mut subscription = Subscription::wanting(A);
    subscription.take(keyframe(A, 10, 0));
    subscription.take(packet(A, 14, 6000));
    subscription.take(packet(A, 12, 3000));
    assert_eq!(subscription.seqs(), [100, 104, 102]);
    assert_eq!(subscription.timestamps(), [0, 6000, 3000]);
}

#[test]
fn no_number_is_given_twice() {
    let mut subscription = Subscription::wanting(A);
    subscription.take(keyframe(A, 10, 0));
    assert_eq!(subscription.take(packet(A, 11, 0)), 1);
    assert_eq!(subscription.take(packet(A, 11, 0)), 0);
    assert_eq!(subscription.take(keyframe(A, 10, 0)), 0);
}

#[test]
fn what_lies_before_the_switch_is_dropped() {
    let mut subscription = Subscription::wanting(A);
    subscription.take(keyframe(A, 10, 0));
    assert_eq!(subscription.take(packet(A, 9, 0)), 0, "before the first");
    subscription.rewriter.want(Some(B));
    subscription.take(keyframe(B, 50, 0));
    assert_eq!(subscription.take(packet(A, 11, 0)), 0, "of the old stream");
    assert_eq!(
        subscription.take(packet(B, 49, 0)),
        0,
        "before the keyframe"
    );
}

#[test]
fn the_old_stream_goes_on_until_the_keyframe_of_the_new() {
    let mut subscription = Subscription::wanting(A);
    subscription.take(keyframe(A, 10, 0));
    subscription.rewriter.want(Some(B));
    assert_eq!(subscription.take(packet(B, 50, 0)), 0);
    assert_eq!(subscription.take(packet(A, 11, 0)), 1);
    assert_eq!(subscription.rewriter.waits(), Some(B));
    assert_eq!(subscription.take(keyframe(B, 51, 0)), 1);
    assert_eq!(subscription.take(packet(A, 12, 0)), 0);
    assert_eq!(subscription.seqs(), [100, 101, 102]);
}

#[test]
fn a_switch_that_is_no_longer_wanted_does_not_happen() {
    let mut subscription = Subscription::wanting(A);
    subscription.take(keyframe(A, 10, 0));
    subscription.rewriter.want(Some(B));
    subscription.rewriter.want(Some(A));
    assert_eq!(subscription.take(keyframe(B, 51, 0)), 0);
    assert_eq!(subscription.take(packet(A, 11, 0)), 1);
    assert!(!subscription.rewriter.takes(B));
}

#[test]
fn timestamps_go_on_by_the_wall_clock_over_a_switch() {
    let mut subscription = Subscription::wanting(A);
    subscription.take(keyframe(A, 10, 4_000_000_000));
    subscription.rewriter.want(Some(B));
    subscription.pass(40);
    subscription.take(keyframe(B, 900, 17));
    subscription.take(packet(B, 901, 3017));
    let start = 4_000_000_000;
    assert_eq!(
        subscription.timestamps(),
        [start, start + 3600, start + 6600]
    );
}

#[test]
fn two_streams_of_one_moment_do_not_share_a_timestamp() {
    let mut subscription = Subscription::wanting(A);
    subscription.take(keyframe(A, 10, 500));
    subscription.rewriter.want(Some(B));
    subscription.take(keyframe(B, 90, 500));
    assert_eq!(subscription.timestamps(), [500, 501]);
}

#[test]
fn a_pause_takes_no_numbers_and_its_time_counts() {
    let mut subscription = Subscription::wanting(A);
    subscription.take(keyframe(A, 10, 0));
    subscription.rewriter.want(None);
    assert_eq!(subscription.take(packet(A, 11, 3000)), 0);
    assert_eq!(subscription.rewriter.waits(), None);
    subscription.pass(10_000);
    subscription.rewriter.want(Some(A));
    assert_eq!(
        subscription.take(packet(A, 310, 900_000)),
        0,
        "a keyframe comes first"
    );
    subscription.take(keyframe(A, 311, 903_000));
    assert_eq!(subscription.seqs(), [100, 101]);
    assert_eq!(subscription.timestamps(), [0, 900_000]);
}

#[test]
fn a_keyframe_is_whole_even_if_its_first_packet_comes_last() {
    let mut subscription = Subscription::wanting(A);
    subscription.take(keyframe(A, 10, 0));
    subscription.rewriter.want(Some(B));
    assert_eq!(
        subscription.take(packet(B, 40, 0)),
        0,
        "of the frame before"
    );
    assert_eq!(subscription.take(packet(B, 43, 3000)), 0);
    assert_eq!(subscription.take(packet(B, 42, 3000)), 0);
    assert_eq!(subscription.take(keyframe(B, 41, 3000)), 3);
    assert_eq!(subscription.seqs(), [100, 101, 102, 103]);
}

#[test]
fn what_is_kept_of_a_stream_that_waits_is_bounded() {
    let mut subscription = Subscription::wanting(A);
    for seq in 0..1000 {
        subscription.take(packet(A, 100 + seq, 0));
    }
    assert_eq!(subscription.take(keyframe(A, 99, 0)), 1 + MAX_EARLY);
}

#[test]
fn a_source_that_begins_anew_is_a_switch() {
    let mut subscription = Subscription::wanting(A);
    subscription.take(keyframe(A, 10, 0));
    assert_eq!(subscription.take(packet(A, 60_000, 0)), 0);
    assert_eq!(subscription.rewriter.waits(), Some(A));
    subscription.take(keyframe(A, 60_001, 0));
    assert_eq!(subscription.take(packet(A, 5, 0)), 0);
    subscription.take(keyframe(A, 6, 0));
    assert_eq!(subscription.seqs(), [100, 101, 102]);
}

#[test]
fn picture_numbers_go_on_over_a_switch() {
    let mut subscription = Subscription::wanting(A);
    let sources = [
        vp8(A, 10, 0, 0x7FFE, 255, true),
        vp8(A, 11, 3000, 0x7FFF, 0, false),
        vp8(B, 700, 9, 55, 7, true),
        vp8(B, 701, 3009, 56, 8, false),
    ];
    for (at, source) in sources.iter().enumerate() {
        subscription.rewriter.want(Some(sources[at].stream));
        subscription.take(source.clone());
    }
    let seen: Vec<_> = subscription
        .sent
        .iter()
        .zip(&sources)
        .map(|(sent, source)| pictures(sent, source))
        .collect();
    assert_eq!(seen, [(0x7FFE, 255), (0x7FFF, 0), (0, 1), (1, 2)]);
    assert_eq!(
        subscription.sent[0].patch, None,
        "what is right already is not written again"
    );
}

#[derive(Debug, Clone)]
enum Step {
    Want(Option<u8>),
    Frame { stream: u8, key: bool, packets: u8 },
    Lose { stream: u8, packets: u8 },
    Again { stream: u8, back: u8 },
    Swap { stream: u8 },
    Pass { millis: u16 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => prop::option::weighted(0.9, 0..3u8).prop_map(Step::Want),
        8 => (0..3u8, prop::bool::weighted(0.3), 1..5u8).prop_map(|(stream, key, packets)| Step::Frame { stream, key, packets }),
        1 => (0..3u8, 1..9u8).prop_map(|(stream, packets)| Step::Lose { stream, packets }),
        1 => (0..3u8, 1..20u8).prop_map(|(stream, back)| Step::Again { stream, back }),
        1 => (0..3u8).prop_map(|stream| Step::Swap { stream }),
        4 => (1..200u16).prop_map(|millis| Step::Pass { millis }),
    ]
}

/// A simulcast source: its own numbers, from anywhere.
struct Source {
    stream: StreamKey,
    seq: u64,
    timestamp: u32,
    picture: u16,
    tl0: u8,
    sent: Vec<Packet<&'static str>>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_above_the_stream_below_has_no_break(steps in prop::collection::vec(step(), 1..400)) {
        let mut subscription = Subscription::new();
        let mut sources: Vec<_> = [A, B, C].into_iter().enumerate().map(|(at, stream)| Source {
            stream, seq: 65_000 + 9_000 * at as u64, timestamp: u32::MAX - 5000 * at as u32, picture: 0x7FF0 + at as u16, tl0: 250, sent: Vec::new(),
        }).collect();
        let mut seen = HashSet::new();
        let mut highest: Option<(u64, u32)> = None;
        for step in steps {
            let mut packets = Vec::new();
            match step {
                Step::Want(stream) => subscription.rewriter.want(stream.map(|at| sources[usize::from(at)].stream)),
                Step::Pass { millis } => {
                    subscription.pass(u64::from(millis));
                    sources.iter_mut().for_each(|source| source.timestamp = source.timestamp.wrapping_add(90 * u32::from(millis)));
                }
                Step::Frame { stream, key, packets: count } => {
                    let source = &mut sources[usize::from(stream)];
                    source.picture = (source.picture + 1) & 0x7FFF;
                    source.tl0 = source.tl0.wrapping_add(1);
                    for at in 0..count {
                        source.seq += 1;
                        packets.push(vp8(source.stream, source.seq, source.timestamp, source.picture, source.tl0, key && at == 0));
                    }
                    source.sent.extend(packets.iter().cloned());
                }
                Step::Lose { stream, packets: count } => sources[usize::from(stream)].seq += u64::from(count),
                Step::Again { stream, back } => {
                    let sent = &sources[usize::from(stream)].sent;
                    packets.extend(sent.len().checked_sub(usize::from(back)).and_then(|at| sent.get(at)).cloned());
                }
                Step::Swap { stream } => {
                    let source = &mut sources[usize::from(stream)];
                    source.seq += 2;
                    for seq in [source.seq, source.seq - 1] {
                        packets.push(vp8(source.stream, seq, source.timestamp, source.picture, source.tl0, false));
                    }
                }
            }
            for packet in packets {
                let before = subscription.sent.len();
                let was_going = subscription.rewriter.going();
                subscription.take(packet.clone());
                let sent = &subscription.sent[before..];
                for (at, sent) in sent.iter().enumerate() {
                    prop_assert!(seen.insert(sent.seq), "{} twice", sent.seq);
                    if let Some((seq, timestamp)) = highest {
                        // A switch goes on right behind what was sent.
                        if at == 0 && subscription.rewriter.going() != was_going {
                            prop_assert_eq!(sent.seq, seq + 1);
                            prop_assert!(packet.starts);
                            prop_assert!(sent.timestamp.wrapping_sub(timestamp).wrapping_sub(1) < 1 << 31, "back in time");
                        }
                    } else {
                        prop_assert_eq!(sent.seq, 100);
                    }
                    if highest.is_none_or(|(seq, _)| sent.seq > seq) {
                        if let Some((_, timestamp)) = highest {
                            prop_assert!(sent.timestamp.wrapping_sub(timestamp) < 1 << 31, "back in time");
                        }
                        highest = Some((sent.seq, sent.timestamp));
                    }
                }
                if !sent.is_empty() {
                    prop_assert_eq!(subscription.rewriter.going(), Some(packet.stream));
                }
            }
        }
    }
}
