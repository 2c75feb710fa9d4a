//! Reading any bytes as the payload of a video or RED packet, writing other numbers into them, and making one stream of any streams.

#![no_main]

#[allow(dead_code, reason = "the rooms need more of it")]
#[path = "../../sfu/src/descriptor/mod.rs"]
mod descriptor;
#[path = "../../sfu/src/red.rs"]
mod red;
#[allow(dead_code, reason = "the rooms need more of it")]
#[path = "../../sfu/src/rewrite/mod.rs"]
mod rewrite;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use descriptor::{Descriptor, VideoCodec};
use libfuzzer_sys::fuzz_target;
use rewrite::{Packet, Rewriter, StreamKey};
use str0m::rtp::RedDecoder;

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    Picture {
        codec: u8,
        marker: bool,
        payload: &'a [u8],
        picture: u16,
        tl0: u8,
    },
    Red(&'a [u8]),
    Stream {
        first: u16,
        steps: Vec<Step<'a>>,
    },
}

#[derive(Debug, Arbitrary)]
enum Step<'a> {
    Want(Option<u8>),
    Packet {
        stream: u8,
        seq: u64,
        timestamp: u32,
        starts: bool,
        payload: &'a [u8],
    },
    /// The next of a stream, or one near it.
    Next {
        stream: u8,
        by: i8,
        starts: bool,
    },
    Pass {
        millis: u32,
    },
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Picture {
            codec,
            marker,
            payload,
            picture,
            tl0,
        } => patch(codec_of(codec), marker, payload, picture, tl0),
        Input::Red(payload) => {
            let theirs = RedDecoder::decode(payload).ok();
            let theirs = theirs.as_ref().and_then(|blocks| blocks.last());
            let ours = red::primary(payload);
            assert_eq!(
                ours.map(|block| (block.payload_type, block.payload)),
                theirs.map(|block| (block.pt, block.payload))
            );
        }
        Input::Stream { first, steps } => rewrite(first, steps),
    }
});

fn codec_of(codec: u8) -> VideoCodec {
    [
        VideoCodec::Vp8,
        VideoCodec::Vp9,
        VideoCodec::H264,
        VideoCodec::Av1,
    ][usize::from(codec) % 4]
}

/// What was written is read back, and nothing else changes.
fn patch(codec: VideoCodec, marker: bool, payload: &[u8], picture: u16, tl0: u8) {
    let Some(read) = Descriptor::parse(codec, payload, marker) else {
        return;
    };
    let Some(patch) = read.patch(picture, tl0) else {
        return;
    };
    let copy = patch.copied(payload);
    assert_eq!(copy.len(), payload.len());
    let again = Descriptor::parse(codec, &copy, marker).expect("it was readable before");
    assert_eq!(again.keyframe, read.keyframe);
    assert_eq!(again.temporal, read.temporal);
    assert_eq!(
        again.patch(picture, tl0),
        None,
        "everything is as it should be"
    );
    if codec == VideoCodec::Vp8 {
        assert!(patch.vp8(payload).is_some());
    }
}

/// No number is given twice, and the first is the given one.
fn rewrite(first: u16, steps: Vec<Step<'_>>) {
    let mut rewriter = Rewriter::new(90_000, first);
    let mut now = Instant::now();
    let (mut seen, mut seqs) = (HashSet::new(), [1u64 << 20; 4]);
    for step in steps {
        let packet = match step {
            Step::Want(stream) => {
                rewriter.want(stream.map(key));
                continue;
            }
            Step::Pass { millis } => {
                now += Duration::from_millis(u64::from(millis));
                continue;
            }
            Step::Packet {
                stream,
                seq,
                timestamp,
                starts,
                payload,
            } => Packet {
                stream: key(stream),
                seq: seq >> 2,
                timestamp,
                starts,
                descriptor: Descriptor::parse(codec_of(stream), payload, false),
                body: (),
            },
            Step::Next { stream, by, starts } => {
                let at = &mut seqs[usize::from(stream) % 4];
                *at = at.wrapping_add_signed(i64::from(by));
                Packet {
                    stream: key(stream),
                    seq: *at,
                    timestamp: *at as u32,
                    starts,
                    descriptor: None,
                    body: (),
                }
            }
        };
        rewriter.take(&packet, now, &mut |sent| {
            assert!(seen.insert(sent.seq), "{} twice", sent.seq);
        });
    }
    if let Some(lowest) = seen.iter().min() {
        assert_eq!(*lowest, u64::from(first));
    }
}

fn key(stream: u8) -> StreamKey {
    StreamKey(u64::from(stream % 4))
}
