//! The figures of one measurement, and of several rounds of it together.

use crate::generator::Traffic;
use serde::Serialize;

/// What one round of a load has cost a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) sent: usize,
    pub(crate) delivered: usize,
    /// CPU of the server for each packet delivered, in microseconds.
    pub(crate) cpu: f64,
    /// How often the server slept, for each packet delivered.
    pub(crate) sleeps: f64,
    pub(crate) latency: Latency,
    /// Latency without a server.
    pub(crate) direct: Latency,
    /// How much of its time the generator was at work.
    pub(crate) busy: f64,
    /// How late lots left, the 99th percentile, in microseconds.
    pub(crate) late: f64,
}

/// Latency of one way, in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Latency {
    /// Returns the latency of `traffic`, whose latencies it sorts.
    pub(crate) fn of(traffic: &mut Traffic) -> Self {
        Self {
            p50: percentile(&mut traffic.latencies, 50) / 1e3,
            p99: percentile(&mut traffic.latencies, 99) / 1e3,
        }
    }
}

/// Returns the value below which `percent` of `values` lie, which are partly sorted by it; 0 of none.
pub(crate) fn percentile(values: &mut [u32], percent: usize) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let at = (values.len() * percent / 100).min(values.len() - 1);
    (*values.select_nth_unstable(at).1).into()
}

/// Returns the median of `values`; 0 of none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match (values.len() / 2, values.len() % 2) {
        (0, 0) => 0.0,
        (half, 0) => f64::midpoint(values[half - 1], values[half]),
        (half, _) => values[half],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_between_the_two_in_the_middle() {
        assert_eq!(median([]), 0.0);
        assert_eq!(median([3.0]), 3.0);
        assert_eq!(median([9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 9.0]), 3.0);
    }

    #[test]
    fn a_percentile_has_its_share_of_the_values_below_it() {
        let mut values: Vec<u32> = (0..1000).rev().collect();
        assert_eq!(percentile(&mut values, 50), 500.0);
        assert_eq!(percentile(&mut values, 99), 990.0);
        assert_eq!(percentile(&mut [7], 99), 7.0);
        assert_eq!(percentile(&mut [], 50), 0.0);
    }
}
