//! RFC 8489 sections 6 and 12: Binding, and how messages are taken.

use crate::support::{Relay, alice};
use stun::{MessageClass, XorMappedAddress, method};
use turn::DropReason;

#[test]
fn a_binding_request_is_answered_with_the_clients_address() {
    let (mut relay, alice) = (Relay::new(), alice());
    let request = relay.request(method::BINDING).bytes();
    let reply = relay.exchange(alice.five_tuple, &request).unwrap();
    let message = reply.message();
    assert_eq!(
        (message.class(), message.method()),
        (MessageClass::Success, method::BINDING)
    );
    let mapped = message.attribute::<XorMappedAddress>().unwrap();
    assert_eq!(
        mapped.addr(message.transaction_id()),
        alice.five_tuple.client
    );
}

#[test]
fn a_binding_answer_is_at_most_1_6_times_its_request() {
    let (mut relay, alice) = (Relay::new(), alice());
    let request = relay.request(method::BINDING).bytes();
    assert_eq!(
        (
            request.len(),
            relay
                .exchange(alice.five_tuple, &request)
                .unwrap()
                .bytes
                .len()
        ),
        (20, 32)
    );
    let request = relay.request(method::BINDING).fingerprinted();
    assert_eq!(
        (
            request.len(),
            relay
                .exchange(alice.five_tuple, &request)
                .unwrap()
                .bytes
                .len()
        ),
        (28, 40)
    );
}

#[test]
fn an_answer_has_a_fingerprint_if_its_request_had_one() {
    let (mut relay, alice) = (Relay::new(), alice());
    let without = relay.request(method::BINDING).bytes();
    let with = relay.request(method::BINDING).fingerprinted();
    assert!(
        !relay
            .exchange(alice.five_tuple, &without)
            .unwrap()
            .has::<stun::Fingerprint>()
    );
    assert!(
        relay
            .exchange(alice.five_tuple, &with)
            .unwrap()
            .has::<stun::Fingerprint>()
    );
}

#[test]
fn a_wrong_fingerprint_is_answered_by_nothing() {
    let (mut relay, alice) = (Relay::new(), alice());
    let mut request = relay.request(method::BINDING).fingerprinted();
    *request.last_mut().unwrap() ^= 1;
    assert_eq!(relay.exchange(alice.five_tuple, &request), None);
    assert_eq!(relay.drops(DropReason::Malformed), 1);
}

#[test]
fn an_unknown_attribute_that_must_be_understood_is_named_in_a_420() {
    let (mut relay, alice) = (Relay::new(), alice());
    let request = relay
        .request(method::BINDING)
        .raw(0x7FFF, &[])
        .raw(0x0003, &[0; 4])
        .raw(0x7FFF, &[])
        .bytes();
    let reply = relay.exchange(alice.five_tuple, &request).unwrap();
    assert_eq!(reply.code(), Some(420));
    let message = reply.message();
    let unknown = message.raw_attribute(0x000A.into()).unwrap();
    assert_eq!(&*unknown.value, [0x00, 0x03, 0x7F, 0xFF]);
}

#[test]
fn an_unknown_attribute_that_need_not_be_understood_is_ignored() {
    let (mut relay, alice) = (Relay::new(), alice());
    let request = relay.request(method::BINDING).raw(0xC057, &[0; 4]).bytes();
    assert_eq!(
        relay.exchange(alice.five_tuple, &request).unwrap().code(),
        None
    );
}

#[test]
fn indications_answers_and_unknown_methods_are_answered_by_nothing() {
    let (mut relay, alice) = (Relay::new(), alice());
    let binding = relay.indication(method::BINDING).bytes();
    let data = relay.indication(method::DATA).bytes();
    let unknown = relay.request(stun::Method::new(0x00B)).bytes();
    let mut answer = relay.request(method::BINDING).bytes();
    answer[0] |= 1;
    for datagram in [binding, data, unknown, answer] {
        assert_eq!(relay.exchange(alice.five_tuple, &datagram), None);
    }
}
