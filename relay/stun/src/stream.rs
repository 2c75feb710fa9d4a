//! Frames on a stream: STUN messages and ChannelData one after the other (RFC 8489 section 6.2.2, RFC 8656 section 12.5).
//!
//! Owns where a frame ends. Both kinds say their length in bytes 2 and 3; ChannelData is padded to a multiple of 4 bytes. Holds no bytes: whoever
//! reads the stream does. ASCII letters look like ChannelData: what a stream begins with is to be told by its first frame, which is a STUN message.

use crate::{ChannelData, ChannelNumber, DatagramClass, MAGIC_COOKIE, message::HEADER};

/// What a stream's bytes begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// A whole frame. The next one begins after `length` + `padding` bytes.
    Frame {
        /// The frame's bytes without the padding, as a datagram would carry it.
        length: usize,
        /// The bytes between this frame and the next: 0 to 3.
        padding: usize,
    },
    /// A part of a frame.
    Missing {
        /// At least so many bytes more make it whole.
        bytes: usize,
    },
}

/// The stream carries no TURN, and nothing after this makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoTurn {
    /// Neither a STUN message nor ChannelData begins so.
    #[error("no STUN message and no ChannelData")]
    Foreign,
    /// A frame is announced that is longer than frames may be.
    #[error("a frame of {announced} bytes is announced, and {most} are the most")]
    TooLong {
        /// The bytes of the frame without its padding.
        announced: usize,
        /// The limit.
        most: usize,
    },
}

/// Finds the frame that `bytes` begin with; one of more than `most` bytes without its padding is refused as soon as it is announced.
///
/// # Errors
/// [`NoTurn`] at the first byte that tells.
pub fn next(bytes: &[u8], most: usize) -> Result<Next, NoTurn> {
    let (&[b0, b1, l0, l1], rest) = match bytes.split_first_chunk() {
        Some((head, rest)) => (head, rest),
        None if bytes.is_empty() => return Ok(Next::Missing { bytes: 4 }),
        None => {
            kind(bytes)?;
            return Ok(Next::Missing {
                bytes: 4 - bytes.len(),
            });
        }
    };
    let announced = usize::from(u16::from_be_bytes([l0, l1]));
    let (length, padding) = match kind(bytes)? {
        Kind::ChannelData => {
            ChannelNumber::try_from(u16::from_be_bytes([b0, b1])).map_err(|_| NoTurn::Foreign)?;
            let length = ChannelData::HEADER + announced;
            (length, ChannelData::padding(announced))
        }
        Kind::Stun => {
            let cookie = &rest[..rest.len().min(4)];
            if !MAGIC_COOKIE.to_be_bytes().starts_with(cookie) || !announced.is_multiple_of(4) {
                return Err(NoTurn::Foreign);
            }
            (HEADER + announced, 0)
        }
    };
    if length > most {
        return Err(NoTurn::TooLong {
            announced: length,
            most,
        });
    }
    Ok(match (length + padding).checked_sub(bytes.len()) {
        None | Some(0) => Next::Frame { length, padding },
        Some(missing) => Next::Missing { bytes: missing },
    })
}

enum Kind {
    Stun,
    ChannelData,
}

fn kind(bytes: &[u8]) -> Result<Kind, NoTurn> {
    match DatagramClass::of(bytes) {
        DatagramClass::Stun => Ok(Kind::Stun),
        DatagramClass::ChannelData => Ok(Kind::ChannelData),
        DatagramClass::Dtls | DatagramClass::Rtp | DatagramClass::Unknown => Err(NoTurn::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Frame, MAX_MESSAGE};
    use proptest::prelude::*;

    #[test]
    fn channel_data_ends_with_its_padding() {
        let bytes = [0x40, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0, 0x40];
        let frame = Next::Frame {
            length: 9,
            padding: 3,
        };
        assert_eq!(next(&bytes, MAX_MESSAGE), Ok(frame));
        assert_eq!(
            next(&bytes[..9], MAX_MESSAGE),
            Ok(Next::Missing { bytes: 3 })
        );
        assert_eq!(
            next(&[0x40, 0, 0, 4, 1, 2, 3, 4], 8),
            Ok(Next::Frame {
                length: 8,
                padding: 0
            })
        );
    }

    #[test]
    fn what_is_no_turn_is_told_by_the_first_byte_that_tells() {
        for foreign in [
            &b"\x16\x03\x01"[..],
            b"\x80",
            b"\x04",
            b"\xff",
            b"\x7f\xff\x00\x00",
            b"\x00\x01\x00\x01",
            b"\x00\x01\x00\x00\x21\x13",
        ] {
            assert_eq!(next(foreign, MAX_MESSAGE), Err(NoTurn::Foreign));
        }
        assert_eq!(next(&[], MAX_MESSAGE), Ok(Next::Missing { bytes: 4 }));
        assert_eq!(next(&[0], MAX_MESSAGE), Ok(Next::Missing { bytes: 3 }));
        assert_eq!(next(&[0, 3, 0, 8], 28), Ok(Next::Missing { bytes: 24 }));
    }

    #[test]
    fn a_frame_above_the_limit_is_refused_when_it_is_announced() {
        let too_long = NoTurn::TooLong {
            announced: 65_539,
            most: 2048,
        };
        assert_eq!(next(&[0x40, 0, 0xFF, 0xFF], 2048), Err(too_long));
        assert_eq!(
            next(&[0, 3, 0xFF, 0xFC, 0x21], 2048),
            Err(NoTurn::TooLong {
                announced: 65_552,
                most: 2048
            })
        );
        assert!(next(&[0x40, 0, 0xFF, 0xFF], 65_539).is_ok());
    }

    proptest! {
        #[test]
        fn any_cut_of_any_frames_gives_the_same_frames(
            frames in prop::collection::vec(frame(), 0..8), cuts in prop::collection::vec(1..40usize, 1..20),
        ) {
            let sent: Vec<u8> = frames.iter().flat_map(|(frame, padding)| [&frame[..], &[0; 3][..*padding]].concat()).collect();
            let (mut buffer, mut received, mut rest, mut cuts) = (Vec::new(), Vec::new(), &sent[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (piece, later) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                buffer.extend_from_slice(piece);
                rest = later;
                loop {
                    match next(&buffer, MAX_MESSAGE).unwrap() {
                        Next::Frame { length, padding } => {
                            received.push((buffer[..length].to_vec(), padding));
                            buffer.drain(..length + padding);
                        }
                        Next::Missing { bytes } => {
                            prop_assert!(bytes > 0);
                            break;
                        }
                    }
                }
            }
            prop_assert_eq!(received, frames);
            prop_assert!(buffer.is_empty());
        }

        #[test]
        fn what_is_missing_never_exceeds_the_frame(bytes in prop::collection::vec(any::<u8>(), 0..64), most in 0..100usize) {
            match next(&bytes, most) {
                Ok(Next::Frame { length, padding }) => prop_assert!(length <= most && length + padding <= bytes.len() && padding < 4),
                Ok(Next::Missing { bytes: missing }) => prop_assert!(missing > 0 && missing <= most.max(4) + 3),
                Err(_) => {}
            }
        }
    }

    /// Returns a frame as a stream carries it, and its padding.
    fn frame() -> impl Strategy<Value = (Vec<u8>, usize)> {
        let channel_data = (0x4000..0x7FFFu16, prop::collection::vec(any::<u8>(), 0..50)).prop_map(
            |(number, payload)| {
                let number = ChannelNumber::try_from(number).unwrap();
                let frame = Frame::channel_data(number, payload.len()).padded();
                ([frame.head(), &payload].concat(), frame.padding().len())
            },
        );
        let message =
            (0..0x0400u16, prop::collection::vec(any::<u32>(), 0..12)).prop_map(|(kind, words)| {
                let mut message = [kind, 4 * words.len() as u16]
                    .map(u16::to_be_bytes)
                    .concat();
                message.extend(MAGIC_COOKIE.to_be_bytes());
                message.extend([7; 12]);
                message.extend(words.into_iter().flat_map(u32::to_be_bytes));
                (message, 0)
            });
        prop_oneof![channel_data, message]
    }
}
