//! The test vectors of RFC 5769 and RFC 8489 appendix B.1, byte for byte.

use stun::{
    IntegrityAlgorithm, Key, MessageClass, Nonce, PasswordAlgorithm, PasswordAlgorithmValue, Realm,
    Userhash, Username, XorMappedAddress, fingerprinted, method, read,
};

/// The key of the short-term credentials is their password.
const SHORT_TERM: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";

const REQUEST: &str = "\
    000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36\
    000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";
const IPV4_RESPONSE: &str = "\
    0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643\
    000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
const IPV6_RESPONSE: &str = "\
    010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9\
    00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";
const LONG_TERM_REQUEST: &str = "\
    000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b9000000\
    15001c662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b6578616d706c652e6f7267000008\
    0014f67024656dd64a3e02b8e0712e85c9a28ca89666";
/// As erratum 6268 has it.
const SHA256_REQUEST: &str = "\
    000100902112a44278ad3433c6ad72c029da412e001e00204a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704\
    001500296f624d61744a6f7332414141\
    43662f2f3439396b39353464364f4c33346f4c394653547679363473410000000014000b6578616d706c652e6f726700001d000400020000\
    001c0020b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65";

#[test]
fn section_2_1_the_sample_request_reads_and_checks() {
    let bytes = bytes(REQUEST);
    let message = read(&bytes).unwrap();
    assert_eq!(
        (message.class(), message.method()),
        (MessageClass::Request, method::BINDING)
    );
    assert_eq!(
        message.attribute::<Username>().unwrap().username(),
        "evtj:h6vY"
    );
    assert!(fingerprinted(&message));
    assert!(message.is_signed_with(SHORT_TERM));
}

#[test]
fn section_2_2_the_sample_ipv4_response_reads_and_checks() {
    let bytes = bytes(IPV4_RESPONSE);
    let message = read(&bytes).unwrap();
    assert_eq!(
        (message.class(), message.method()),
        (MessageClass::Success, method::BINDING)
    );
    let mapped = message.attribute::<XorMappedAddress>().unwrap();
    assert_eq!(
        mapped.addr(message.transaction_id()),
        "192.0.2.1:32853".parse().unwrap()
    );
    assert!(message.is_signed_with(SHORT_TERM));
}

#[test]
fn section_2_3_the_sample_ipv6_response_reads_and_checks() {
    let bytes = bytes(IPV6_RESPONSE);
    let message = read(&bytes).unwrap();
    let mapped = message.attribute::<XorMappedAddress>().unwrap();
    assert_eq!(
        mapped.addr(message.transaction_id()),
        "[2001:db8:1234:5678:11:2233:4455:6677]:32853"
            .parse()
            .unwrap()
    );
    assert!(message.is_signed_with(SHORT_TERM));
}

#[test]
fn section_2_4_the_sample_request_with_long_term_authentication_reads_and_checks() {
    let bytes = bytes(LONG_TERM_REQUEST);
    let message = read(&bytes).unwrap();
    assert_eq!(
        message.attribute::<Username>().unwrap().username(),
        "マトリックス"
    );
    assert_eq!(message.attribute::<Realm>().unwrap().realm(), "example.org");
    assert_eq!(
        message.attribute::<Nonce>().unwrap().nonce(),
        "f//499k954d6OL34oL9FSTvy64sA"
    );
    let key = |password| {
        Key::long_term(
            PasswordAlgorithmValue::MD5,
            "マトリックス",
            "example.org",
            password,
        )
    };
    assert!(message.is_signed_with(key("TheMatrIX")));
    assert!(!message.is_signed_with(key("TheMatrix")));
}

#[test]
fn rfc_8489_b_1_the_sample_request_with_sha_256_and_userhash_reads_and_checks() {
    let bytes = bytes(SHA256_REQUEST);
    let message = read(&bytes).unwrap();
    assert_eq!(
        message.attribute::<Userhash>().unwrap().hash(),
        &Userhash::compute("マトリックス", "example.org")
    );
    let algorithm = message.attribute::<PasswordAlgorithm>().unwrap();
    let key = Key::long_term(
        algorithm.algorithm(),
        "マトリックス",
        "example.org",
        "TheMatrIX",
    );
    assert_eq!(message.integrity(), Some(IntegrityAlgorithm::Sha256));
    assert!(message.is_signed_with(&key));
}

#[test]
fn a_vector_with_one_bit_turned_no_longer_checks() {
    let whole = bytes(REQUEST);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        let checks = read(&bytes)
            .is_ok_and(|message| fingerprinted(&message) && message.is_signed_with(SHORT_TERM));
        assert!(!checks, "byte {at}");
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .map(|digit| digit.to_digit(16).expect("the vectors are hex") as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}
