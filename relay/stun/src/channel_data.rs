//! ChannelData, read in place (RFC 8656 section 12.4).

use std::ops::Range;

/// The number of a channel: 0x4000 to 0x7FFE.
///
/// RFC 8656 section 12 ends at 0x4FFF; what is above is for clients of RFC 5766 section 11, of which there are still many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelNumber(u16);

impl ChannelNumber {
    /// The smallest number.
    pub const MIN: Self = Self(0x4000);
    /// The largest number.
    pub const MAX: Self = Self(0x7FFE);

    /// Returns the number as it stands on the wire.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// The number is outside 0x4000 to 0x7FFE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("channel number {0:#06x} is outside 0x4000 to 0x7ffe")]
pub struct NoChannelNumber(u16);

impl TryFrom<u16> for ChannelNumber {
    type Error = NoChannelNumber;

    fn try_from(number: u16) -> Result<Self, NoChannelNumber> {
        if (Self::MIN.0..=Self::MAX.0).contains(&number) {
            Ok(Self(number))
        } else {
            Err(NoChannelNumber(number))
        }
    }
}

/// A ChannelData message, told by its channel and where its payload lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelData {
    /// The channel.
    pub number: ChannelNumber,
    /// The payload's place in the datagram. It may be empty.
    pub payload: Range<usize>,
}

impl ChannelData {
    /// Bytes before the payload.
    pub const HEADER: usize = 4;

    /// Returns how many zero bytes follow `payload` bytes on a stream (RFC 8656 section 12.5).
    pub fn padding(payload: usize) -> usize {
        payload.wrapping_neg() & 3
    }

    /// Finds channel and payload in `datagram`; bytes after the payload are padding and are not looked at.
    ///
    /// Returns `None` if the number is no channel's or the datagram is shorter than its length field says.
    pub fn parse(datagram: &[u8]) -> Option<Self> {
        let [n0, n1, l0, l1, rest @ ..] = datagram else {
            return None;
        };
        let number = ChannelNumber::try_from(u16::from_be_bytes([*n0, *n1])).ok()?;
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        (length <= rest.len()).then_some(Self {
            number,
            payload: Self::HEADER..Self::HEADER + length,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_payload_is_what_the_length_field_says_without_the_padding() {
        let found = ChannelData::parse(&[0x40, 0x01, 0, 2, 7, 8, 0, 0]).unwrap();
        assert_eq!((found.number.get(), found.payload), (0x4001, 4..6));
    }

    #[test]
    fn an_empty_payload_is_channel_data() {
        assert_eq!(
            ChannelData::parse(&[0x4F, 0xFF, 0, 0]).unwrap().payload,
            4..4
        );
    }

    #[test]
    fn a_length_beyond_the_datagram_is_refused() {
        assert_eq!(ChannelData::parse(&[0x40, 0, 0, 3, 1, 2]), None);
    }

    #[test]
    fn numbers_of_rfc_5766_are_channels_and_no_others() {
        assert_eq!(
            ChannelData::parse(&[0x7F, 0xFE, 0, 0]).unwrap().number,
            ChannelNumber::MAX
        );
        assert_eq!(ChannelData::parse(&[0x80, 0, 0, 0]), None);
        assert_eq!(
            ChannelNumber::try_from(0x3FFF),
            Err(NoChannelNumber(0x3FFF))
        );
        assert_eq!(
            ChannelNumber::try_from(0x7FFF),
            Err(NoChannelNumber(0x7FFF))
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_give_a_payload_outside_the_datagram(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(found) = ChannelData::parse(&bytes) {
                prop_assert!(bytes.get(found.payload).is_some());
            }
        }
    }
}
