//! What a client can make a connection keep.

use rand::{SeedableRng, rngs::StdRng};
use str0m::crypto::dtls::{DtlsOutput, DtlsVersion};

use super::*;
use crate::{Certificate, DescriptionBounds, Limits, clock::start, crypto};

#[test]
fn streams_that_a_description_names_no_more_are_let_go_of() {
    let (mut transport, now) = (join(&offer(111, &[1, 2])), start());
    assert_eq!(streams(&mut transport), [1, 2]);
    transport.accept(&offer(111, &[2, 3]), now).unwrap();
    assert_eq!(streams(&mut transport), [2, 3]);
}

#[test]
fn redundant_sound_goes_to_who_has_the_common_number_for_opus() {
    for (number, carries) in [(111, true), (109, false)] {
        let transport = join(&offer(number, &[]));
        assert!(transport.carries(Line(0), Codec::Opus));
        assert_eq!(transport.carries(Line(0), Codec::Red), carries);
    }
}

#[test]
fn a_client_has_so_many_m_lines_of_its_own() {
    let whole = offer(111, &[]).text;
    let (head, line) = whole.split_at(whole.find("m=").unwrap());
    let offer = |lines: usize| {
        let mids: String = (0..lines).map(|mid| format!(" {mid}")).collect();
        let lines: String = (0..lines)
            .map(|mid| line.replace("a=mid:0", &format!("a=mid:{mid}")))
            .collect();
        let head = head.replace("BUNDLE 0", &format!("BUNDLE{mids}"));
        description(&format!("{head}{lines}"))
    };
    let refused = Refusal::BadDescription("too many m-lines of the client's own");
    assert!(try_join(&offer(32)).is_ok());
    assert_eq!(try_join(&offer(33)).err(), Some(refused));
}

#[test]
fn nothing_of_what_a_client_sends_within_dtls_is_passed_on() {
    let mut now = start();
    let new = |active| {
        let certificate = Certificate::generate().unwrap();
        let provider = crypto::provider().dtls_provider;
        let mut dtls = provider
            .new_dtls(&certificate.dtls(), now, DtlsVersion::Dtls12, None)
            .unwrap();
        dtls.set_active(active);
        dtls
    };
    let (mut client, mut server) = (new(true), new(false));
    let mut told = Vec::new();
    let mut buffer = vec![0; 2_048];
    for round in 0..40 {
        now += Duration::from_millis(50);
        client.handle_timeout(now).unwrap();
        server.handle_timeout(now).unwrap();
        if round == 20 {
            client.send_application_data(b"an INIT of SCTP").unwrap();
        }
        for side in 0..2 {
            let (from, to) = if side == 0 {
                (&mut client, &mut server)
            } else {
                (&mut server, &mut client)
            };
            let mut packets = Vec::new();
            loop {
                let output = from.poll_output(&mut buffer);
                if let DtlsOutput::Packet(packet) = output {
                    packets.push(packet.to_vec());
                } else if let DtlsOutput::ApplicationData(data) = output {
                    told.push(data.to_vec());
                } else if let DtlsOutput::Timeout(_) = output {
                    break;
                }
            }
            for packet in packets {
                to.handle_packet(&packet).unwrap();
            }
        }
    }
    assert_eq!(told, [Vec::new()]);
}

fn streams(transport: &mut RtcTransport) -> Vec<u32> {
    let mut api = transport.rtc.direct_api();
    let there = (0..10_u32).filter(|ssrc| api.stream_rx(&(*ssrc).into()).is_some());
    there.collect()
}

fn join(offer: &Description) -> RtcTransport {
    try_join(offer).unwrap()
}

fn try_join(offer: &Description) -> Result<RtcTransport, Refusal> {
    let settings = Settings {
        worker: 0,
        candidates: Vec::new(),
        certificate: Certificate::generate().unwrap(),
        limits: Limits::default(),
    };
    let mut random = StdRng::from_seed([7; 32]);
    RtcTransport::join(&settings, offer, &mut random, start()).map(|(transport, _)| transport)
}

/// One m-line of sound that goes both ways.
fn offer(opus: u8, ssrcs: &[u32]) -> Description {
    let fingerprint = vec!["AA"; 32].join(":");
    let ssrcs: String = ssrcs
        .iter()
        .map(|ssrc| format!("a=ssrc:{ssrc} cname:x\r\n"))
        .collect();
    description(&format!(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=ice-ufrag:abcd\r\n\
         a=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 {fingerprint}\r\na=setup:actpass\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF {opus} 63\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n\
         a=rtpmap:{opus} opus/48000/2\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 {opus}/{opus}\r\n{ssrcs}"
    ))
}

fn description(text: &str) -> Description {
    Description::parse(text, DescriptionBounds::of(33)).unwrap()
}
