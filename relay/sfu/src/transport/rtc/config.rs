//! How `str0m` is set up.

use std::{net::SocketAddr, time::Instant};

use str0m::{
    Candidate, IceCreds, Rtc,
    bwe::Bitrate,
    format::{Codec, FormatParams},
    media::Frequency,
    rtp::{Extension, ExtensionMap, ExtensionValues},
};

use super::{Credentials, Extensions, REPORT_INTERVAL};
use crate::{Certificate, crypto};

/// The estimate that a connection begins with; probes find more within a second.
const FIRST_ESTIMATE: Bitrate = Bitrate::kbps(800);

/// What Opus is called in blocks of redundant sound that are passed on: what browsers, and `str0m` of itself, call it.
pub(super) const OPUS: u8 = 111;

pub(super) fn rtc(certificate: &Certificate, local: &Credentials, now: Instant) -> Rtc {
    let mut config = Rtc::builder()
        .set_crypto_provider(crypto::provider())
        .set_dtls_cert(certificate.dtls())
        .set_local_ice_credentials(IceCreds {
            ufrag: local.ufrag.clone(),
            pass: local.password.clone(),
        })
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .set_stats_interval(Some(REPORT_INTERVAL))
        .enable_bwe(Some(FIRST_ESTIMATE))
        .set_extension_map(extension_map())
        .clear_codecs()
        .enable_opus(true, true)
        .enable_vp8(true);
    let codecs = config.codec_config();
    // One profile of each: what every client can encode and decode.
    codecs.add_h264(108.into(), Some(109.into()), true, 0x42_e0_1f);
    codecs.add_config(
        98.into(),
        Some(99.into()),
        Codec::Vp9,
        Frequency::NINETY_KHZ,
        None,
        FormatParams {
            profile_id: Some(0),
            ..FormatParams::default()
        },
    );
    codecs.add_config(
        45.into(),
        Some(46.into()),
        Codec::Av1,
        Frequency::NINETY_KHZ,
        None,
        FormatParams::default(),
    );
    let mut rtc = config.build(now);
    // Also to a client that does not ask for it: without reports `str0m` would keep what there is to report for ever.
    rtc.direct_api().enable_twcc_feedback();
    rtc
}

fn extension_map() -> ExtensionMap {
    let mut map = ExtensionMap::empty();
    map.set(1, Extension::AudioLevel);
    map.set(2, Extension::AbsoluteSendTime);
    map.set(3, Extension::TransportSequenceNumber);
    map.set(4, Extension::RtpMid);
    map.set(10, Extension::RtpStreamId);
    map.set(11, Extension::RepairedRtpStreamId);
    map.set(13, Extension::VideoOrientation);
    map
}

pub(super) fn candidate(address: SocketAddr) -> Candidate {
    Candidate::host(address, "udp").expect("a constant address")
}

/// Returns the extensions of a packet to send.
pub(super) fn extensions(extensions: Extensions) -> ExtensionValues {
    ExtensionValues {
        audio_level: extensions.level,
        voice_activity: extensions.voice,
        video_orientation: extensions.orientation.map(Into::into),
        ..ExtensionValues::default()
    }
}
