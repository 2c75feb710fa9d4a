//! The aggregation header of AV1 and the first unit behind it (RTP payload format for AV1, section 4.4).

use super::{Descriptor, Reader};

/// Z: the first element goes on from the packet before.
const GOES_ON: u8 = 0x80;
const COUNT: u8 = 0x30;
/// N: the first packet of a coded video sequence.
const NEW_SEQUENCE: u8 = 0x08;
const OBU_TYPE: u8 = 0x78;
const OBU_EXTENDED: u8 = 0x04;
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;

pub(super) fn read(payload: &[u8]) -> Option<Descriptor> {
    let mut reader = Reader::new(payload);
    let header = reader.next()?;
    let first = first_unit(header, &mut reader);
    let mut read = Descriptor::default();
    if header & GOES_ON == 0 {
        read.keyframe =
            header & NEW_SEQUENCE != 0 || first.is_some_and(|unit| unit.kind == SEQUENCE_HEADER);
        read.temporal = first.and_then(|unit| unit.temporal);
    }
    Some(read)
}

#[derive(Clone, Copy)]
struct Unit {
    kind: u8,
    temporal: Option<u8>,
}

/// Returns the first unit that is no temporal delimiter: senders should leave that one out, not all do.
fn first_unit(header: u8, reader: &mut Reader<'_>) -> Option<Unit> {
    // With one element only, and with the last of those counted, no length stands in front.
    let count = (header & COUNT) >> 4;
    if count != 1 {
        length(reader)?;
    }
    let first = unit(reader)?;
    if first.kind != TEMPORAL_DELIMITER || count == 1 {
        return Some(first);
    }
    if count != 2 {
        length(reader)?;
    }
    unit(reader)
}

fn unit(reader: &mut Reader<'_>) -> Option<Unit> {
    let header = reader.next()?;
    let temporal = if header & OBU_EXTENDED != 0 {
        Some(reader.next()? >> 5)
    } else {
        None
    };
    Some(Unit {
        kind: (header & OBU_TYPE) >> 3,
        temporal,
    })
}

/// Skips a number of at most 8 bytes of 7 bits each.
fn length(reader: &mut Reader<'_>) -> Option<()> {
    (0..8)
        .map_while(|_| reader.next())
        .any(|byte| byte & 0x80 == 0)
        .then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyframe(payload: &[u8]) -> bool {
        read(payload).is_some_and(|read| read.keyframe)
    }

    #[test]
    fn a_keyframe_begins_a_coded_video_sequence() {
        assert!(keyframe(&[0x18, 0x08, 0x00]), "marked so");
        assert!(keyframe(&[0x10, 0x08, 0x00]), "a sequence header alone");
        assert!(
            keyframe(&[0x20, 0x02, 0x08, 0x00, 0x30]),
            "a sequence header in front"
        );
        assert!(
            keyframe(&[0x20, 0x01, 0x10, 0x08, 0x00]),
            "behind a delimiter"
        );
        assert!(
            keyframe(&[0x00, 0x01, 0x10, 0x02, 0x08, 0x00]),
            "lengths everywhere"
        );
    }

    #[test]
    fn a_frame_or_what_goes_on_is_no_beginning() {
        assert!(!keyframe(&[0x10, 0x30, 0x00]), "a frame");
        assert!(!keyframe(&[0x98, 0x08]), "the rest of an element");
        assert!(!keyframe(&[0x90, 0x08]));
    }

    #[test]
    fn the_temporal_layer_is_read_from_the_unit() {
        let read = read(&[0x10, 0x34, 0x40, 0x00]).expect("readable");
        assert_eq!(read.temporal, Some(2));
    }

    #[test]
    fn a_length_without_an_end_is_no_unit() {
        assert!(!keyframe(&[
            0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x08
        ]));
    }
}
