//! What a datagram is, by its first byte (RFC 7983).
//!
//! ChannelData has more room than there: clients of RFC 5766 pick their channels from 0x4000 to 0x7FFE, and nothing else on this port begins so.

/// The protocol of a datagram that came to the media port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatagramClass {
    /// STUN or TURN message: 0 to 3.
    Stun,
    /// DTLS record: 20 to 63.
    Dtls,
    /// TURN ChannelData: 64 to 127.
    ChannelData,
    /// SRTP or SRTCP packet: 128 to 191.
    Rtp,
    /// Nothing that is spoken here: ZRTP, QUIC, the rest.
    Unknown,
}

impl DatagramClass {
    /// Returns the class of `datagram`; an empty one is [`DatagramClass::Unknown`].
    pub fn of(datagram: &[u8]) -> Self {
        match datagram.first() {
            Some(0..=3) => Self::Stun,
            Some(20..=63) => Self::Dtls,
            Some(64..=127) => Self::ChannelData,
            Some(128..=191) => Self::Rtp,
            Some(_) | None => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_decides_the_class() {
        let classes: Vec<_> = (0..=255u8).map(|byte| DatagramClass::of(&[byte])).collect();
        for (byte, class) in classes.into_iter().enumerate() {
            let expected = match byte {
                0..=3 => DatagramClass::Stun,
                20..=63 => DatagramClass::Dtls,
                64..=127 => DatagramClass::ChannelData,
                128..=191 => DatagramClass::Rtp,
                _ => DatagramClass::Unknown,
            };
            assert_eq!(class, expected, "first byte {byte}");
        }
    }

    #[test]
    fn an_empty_datagram_has_no_class() {
        assert_eq!(DatagramClass::of(&[]), DatagramClass::Unknown);
    }
}
