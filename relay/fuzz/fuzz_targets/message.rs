//! Reading any bytes as a STUN message, and every attribute that the server looks at.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use stun::{
    AdditionalAddressFamily, ChannelNumberAttribute, Data, DontFragment, EvenPort, Lifetime, Nonce,
    Realm, RequestedAddressFamily, RequestedTransport, ReservationToken, UnknownAttributes,
    Username, XorPeerAddress,
};

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    /// Whatever comes.
    Bytes(&'a [u8]),
    /// A header that is right, so that the attributes are looked at.
    Attributes {
        kind: u16,
        id: [u8; 12],
        attributes: Vec<(u16, &'a [u8])>,
    },
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Bytes(bytes) => read(bytes),
        Input::Attributes {
            kind,
            id,
            attributes,
        } => read(&message(kind, id, &attributes)),
    }
});

fn message(kind: u16, id: [u8; 12], attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, value) in attributes {
        // Most of what is spoken here is below 0x40, or the same from 0x8000.
        body.extend((kind & 0x803F).to_be_bytes());
        body.extend((value.len() as u16).to_be_bytes());
        body.extend(*value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut bytes = (kind & 0x3FFF).to_be_bytes().to_vec();
    bytes.extend((body.len() as u16).to_be_bytes());
    bytes.extend([0x21, 0x12, 0xA4, 0x42]);
    bytes.extend(id);
    bytes.extend(body);
    bytes
}

fn read(bytes: &[u8]) {
    if let Some(send) = stun::SendIndication::parse(bytes) {
        assert!(bytes.get(send.payload).is_some());
    }
    let Ok(message) = stun::read(bytes) else {
        return;
    };
    for (offset, attribute) in message.iter_attributes() {
        assert!(offset + 4 + usize::from(attribute.header.length()) <= bytes.len());
    }
    let id = message.transaction_id();
    let _ = message
        .attribute::<XorPeerAddress>()
        .map(|peer| peer.addr(id));
    let _ = message.attribute::<Data>().map(|data| data.data().len());
    let _ = message
        .attribute::<Username>()
        .map(|name| name.username().len());
    let _ = message
        .attribute::<Realm>()
        .map(|realm| realm.realm().len());
    let _ = message
        .attribute::<Nonce>()
        .map(|nonce| nonce.nonce().len());
    let _ = message
        .attribute::<Lifetime>()
        .map(|lifetime| lifetime.seconds());
    let _ = message
        .attribute::<ChannelNumberAttribute>()
        .map(|channel| channel.channel());
    let _ = message
        .attribute::<RequestedTransport>()
        .map(|transport| transport.protocol());
    let _ = message
        .attribute::<RequestedAddressFamily>()
        .map(|family| family.family());
    let _ = message
        .attribute::<AdditionalAddressFamily>()
        .map(|family| family.family());
    let _ = message.attribute::<EvenPort>().map(|even| even.requested());
    let _ = message
        .attribute::<ReservationToken>()
        .map(|token| token.token());
    let _ = message.attribute::<UnknownAttributes>().is_ok();
    let _ = message.attribute::<DontFragment>().is_ok();
}
