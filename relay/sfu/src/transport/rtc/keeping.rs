//! What is kept of pictures, to be sent again.
//!
//! It is most of what a viewer of many pictures takes: some 400 bytes for each packet beside its payload, which all viewers share. So a picture that
//! goes is kept for as long as the round trip asks for, and one that rests is not kept at all. Sound is not sent again.

use std::time::Duration;

use str0m::rtp::StreamTx;

/// Of what is sent at most so much is sent again: more only adds to what made it get lost.
const RETRANSMITTED: f32 = 0.25;

/// So many reports in a row must ask for more before more is kept, or for less: the change forgets what was kept, which is missed most in the moment
/// in which a link fills up, and round trips grow for that moment.
const MORE: u32 = 2;
const LESS: u32 = 5;

/// For how long packets are kept: two round trips, for two tries, and 100 ms in which a gap is noticed and asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Span {
    /// 150 ms, for round trips up to 25 ms.
    Short,
    /// 300 ms, for round trips up to 100 ms.
    Middle,
    /// 500 ms: what comes later than that is of no use.
    Long,
}

impl Span {
    fn of(round_trip: Duration) -> Self {
        let needed = 2 * round_trip + Duration::from_millis(100);
        [Self::Short, Self::Middle]
            .into_iter()
            .find(|span| needed <= span.age())
            .unwrap_or(Self::Long)
    }

    fn age(self) -> Duration {
        Duration::from_millis(match self {
            Self::Short => 150,
            Self::Middle => 300,
            Self::Long => 500,
        })
    }

    /// What a picture of 1.5 Mbit/s sends in this time, and a keyframe beside it.
    fn packets(self) -> usize {
        match self {
            Self::Short => 48,
            Self::Middle => 72,
            Self::Long => 96,
        }
    }
}

/// One connection's.
#[derive(Debug)]
pub(super) struct Keeping {
    span: Span,
    /// Whether a round trip is known.
    is_known: bool,
    /// Reports in a row that ask for more, or for less.
    more: u32,
    less: u32,
}

impl Keeping {
    pub(super) fn new() -> Self {
        Self {
            span: Span::Long,
            is_known: false,
            more: 0,
            less: 0,
        }
    }

    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// Takes note of the round trip of the last report.
    pub(super) fn note(&mut self, round_trip: Option<Duration>) {
        let Some(round_trip) = round_trip else { return };
        let span = Span::of(round_trip);
        self.more = if span > self.span { self.more + 1 } else { 0 };
        self.less = if span < self.span { self.less + 1 } else { 0 };
        if !self.is_known || self.more == MORE || self.less == LESS {
            *self = Self {
                span,
                is_known: true,
                ..Self::new()
            };
        }
    }
}

/// Keeps what a stream sends for `span` from here on, and nothing from before; `None`: nothing at all.
pub(super) fn keep(stream: &mut StreamTx, span: Option<Span>) {
    match span {
        Some(span) => stream.set_rtx_cache(span.packets(), span.age(), Some(RETRANSMITTED)),
        None => stream.set_rtx_cache(0, Duration::ZERO, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_kept_for_two_round_trips_and_what_it_takes_to_notice_a_gap() {
        let of = |millis| Span::of(Duration::from_millis(millis));
        assert_eq!((of(1), of(25)), (Span::Short, Span::Short));
        assert_eq!((of(26), of(100)), (Span::Middle, Span::Middle));
        assert_eq!((of(101), of(2_000)), (Span::Long, Span::Long));
    }

    #[test]
    fn a_longer_round_trip_counts_after_4_s_and_a_shorter_one_after_10_s() {
        let mut keeping = Keeping::new();
        let mut note = |millis, times| {
            (0..times).for_each(|_| keeping.note(Some(Duration::from_millis(millis))));
            keeping.span()
        };
        assert_eq!(note(5, 0), Span::Long, "nothing is known");
        assert_eq!(note(5, 1), Span::Short, "the first that is known");
        assert_eq!(note(300, 1), Span::Short, "a moment");
        assert_eq!(note(5, 1), Span::Short);
        assert_eq!(note(300, MORE), Span::Long);
        assert_eq!(note(5, LESS - 1), Span::Long);
        assert_eq!(note(50, 1), Span::Middle);
    }
}
