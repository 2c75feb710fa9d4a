//! Our ICE ufrags: the worker's index in two hex digits, then randomness.
//!
//! So the owner of a connectivity check is computed and never looked up.

use rand::Rng;

/// Letters and digits, of which each carries 5 bits.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Random characters of a ufrag: 30 bits.
const RANDOM_OF_UFRAG: usize = 6;

/// Random characters of a password: 120 bits, of which RFC 8445 asks for 128 or so and at least 22 characters.
const RANDOM_OF_PASSWORD: usize = 28;

/// Length of our ufrags.
pub(crate) const LENGTH: usize = 2 + RANDOM_OF_UFRAG;

/// Returns a new ufrag of a worker.
pub(crate) fn new_ufrag(worker: u8, random: &mut impl Rng) -> String {
    let mut ufrag = format!("{worker:02x}");
    append_random(&mut ufrag, RANDOM_OF_UFRAG, random);
    ufrag
}

/// Returns a new ICE password.
pub(crate) fn new_password(random: &mut impl Rng) -> String {
    let mut password = String::with_capacity(RANDOM_OF_PASSWORD);
    append_random(&mut password, RANDOM_OF_PASSWORD, random);
    password
}

fn append_random(text: &mut String, length: usize, random: &mut impl Rng) {
    for _ in 0..length {
        let index = random.next_u32() as usize % ALPHABET.len();
        text.push(char::from(ALPHABET[index]));
    }
}

/// Returns the worker that an ICE ufrag of ours belongs to, for a STUN Binding request by its USERNAME (`ours:theirs`, RFC 8445 section 7.2.2).
///
/// `None` is anything else: no Binding request, no USERNAME, a ufrag that is not of our form.
pub fn worker_of_request(datagram: &[u8]) -> Option<u8> {
    let ufrag = ufrag_of_request(datagram)?;
    let worker = ufrag.get(..2)?;
    let lower = worker.bytes().all(|c| !c.is_ascii_uppercase() && c != b'+');
    lower.then(|| u8::from_str_radix(worker, 16).ok()).flatten()
}

/// Returns whether a datagram is a successful answer to a STUN Binding request: rooms ask participants whether they are where they want to be.
pub fn is_answer(datagram: &[u8]) -> bool {
    matches!(datagram, [0x01, 0x01, _, _, 0x21, 0x12, 0xa4, 0x42, ..])
}

/// Returns the ufrag of the receiver in a Binding request, if it has the form of ours.
pub(crate) fn ufrag_of_request(datagram: &[u8]) -> Option<&str> {
    const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
    const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
    const USERNAME: [u8; 2] = [0x00, 0x06];

    let (header, mut attributes) = datagram.split_at_checked(20)?;
    if header[..2] != BINDING_REQUEST || header[4..8] != MAGIC_COOKIE {
        return None;
    }
    while let Some((head, rest)) = attributes.split_at_checked(4) {
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = rest.get(..length)?;
        if head[..2] == USERNAME {
            let ufrag = value.get(..LENGTH)?;
            let ours = value.get(LENGTH) == Some(&b':') && ufrag.is_ascii();
            return ours.then(|| str::from_utf8(ufrag).ok()).flatten();
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn the_worker_of_a_request_is_read_from_its_username() {
        let mut random = StdRng::from_seed([7; 32]);
        for worker in [0, 1, 0x2a, 255] {
            let ufrag = new_ufrag(worker, &mut random);
            let request = request(&[(0x8022, b"abc"), (6, format!("{ufrag}:theirs").as_bytes())]);
            assert_eq!(ufrag_of_request(&request), Some(ufrag.as_str()));
            assert_eq!(worker_of_request(&request), Some(worker));
        }
    }

    #[test]
    fn a_username_that_is_not_of_our_form_is_of_no_worker() {
        for name in [
            "",
            "01abcdef",
            "01abcdefg:theirs",
            "01abcde:theirs",
            "0Gabcdef:theirs",
            "0Aabcdef:theirs",
            "+1abcdef:theirs",
            "1700000000:abcd",
        ] {
            assert_eq!(
                worker_of_request(&request(&[(6, name.as_bytes())])),
                None,
                "{name}"
            );
        }
        assert_eq!(worker_of_request(&request(&[])), None);
    }

    #[test]
    fn only_a_binding_request_is_looked_at() {
        let good = request(&[(6, b"01abcdef:theirs")]);
        assert_eq!(worker_of_request(&good), Some(1));
        for (at, value) in [(0, 1), (1, 3), (4, 0)] {
            let mut other = good.clone();
            other[at] = value;
            assert_eq!(worker_of_request(&other), None);
        }
    }

    #[test]
    fn ufrags_and_passwords_are_as_long_as_ice_asks_and_differ() {
        let mut random = StdRng::from_seed([1; 32]);
        let passwords: Vec<_> = (0..100).map(|_| new_password(&mut random)).collect();
        assert!(passwords.iter().all(|password| password.len() >= 22));
        let mut distinct = passwords.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), passwords.len());
        assert_eq!(new_ufrag(3, &mut random).len(), LENGTH);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = worker_of_request(&bytes);
            let mut request = request(&[]);
            request.extend(bytes);
            let _ = worker_of_request(&request);
        }
    }

    fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        bytes.extend([9; 12]);
        for (kind, value) in attributes {
            bytes.extend(kind.to_be_bytes());
            bytes.extend((value.len() as u16).to_be_bytes());
            bytes.extend_from_slice(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }
}
