//! What a client hears on one m-line.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use str0m::rtp::RedDecoder;

use super::camera::{self, Mark};

/// Later than this a frame of speech is of no use.
const TOO_LATE: Duration = Duration::from_millis(400);

/// One m-line of sound.
#[derive(Debug, Default)]
pub struct Ears {
    /// Frames by their publisher and number: when they came first.
    pub heard: BTreeMap<(u8, u32), (Instant, Mark)>,
    pub packets: u64,
    pub levels: u64,
    /// The newest packet's numbers, and how often they went back or jumped by more than the time that passed.
    last: Option<(u64, u32, Instant)>,
    pub breaks: Vec<String>,
}

impl Ears {
    /// Takes a packet; `red` says that its payload has several blocks.
    pub fn take(
        &mut self,
        seq: u64,
        timestamp: u32,
        red: bool,
        level: bool,
        payload: &[u8],
        now: Instant,
    ) {
        self.packets += 1;
        self.levels += u64::from(level);
        self.check(seq, timestamp, now);
        if !red {
            return self.hear(payload, now);
        }
        match RedDecoder::decode(payload) {
            Ok(blocks) => blocks
                .iter()
                .for_each(|block| self.hear(block.payload, now)),
            Err(_) => self.breaks.push(format!("{seq}: no RED")),
        }
    }

    fn hear(&mut self, payload: &[u8], now: Instant) {
        let Some(mark) = camera::read_speech(payload) else {
            return self.breaks.push("no speech of a lab".to_owned());
        };
        self.heard
            .entry((mark.person, mark.frame))
            .or_insert((now, mark));
    }

    /// The newest packet's timestamp is about as much later as it came later.
    fn check(&mut self, seq: u64, timestamp: u32, now: Instant) {
        if let Some((last, before, at)) = self.last {
            if seq <= last {
                return;
            }
            let by = f64::from(timestamp.wrapping_sub(before).cast_signed()) / 48.0;
            let passed = (now - at).as_secs_f64() * 1000.0;
            if by <= 0.0 || (by - passed).abs() > 400.0 {
                self.breaks
                    .push(format!("{last} -> {seq}: {by} ms in {passed} ms"));
            }
        }
        self.last = Some((seq, timestamp, now));
    }

    /// Returns the part of one publisher's frames, captured in a span of time, that came in time.
    pub fn share(&self, person: u8, start: Instant, from: Instant, to: Instant) -> f64 {
        let captured = |mark: &Mark| start + Duration::from_micros(mark.captured);
        let in_time = self.heard.values().filter(|(at, mark)| {
            mark.person == person
                && (from..to).contains(&captured(mark))
                && *at - captured(mark) < TOO_LATE
        });
        let all = (to - from).as_millis() / camera::SPEECH_FRAME.as_millis();
        in_time.count() as f64 / all as f64
    }
}
