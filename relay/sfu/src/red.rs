//! Sound with redundancy (RFC 2198): the newest block, for who does not understand the whole.

/// Blocks of one payload that are read; senders have at most two or three.
const MAX_BLOCKS: usize = 32;
const MORE: u8 = 0x80;

/// The newest block of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Primary<'a> {
    /// Its payload type.
    pub(crate) payload_type: u8,
    /// What it holds; empty if the sender was silent.
    pub(crate) payload: &'a [u8],
}

/// Returns the newest block of `payload`; `None` if it is broken.
pub(crate) fn primary(payload: &[u8]) -> Option<Primary<'_>> {
    let mut rest = payload;
    let mut older = 0;
    for _ in 0..=MAX_BLOCKS {
        let (first, behind) = rest.split_first()?;
        if first & MORE == 0 {
            return Some(Primary {
                payload_type: *first,
                payload: behind.get(older..)?,
            });
        }
        let (block, behind) = rest.split_first_chunk::<4>()?;
        older += usize::from(u16::from_be_bytes([block[2] & 0x03, block[3]]));
        rest = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use str0m::rtp::{RedDecoder, RedEncoder, RedundantBlock};

    use super::*;

    #[test]
    fn the_newest_block_is_the_last() {
        let older = RedundantBlock {
            pt: 111,
            timestamp_offset: 960,
            payload: vec![1, 2, 3],
        };
        let payload = RedEncoder::encode(111, &[7, 8], &[older.clone(), older]);
        assert_eq!(
            primary(&payload),
            Some(Primary {
                payload_type: 111,
                payload: &[7, 8]
            })
        );
    }

    #[test]
    fn a_payload_without_redundancy_is_its_only_block() {
        assert_eq!(
            primary(&[111, 5]),
            Some(Primary {
                payload_type: 111,
                payload: &[5]
            })
        );
    }

    #[test]
    fn a_broken_payload_is_none() {
        assert_eq!(primary(&[]), None);
        assert_eq!(primary(&[0x80 | 111, 0, 0]), None, "cut in a header");
        assert_eq!(
            primary(&[0x80 | 111, 0, 0, 9, 111, 1]),
            None,
            "a block longer than the payload"
        );
        assert_eq!(primary(&[0x80; 400]), None, "headers without an end");
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_str0m_reads(payload in prop::collection::vec(any::<u8>(), 0..200)) {
            let theirs = RedDecoder::decode(&payload).ok().and_then(|blocks| blocks.last().map(|last| (last.pt, last.payload.to_vec())));
            let ours = primary(&payload).map(|block| (block.payload_type, block.payload.to_vec()));
            prop_assert_eq!(ours, theirs);
        }
    }
}
