//! Finding the frames of a stream: the same ones however the bytes are cut, and never past their end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stun::stream::{self, Next, NoTurn};

/// What frames may be long, in bytes.
const MOST: usize = 300;

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let mut at = 0;
    while let Ok(Next::Frame { length, padding }) = stream::next(&bytes[at..], MOST) {
        assert!((1..=MOST).contains(&length) && padding < 4);
        let whole = length + padding;
        // With less of it, more is asked for, and never more than is missing.
        let cut = usize::from(cut) % whole;
        match stream::next(&bytes[at..at + cut], MOST) {
            Ok(Next::Missing { bytes }) => assert!((1..=whole - cut).contains(&bytes)),
            other => panic!("{cut} of {whole} bytes: {other:?}"),
        }
        at += whole;
    }
    match stream::next(&bytes[at..], MOST) {
        Ok(Next::Missing { bytes }) => assert!(bytes > 0),
        Err(NoTurn::TooLong { announced, most }) => assert!(announced > most),
        Err(NoTurn::Foreign) => {}
        Ok(Next::Frame { .. }) => unreachable!("the loop goes on"),
    }
});
