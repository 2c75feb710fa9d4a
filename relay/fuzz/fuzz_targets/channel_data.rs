//! Finding channel and payload in any bytes, and what the first byte says of them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stun::{ChannelData, DatagramClass, Frame};

fuzz_target!(|bytes: &[u8]| {
    let Some(found) = ChannelData::parse(bytes) else {
        return;
    };
    assert_eq!(DatagramClass::of(bytes), DatagramClass::ChannelData);
    let payload = &bytes[found.payload];
    let framed = [
        Frame::channel_data(found.number, payload.len()).head(),
        payload,
    ]
    .concat();
    assert_eq!(
        framed,
        bytes[..framed.len()],
        "a frame that is read and written again is the same"
    );
});
