//! The units of H.264 in a payload (RFC 6184 section 5).

use super::Descriptor;

const UNIT_TYPE: u8 = 0x1F;
const SEQUENCE_PARAMETERS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const FRAGMENT_START: u8 = 0x80;
/// Units of one STAP-A that are looked at: the parameters stand in front.
const MAX_UNITS: usize = 16;

/// A keyframe begins with the sequence parameters: no decoder can use the picture without them, and no browser leaves them out.
pub(super) fn read(payload: &[u8]) -> Option<Descriptor> {
    let keyframe = match payload.first()? & UNIT_TYPE {
        STAP_A => units(payload.get(1..)?).any(|kind| kind == SEQUENCE_PARAMETERS),
        FU_A => {
            let fragment = *payload.get(1)?;
            fragment & FRAGMENT_START != 0 && fragment & UNIT_TYPE == SEQUENCE_PARAMETERS
        }
        kind => kind == SEQUENCE_PARAMETERS,
    };
    Some(Descriptor {
        keyframe,
        ..Descriptor::default()
    })
}

/// Returns the types of an aggregate's units, up to where it is broken.
fn units(mut rest: &[u8]) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        let (unit, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        rest = behind;
        Some(unit.first()? & UNIT_TYPE)
    })
    .take(MAX_UNITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyframe(payload: &[u8]) -> bool {
        read(payload).is_some_and(|read| read.keyframe)
    }

    #[test]
    fn a_keyframe_begins_with_the_sequence_parameters_in_every_kind_of_packet() {
        assert!(keyframe(&[0x67, 0x42]), "alone");
        assert!(
            keyframe(&[0x78, 0, 2, 0x67, 0x42, 0, 1, 0x68]),
            "first of an aggregate"
        );
        assert!(
            keyframe(&[0x78, 0, 1, 0x09, 0, 2, 0x67, 0x42]),
            "behind a delimiter"
        );
        assert!(
            keyframe(&[0x7C, 0x87, 0x42]),
            "the first fragment of long ones"
        );
    }

    #[test]
    fn a_picture_without_its_parameters_is_no_beginning() {
        assert!(!keyframe(&[0x65, 0x88]), "an IDR picture");
        assert!(!keyframe(&[0x7C, 0x85, 0x88]), "its first fragment");
        assert!(!keyframe(&[0x41, 0x9A]), "another picture");
        assert!(!keyframe(&[0x7C, 0x07, 0x42]), "a later fragment");
    }

    #[test]
    fn a_broken_aggregate_is_read_as_far_as_it_goes() {
        assert!(keyframe(&[0x78, 0, 1, 0x67, 0xFF, 0xFF, 0x68]));
        assert!(!keyframe(&[0x78, 0xFF, 0xFF, 0x67]));
        assert!(!keyframe(&[0x78, 0, 0, 0, 1, 0x67]), "an empty unit");
        assert_eq!(read(&[0x7C]), None);
    }
}
