//! What the head of a video packet's payload says: whether a keyframe begins, and the numbers that a receiver expects to go on without a break.
//!
//! Owns the readers of four payload formats, which never panic and look at a bounded part of a payload, and the writing of other numbers into a
//! copy. Everything behind the head may be encrypted end to end: nothing here looks at it, but for the first byte of a VP8 frame, the types of
//! H.264's units and AV1's, without which no keyframe is known.

mod av1;
mod h264;
mod vp8;
mod vp9;

use std::sync::Arc;

/// A codec whose packets are looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VideoCodec {
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// RFC 6184.
    H264,
    /// The AV1 RTP payload specification of the Alliance for Open Media.
    Av1,
}

/// What a packet says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Descriptor {
    /// Whether a picture begins here that needs no other: the one kind of packet at which a receiver can begin.
    pub(crate) keyframe: bool,
    /// Whether the frame ends here.
    pub(crate) ends_frame: bool,
    /// The temporal layer, 0 being what all others rest on.
    pub(crate) temporal: Option<u8>,
    /// The number of the picture.
    pub(crate) picture: Option<Picture>,
    /// The running number of pictures of temporal layer 0, modulo 256.
    pub(crate) tl0: Option<Tl0>,
}

/// The number of a picture as it stands in a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) value: u16,
    /// Whether it has 15 bits; else 7.
    pub(crate) wide: bool,
    at: u8,
}

/// The number of a picture of temporal layer 0 as it stands in a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tl0 {
    pub(crate) value: u8,
    at: u8,
}

impl Descriptor {
    /// Reads the head of `payload`; `marker` is the RTP header's. `None` if it cannot be of that codec.
    pub(crate) fn parse(codec: VideoCodec, payload: &[u8], marker: bool) -> Option<Self> {
        let read = match codec {
            VideoCodec::Vp8 => vp8::read(payload)?,
            VideoCodec::Vp9 => vp9::read(payload)?,
            VideoCodec::H264 => h264::read(payload)?,
            VideoCodec::Av1 => av1::read(payload)?,
        };
        Some(Self {
            ends_frame: read.ends_frame || marker,
            ..read
        })
    }

    /// Returns what puts these numbers into the payload; `None` if they are there already, or have no place.
    pub(crate) fn patch(&self, picture: u16, tl0: u8) -> Option<Patch> {
        let picture = self
            .picture
            .map(|at| Picture {
                value: if at.wide {
                    picture & 0x7FFF
                } else {
                    picture & 0x7F
                },
                ..at
            })
            .filter(|new| self.picture != Some(*new));
        let tl0 = self
            .tl0
            .map(|at| Tl0 { value: tl0, ..at })
            .filter(|new| self.tl0 != Some(*new));
        (picture.is_some() || tl0.is_some()).then_some(Patch { picture, tl0 })
    }
}

/// Other numbers for one payload: for the one whose descriptor made it, and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patch {
    pub(crate) picture: Option<Picture>,
    pub(crate) tl0: Option<Tl0>,
}

impl Patch {
    /// Writes the numbers into `payload`.
    pub(crate) fn apply(&self, payload: &mut [u8]) {
        if let Some(Picture { value, wide, at }) = self.picture {
            let at = usize::from(at);
            let [high, low] = value.to_be_bytes();
            if !wide {
                set(payload, at, low & 0x7F);
            } else {
                set(payload, at, 0x80 | high);
                set(payload, at + 1, low);
            }
        }
        if let Some(Tl0 { value, at }) = self.tl0 {
            set(payload, usize::from(at), value);
        }
    }

    /// Returns a copy of `payload` with the numbers.
    pub(crate) fn copied(&self, payload: &[u8]) -> Arc<[u8]> {
        let mut copy: Arc<[u8]> = payload.into();
        if let Some(copy) = Arc::get_mut(&mut copy) {
            self.apply(copy);
        }
        copy
    }
}

fn set(payload: &mut [u8], at: usize, byte: u8) {
    if let Some(place) = payload.get_mut(at) {
        *place = byte;
    }
}

/// Reads bytes one after the other.
struct Reader<'a> {
    bytes: &'a [u8],
    at: u8,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(usize::from(self.at))?;
        self.at = self.at.checked_add(1)?;
        Some(byte)
    }

    /// The next byte, left where it is.
    fn peek(&self) -> Option<u8> {
        self.bytes.get(usize::from(self.at)).copied()
    }

    /// The number of a picture: in VP8 and VP9 it stands in the same form.
    fn picture(&mut self) -> Option<Picture> {
        let at = self.at;
        let first = self.next()?;
        let wide = first & 0x80 != 0;
        let value = if wide {
            u16::from_be_bytes([first & 0x7F, self.next()?])
        } else {
            u16::from(first)
        };
        Some(Picture { value, wide, at })
    }

    fn tl0(&mut self) -> Option<Tl0> {
        let at = self.at;
        Some(Tl0 {
            value: self.next()?,
            at,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODECS: [VideoCodec; 4] = [
        VideoCodec::Vp8,
        VideoCodec::Vp9,
        VideoCodec::H264,
        VideoCodec::Av1,
    ];

    #[test]
    fn an_empty_payload_is_of_no_codec() {
        for codec in CODECS {
            assert_eq!(Descriptor::parse(codec, &[], true), None, "{codec:?}");
        }
    }

    #[test]
    fn the_marker_ends_a_frame_in_every_codec() {
        for codec in CODECS {
            let read = Descriptor::parse(codec, &[0x10, 0x01, 0x00, 0x00], true);
            assert!(read.is_some_and(|read| read.ends_frame), "{codec:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(codec in 0..4usize, marker: bool, payload in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Descriptor::parse(CODECS[codec], &payload, marker);
        }

        #[test]
        fn what_was_patched_is_read_back_and_nothing_else_changes(
            codec in 0..2usize, payload in prop::collection::vec(any::<u8>(), 1..32), picture: u16, tl0: u8,
        ) {
            let codec = CODECS[codec];
            let Some(read) = Descriptor::parse(codec, &payload, false) else { return Ok(()) };
            let copy = match read.patch(picture, tl0) {
                Some(patch) => patch.copied(&payload),
                None => payload.clone().into(),
            };
            let again = Descriptor::parse(codec, &copy, false).expect("it was readable before");
            if let Some(new) = again.picture {
                prop_assert_eq!(new.value, if new.wide { picture & 0x7FFF } else { picture & 0x7F });
            }
            if let Some(new) = again.tl0 {
                prop_assert_eq!(new.value, tl0);
            }
            let blind = Descriptor { picture: read.picture.map(|was| Picture { value: 0, ..was }), tl0: read.tl0.map(|was| Tl0 { value: 0, ..was }), ..read };
            let blind_again = Descriptor { picture: again.picture.map(|was| Picture { value: 0, ..was }), tl0: again.tl0.map(|was| Tl0 { value: 0, ..was }), ..again };
            prop_assert_eq!(blind, blind_again);
        }
    }
}
