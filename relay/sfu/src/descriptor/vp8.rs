//! The payload descriptor of VP8 (RFC 7741 section 4.2).

use str0m::rtp::{Vp8Descriptor, Vp8Patch};

use super::{Descriptor, Patch, Reader};

const EXTENDED: u8 = 0x80;
const PARTITION_START: u8 = 0x10;
const PARTITION: u8 = 0x07;
const HAS_PICTURE: u8 = 0x80;
const HAS_TL0: u8 = 0x40;
const HAS_TEMPORAL: u8 = 0x20;
const HAS_KEY: u8 = 0x10;
/// Of the first byte of a frame: set if the frame rests on others.
const INTER_FRAME: u8 = 0x01;

pub(super) fn read(payload: &[u8]) -> Option<Descriptor> {
    let mut reader = Reader::new(payload);
    let mut read = Descriptor::default();
    let first = reader.next()?;
    if first & EXTENDED != 0 {
        let has = reader.next()?;
        // Section 4.2: L without T is not allowed.
        if has & HAS_TL0 != 0 && has & HAS_TEMPORAL == 0 {
            return None;
        }
        if has & HAS_PICTURE != 0 {
            read.picture = Some(reader.picture()?);
        }
        if has & HAS_TL0 != 0 {
            read.tl0 = Some(reader.tl0()?);
        }
        if has & (HAS_TEMPORAL | HAS_KEY) != 0 {
            let byte = reader.next()?;
            read.temporal = (has & HAS_TEMPORAL != 0).then_some(byte >> 6);
        }
    }
    let frame = reader.peek()?;
    let starts = first & PARTITION_START != 0 && first & PARTITION == 0;
    read.keyframe = starts && frame & INTER_FRAME == 0;
    Some(read)
}

impl Patch {
    /// Returns the same for str0m, which writes it while it sends. `None` if `payload` is not the one this is for.
    pub(crate) fn vp8(&self, payload: &[u8]) -> Option<Vp8Patch> {
        let mut builder = Vp8Descriptor::parse(payload).ok()?.patch();
        if let Some(picture) = self.picture {
            builder = builder.picture_id(picture.value);
        }
        if let Some(tl0) = self.tl0 {
            builder = builder.tl0_pic_idx(tl0.value);
        }
        builder.build().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Picture, Tl0};
    use super::*;

    #[test]
    fn a_keyframe_begins_with_the_first_partition_of_a_frame_that_rests_on_none() {
        assert!(read(&[0x10, 0x00]).is_some_and(|read| read.keyframe));
        assert!(
            read(&[0x10, 0x01]).is_some_and(|read| !read.keyframe),
            "it rests on others"
        );
        assert!(
            read(&[0x00, 0x00]).is_some_and(|read| !read.keyframe),
            "not its beginning"
        );
        assert!(
            read(&[0x11, 0x00]).is_some_and(|read| !read.keyframe),
            "a later partition"
        );
    }

    #[test]
    fn numbers_of_15_bits_are_read_from_where_they_stand() {
        let read = read(&[0x90, 0xE0, 0x92, 0x34, 0x56, 0x60, 0x00]).expect("readable");
        assert_eq!(
            read.picture,
            Some(Picture {
                value: 0x1234,
                wide: true,
                at: 2
            })
        );
        assert_eq!(read.tl0, Some(Tl0 { value: 0x56, at: 4 }));
        assert_eq!(read.temporal, Some(1));
        assert!(read.keyframe);
    }

    #[test]
    fn a_number_of_7_bits_stays_one() {
        let read = read(&[0x90, 0x80, 0x7F, 0x01]).expect("readable");
        assert_eq!(
            read.picture,
            Some(Picture {
                value: 0x7F,
                wide: false,
                at: 2
            })
        );
        let patch = read.patch(0x1280, 0).expect("another number");
        assert_eq!(
            patch.copied(&[0x90, 0x80, 0x7F, 0x01])[..],
            [0x90, 0x80, 0x00, 0x01]
        );
    }

    #[test]
    fn a_descriptor_without_a_frame_or_against_the_rules_is_none() {
        assert_eq!(read(&[0x10]), None);
        assert_eq!(
            read(&[0x90, 0x40, 0x01, 0x00]),
            None,
            "a tl0picidx without a temporal layer"
        );
        assert_eq!(read(&[0x90, 0x80, 0x80]), None, "cut in the picture id");
    }

    #[test]
    fn str0m_writes_what_we_would() {
        let payload = [0x90, 0xE0, 0x92, 0x34, 0x56, 0x60, 0x00];
        let patch = read(&payload)
            .expect("readable")
            .patch(0x0001, 9)
            .expect("other numbers");
        assert_eq!(
            patch.copied(&payload)[..],
            [0x90, 0xE0, 0x80, 0x01, 9, 0x60, 0x00]
        );
        let theirs = Vp8Descriptor::parse(&payload)
            .expect("readable")
            .patch()
            .picture_id(1)
            .tl0_pic_idx(9)
            .build()
            .ok();
        assert!(theirs.is_some());
        assert_eq!(patch.vp8(&payload), theirs);
    }
}
