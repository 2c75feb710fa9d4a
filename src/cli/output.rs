//! What is printed: tables and sentences for people, the server's own answer for programs.

use serde_json::Value;

use crate::domain::UnixMillis;

/// An answer in both forms.
pub(super) struct Output {
    /// For programs.
    pub(super) answer: Value,
    /// For people.
    pub(super) text: String,
}

impl Output {
    pub(super) fn new(answer: Value, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { answer, text }
    }
}

/// Lines up rows under their headings; `nothing` is said if there are none.
pub(super) fn table<const N: usize>(
    headings: [&str; N],
    rows: Vec<[String; N]>,
    nothing: &str,
) -> String {
    if rows.is_empty() {
        return nothing.into();
    }
    let headings = headings.map(str::to_owned);
    let width = |at: usize| {
        let cells = std::iter::once(&headings).chain(&rows);
        let widths = cells.map(|row| row[at].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths);
        let padded = cells.map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let lines = std::iter::once(&headings).chain(&rows).map(line);
    lines.collect::<Vec<_>>().join("\n")
}

/// A moment, to the minute, in UTC.
pub(super) fn moment(at: UnixMillis) -> String {
    let text = at.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// How much, in the unit that fits.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut scaled = count as f64 / 1024.0;
    let mut unit = 0;
    while scaled >= 1024.0 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    format!("{scaled:.1} {}", UNITS[unit])
}

/// How long, as a clock shows it.
pub(super) fn lasting(seconds: i64) -> String {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_headings() {
        let rows = vec![
            ["Анна".to_owned(), "1".to_owned()],
            ["Б".to_owned(), String::new()],
        ];
        assert_eq!(table(["NAME", "N"], rows, "nobody"), "NAME  N\nАнна  1\nБ");
        assert_eq!(table(["NAME"], Vec::new(), "nobody"), "nobody");
    }

    #[test]
    fn measures_are_for_people() {
        assert_eq!(moment(UnixMillis(1_700_000_000_020)), "2023-11-14 22:13");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(u64::MAX), "16777216.0 TiB");
        assert_eq!(
            (lasting(65), lasting(3661)),
            ("1:05".into(), "1:01:01".into())
        );
    }
}
