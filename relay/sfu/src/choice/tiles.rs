//! How large a picture is on a screen, and which layer is large enough for it.

use crate::Source;

/// A picture on a screen, in its pixels; not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    width: u16,
    height: u16,
}

/// Lines of the largest layer of a camera; each smaller layer has half of the next.
const CAMERA_LINES: u32 = 720;
const SCREEN_LINES: u32 = 1080;

impl Tile {
    /// `None` if nothing of it can be seen.
    pub(super) fn new((width, height): (u16, u16)) -> Option<Self> {
        (width > 0 && height > 0).then_some(Self { width, height })
    }

    pub(super) fn area(self) -> u32 {
        u32::from(self.width) * u32::from(self.height)
    }

    /// Returns the smallest of so many layers that need not be stretched by more than a quarter.
    pub(super) fn best_layer(self, source: Source, layers: usize) -> u8 {
        let largest = layers.saturating_sub(1).min(usize::from(u8::MAX)) as u8;
        let lines = match source {
            Source::Screen | Source::ScreenAudio => SCREEN_LINES,
            Source::Camera | Source::Microphone => CAMERA_LINES,
        };
        (0..largest)
            .find(|layer| {
                let has = lines >> (largest - layer).min(31);
                self.lines() * 4 <= has * 5
            })
            .unwrap_or(largest)
    }

    /// The lines of a picture of 16 : 9 that fills the tile.
    fn lines(self) -> u32 {
        u32::from(self.height).max(u32::from(self.width) * 9 / 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(width: u16, height: u16, source: Source, layers: usize) -> u8 {
        Tile::new((width, height))
            .expect("not empty")
            .best_layer(source, layers)
    }

    #[test]
    fn a_small_tile_wants_the_smallest_layer() {
        for (width, height) in [(160, 90), (160, 160), (320, 180), (400, 225)] {
            assert_eq!(
                best(width, height, Source::Camera, 3),
                0,
                "{width} × {height}"
            );
        }
    }

    #[test]
    fn a_larger_tile_wants_a_larger_layer() {
        assert_eq!(best(640, 360, Source::Camera, 3), 1);
        assert_eq!(best(300, 600, Source::Camera, 3), 2, "upright, filled");
        assert_eq!(best(1280, 720, Source::Camera, 3), 2);
        assert_eq!(best(u16::MAX, u16::MAX, Source::Camera, 3), 2);
    }

    #[test]
    fn layers_are_counted_from_the_largest() {
        assert_eq!(best(640, 360, Source::Camera, 2), 0);
        assert_eq!(best(1280, 720, Source::Camera, 2), 1);
        assert_eq!(best(1280, 720, Source::Camera, 1), 0);
        assert_eq!(
            best(1280, 720, Source::Screen, 2),
            1,
            "a screen has more lines"
        );
    }

    #[test]
    fn what_cannot_be_seen_is_no_tile() {
        assert_eq!(Tile::new((0, 100)), None);
        assert_eq!(Tile::new((100, 0)), None);
    }
}
