//! What the rooms are loaded with.

use std::num::NonZero;

/// A load: one room, who is in it, and what everybody sends and sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) participants: usize,
    /// How many of them send; the others only watch.
    pub(crate) senders: usize,
    pub(crate) camera: Camera,
    pub(crate) line: LineKind,
    /// Threads of the server.
    pub(crate) workers: NonZero<u8>,
    /// Microphones that are sent to each.
    pub(crate) audible: usize,
}

/// What a sender shows, beside the sound that each sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Camera {
    /// Nothing.
    None,
    /// One stream, which everybody sees.
    One,
    /// Three simulcast layers, all of them sent all the time; everybody sees nine of the others, each 640 × 360 on a screen of 1920 × 1080.
    Layers,
}

/// How clients reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineKind {
    Udp,
    /// ICE-TCP (RFC 6544, RFC 4571).
    Tcp,
    /// A TURN allocation at the very same server.
    Relayed,
}

/// Tiles of a grid.
pub(crate) const TILES: usize = 9;

/// Width and height of a tile, in pixels.
pub(crate) const TILE: (u16, u16) = (640, 360);

/// The layer that fits such a tile.
const TILE_LAYER: u8 = 1;

impl Camera {
    /// Returns the bitrate of each layer in kbit/s, the smallest first.
    pub(crate) fn layers(self) -> &'static [u64] {
        match self {
            Self::None => &[],
            Self::One => &[1_200],
            Self::Layers => &[150, 500, 1_500],
        }
    }
}

impl Load {
    /// Ten with sound and picture over UDP, each to all.
    pub(crate) const TEN: Self = Self {
        participants: 10,
        senders: 10,
        camera: Camera::One,
        line: LineKind::Udp,
        workers: NonZero::<u8>::MIN,
        audible: 32,
    };

    /// Twenty who speak, each to all.
    pub(crate) const TWENTY: Self = Self {
        participants: 20,
        senders: 20,
        camera: Camera::None,
        ..Self::TEN
    };

    /// Returns the load with no more than `most` participants.
    pub(crate) fn of_at_most(self, most: usize) -> Self {
        Self {
            participants: self.participants.min(most),
            senders: self.senders.min(most),
            ..self
        }
    }

    /// Returns whose pictures a participant sees.
    pub(crate) fn seen_by(&self, viewer: usize) -> Vec<usize> {
        let most = match self.camera {
            Camera::None => 0,
            Camera::One => self.senders,
            Camera::Layers => TILES,
        };
        (1..self.participants)
            .map(|step| (viewer + step) % self.participants)
            .filter(|publisher| *publisher < self.senders)
            .take(most)
            .collect()
    }

    /// Returns the layer in which a picture should be seen.
    pub(crate) fn seen_layer(&self) -> u8 {
        match self.camera {
            Camera::None | Camera::One => 0,
            Camera::Layers => TILE_LAYER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_grid_everybody_sees_nine_others_and_is_seen_by_nine() {
        let load = Load {
            camera: Camera::Layers,
            ..Load::TWENTY
        };
        let mut seen = [0; 20];
        for viewer in 0..20 {
            let others = load.seen_by(viewer);
            assert!(others.len() == TILES && !others.contains(&viewer));
            for other in others {
                seen[other] += 1;
            }
        }
        assert_eq!(seen, [TILES; 20]);
    }

    #[test]
    fn one_who_sends_is_seen_by_all_others() {
        let load = Load {
            participants: 31,
            senders: 1,
            ..Load::TEN
        };
        assert!(load.seen_by(0).is_empty());
        assert!((1..31).all(|viewer| load.seen_by(viewer) == [0]));
    }
}
