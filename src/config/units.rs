//! Measures with their units: lengths of time, sizes, port ranges.

use std::{ops::RangeInclusive, time::Duration};

use super::value::{Scalar, Wrong, quoted};

const DURATION: Wrong = Wrong(
    "expected a length of time with its unit (ms, s, m, h, d), such as \"45s\", \"15m\" or \"30d\"",
);
const SIZE: Wrong = Wrong("expected a size with its unit (B, KiB, MiB, GiB), such as \"256KiB\"");
const RATE: Wrong =
    Wrong("expected a bit rate with its unit (bit, kbit, Mbit; a second), such as \"3Mbit\"");
const PORTS: Wrong = Wrong("expected two ports from 1 to 65535, such as \"49152-65535\"");

/// Above this a deadline might not fit a clock any more.
const LONGEST: Duration = Duration::from_hours(3650 * 24);

/// From the longest to the shortest, in milliseconds.
const DURATION_UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];
const SIZE_UNITS: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];
const RATE_UNITS: [(&str, u64); 3] = [("Mbit", 1_000_000), ("kbit", 1000), ("bit", 1)];

/// Reads a whole number and its unit.
pub fn parse_duration(text: &str) -> Result<Duration, Wrong> {
    let millis = parse_measure(text, &DURATION_UNITS).ok_or(DURATION)?;
    let duration = Duration::from_millis(millis);
    if duration > LONGEST {
        Err(Wrong("expected at most \"3650d\""))
    } else {
        Ok(duration)
    }
}

/// Writes `duration` in the longest unit that leaves nothing over.
pub(super) fn show_duration(duration: Duration) -> String {
    show_measure(
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        &DURATION_UNITS,
        "s",
    )
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

impl ByteSize {
    /// Returns `n` KiB.
    pub const fn kib(n: u32) -> Self {
        Self((n as u64) << 10)
    }

    /// Returns the number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl Scalar for ByteSize {
    fn parse(text: &str) -> Result<Self, Wrong> {
        parse_measure(text, &SIZE_UNITS).map(Self).ok_or(SIZE)
    }

    fn shown(&self) -> String {
        quoted(&show_measure(self.0, &SIZE_UNITS, "B"))
    }
}

/// Bits in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BitRate(u64);

impl BitRate {
    /// Returns `n` kbit/s.
    pub const fn kbit(n: u32) -> Self {
        Self(n as u64 * 1000)
    }

    /// Returns the number of bits.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl Scalar for BitRate {
    fn parse(text: &str) -> Result<Self, Wrong> {
        parse_measure(text, &RATE_UNITS).map(Self).ok_or(RATE)
    }

    fn shown(&self) -> String {
        quoted(&show_measure(self.0, &RATE_UNITS, "bit"))
    }
}

/// Ports from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// The dynamic ports (RFC 6335 section 6), where RFC 8656 section 7.2 wants relayed addresses to be.
    pub const DYNAMIC: Self = Self {
        first: 49152,
        last: 65535,
    };

    /// Returns the range for iteration and `contains`.
    pub fn inclusive(self) -> RangeInclusive<u16> {
        self.first..=self.last
    }
}

impl Scalar for PortRange {
    fn parse(text: &str) -> Result<Self, Wrong> {
        let (first, last) = text.split_once('-').ok_or(PORTS)?;
        let port = |text: &str| {
            text.trim()
                .parse()
                .ok()
                .filter(|port| *port > 0)
                .ok_or(PORTS)
        };
        let (first, last) = (port(first)?, port(last)?);
        if first > last {
            return Err(Wrong("the first port is above the last"));
        }
        Ok(Self { first, last })
    }

    fn shown(&self) -> String {
        quoted(&format!("{}-{}", self.first, self.last))
    }
}

fn parse_measure(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn show_measure(amount: u64, units: &[(&str, u64)], zero: &str) -> String {
    match units
        .iter()
        .find(|(_, factor)| amount > 0 && amount.is_multiple_of(*factor))
    {
        Some((unit, factor)) => format!("{}{unit}", amount / factor),
        None => format!("0{zero}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_whole_number_and_a_unit() {
        for (text, seconds) in [
            ("45s", 45),
            ("15m", 900),
            ("24h", 86_400),
            ("30d", 2_592_000),
            ("90 s", 90),
            ("0s", 0),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        assert_eq!(parse_duration("200ms"), Ok(Duration::from_millis(200)));
        for text in [
            "",
            "15",
            "m",
            "1.5h",
            "-1s",
            "15min",
            "99999999999999999999d",
            "1h30m",
            "١s",
        ] {
            assert_eq!(parse_duration(text), Err(DURATION), "{text:?}");
        }
        assert_eq!(
            parse_duration("4000d"),
            Err(Wrong("expected at most \"3650d\""))
        );
    }

    #[test]
    fn a_measure_is_shown_as_it_would_be_written() {
        for text in ["45s", "15m", "1d", "30d", "25h", "200ms", "1m", "0s"] {
            assert_eq!(parse_duration(text).map(show_duration), Ok(text.into()));
        }
        for text in ["0B", "1B", "256KiB", "1MiB", "3GiB", "1025B"] {
            assert_eq!(
                ByteSize::parse(text).map(|size| size.shown()),
                Ok(quoted(text))
            );
        }
        assert_eq!(ByteSize::parse("1MB"), Err(SIZE));
        for text in ["0bit", "3Mbit", "2500kbit", "64001bit"] {
            assert_eq!(
                BitRate::parse(text).map(|rate| rate.shown()),
                Ok(quoted(text))
            );
        }
        assert_eq!(BitRate::parse("3MBit"), Err(RATE));
    }

    #[test]
    fn a_port_range_goes_upward() {
        assert_eq!(PortRange::parse("49152-65535"), Ok(PortRange::DYNAMIC));
        assert_eq!(
            PortRange::parse("5000 - 5000").map(|ports| ports.inclusive().count()),
            Ok(1)
        );
        assert_eq!(
            PortRange::parse("50000-49152"),
            Err(Wrong("the first port is above the last"))
        );
        for text in ["", "50000", "0-10", "1-65536", "1-2-3", "a-b"] {
            assert_eq!(PortRange::parse(text), Err(PORTS), "{text:?}");
        }
    }
}
