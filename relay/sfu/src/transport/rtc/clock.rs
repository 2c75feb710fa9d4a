//! When a packet was sampled, by our clock.
//!
//! A client's sender reports (RFC 3550 section 6.4.1) tie the timestamps of all its streams to one clock of its own. Kept at one distance from ours for
//! all of them, what belonged together when it was sampled still does for whoever plays it.

use std::time::{Duration, Instant, SystemTime};

use str0m::rtp::RtpPacket;

/// Further than this from its arrival nothing was sampled: such a report is not believed.
const FARTHEST: Duration = Duration::from_secs(3);

/// One client's clock.
#[derive(Debug, Default)]
pub(super) struct SenderClock {
    /// The same moment by its clock and by ours.
    tie: Option<(SystemTime, Instant)>,
}

impl SenderClock {
    /// Returns when a packet was sampled; never later than it came.
    pub(super) fn sampled(&mut self, packet: &RtpPacket) -> Instant {
        let arrived = packet.timestamp;
        self.by_report(packet)
            .and_then(|theirs| self.tie(theirs, arrived))
            .unwrap_or(arrived)
    }

    /// Returns when it was sampled by the client's clock.
    fn by_report(&self, packet: &RtpPacket) -> Option<SystemTime> {
        let report = packet.last_sender_info.as_ref()?;
        let rate = u64::from(packet.time.denom());
        // Of a report only the lower 32 bits of its timestamp are the client's.
        let reported = report.rtp_time.numer() as u32;
        let ahead = packet.header.timestamp.wrapping_sub(reported).cast_signed();
        let distance = Duration::from_micros(
            u64::from(ahead.unsigned_abs()).saturating_mul(1_000_000) / rate.max(1),
        );
        if distance > 20 * FARTHEST {
            return None;
        }
        if ahead >= 0 {
            report.ntp_time.checked_add(distance)
        } else {
            report.ntp_time.checked_sub(distance)
        }
    }

    fn tie(&mut self, theirs: SystemTime, arrived: Instant) -> Option<Instant> {
        let (then, at) = *self.tie.get_or_insert((theirs, arrived));
        let sampled = match theirs.duration_since(then) {
            Ok(later) => at.checked_add(later)?,
            Err(earlier) => at.checked_sub(earlier.duration())?,
        };
        if sampled > arrived {
            // The quickest way so far: all is tied to it.
            let by = sampled - arrived;
            self.tie = (by < FARTHEST)
                .then(|| at.checked_sub(by).map(|at| (then, at)))
                .flatten();
            return Some(arrived);
        }
        if arrived - sampled > FARTHEST {
            self.tie = None;
            return None;
        }
        Some(sampled)
    }
}
