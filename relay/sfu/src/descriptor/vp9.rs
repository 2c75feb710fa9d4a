//! The payload descriptor of VP9 (RFC 9628 section 4.2). All spatial layers of one stream go together.

use super::{Descriptor, Reader};

const HAS_PICTURE: u8 = 0x80;
const INTER_PICTURE: u8 = 0x40;
const HAS_LAYERS: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const BEGINS: u8 = 0x08;

pub(super) fn read(payload: &[u8]) -> Option<Descriptor> {
    let mut reader = Reader::new(payload);
    let mut read = Descriptor::default();
    let first = reader.next()?;
    if first & HAS_PICTURE != 0 {
        read.picture = Some(reader.picture()?);
    }
    let mut spatial = 0;
    if first & HAS_LAYERS != 0 {
        let layers = reader.next()?;
        read.temporal = Some(layers >> 5);
        spatial = (layers >> 1) & 0x07;
        if first & FLEXIBLE == 0 {
            read.tl0 = Some(reader.tl0()?);
        }
    }
    // A picture of several spatial layers ends with the marker: the E bit ends each layer's frame.
    read.keyframe = first & BEGINS != 0 && first & INTER_PICTURE == 0 && spatial == 0;
    Some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyframe_begins_with_the_lowest_spatial_layer_of_a_picture_that_rests_on_none() {
        let keyframe = |payload: &[u8]| read(payload).is_some_and(|read| read.keyframe);
        assert!(keyframe(&[0x08]));
        assert!(keyframe(&[0xA8, 0x81, 0x00, 0x10, 0x07]));
        assert!(!keyframe(&[0x48]), "it rests on others");
        assert!(!keyframe(&[0x04]), "not its beginning");
        assert!(
            !keyframe(&[0xA8, 0x81, 0x00, 0x13, 0x07]),
            "the second spatial layer rests on the first"
        );
    }

    #[test]
    fn both_forms_of_the_layer_indices_are_read() {
        let fixed = read(&[0xA8, 0x92, 0x34, 0x50, 0x77]).expect("readable");
        assert_eq!(fixed.picture.map(|picture| picture.value), Some(0x1234));
        assert_eq!(fixed.tl0.map(|tl0| tl0.value), Some(0x77));
        assert_eq!(fixed.temporal, Some(2));
        let flexible = read(&[0xB8, 0x12, 0x50, 0x77]).expect("readable");
        assert_eq!(flexible.picture.map(|picture| picture.value), Some(0x12));
        assert_eq!(flexible.tl0, None);
    }

    #[test]
    fn a_head_that_is_cut_is_none() {
        for payload in [&[0x80][..], &[0x80, 0x80], &[0x20], &[0x20, 0x00]] {
            assert_eq!(read(payload), None, "{payload:?}");
        }
    }
}
