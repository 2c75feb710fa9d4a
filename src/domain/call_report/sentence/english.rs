//! Findings in English.

use super::super::{Finding, MicrophoneFault, PathUsed, RelayRefusal, RelayTransport, Way};
use super::{joined, span};
use crate::domain::UserId;

pub(super) fn say(finding: &Finding, name: &dyn Fn(UserId) -> String) -> String {
    match finding {
        Finding::Live => "The call goes on.".into(),
        Finding::Closed => "The call was ended from the server.".into(),
        Finding::Talked { seconds, path } => {
            let lasted = seconds.map_or(String::new(), |s| format!(" for {}", span_en(s)));
            let path = match path {
                PathUsed::Direct => ", from device to device".into(),
                PathUsed::Relayed { way } => format!(", through {}", way_en(*way)),
                PathUsed::Room => ", through a room on the server".into(),
                PathUsed::Unknown => String::new(),
            };
            format!("They talked{lasted}{path}.")
        }
        Finding::Poor {
            user,
            loss,
            round_trip_ms,
        } => {
            let loss = loss.map(|loss| format!("{loss} % of the sound was lost"));
            let trip = round_trip_ms.map(|ms| format!("sound took {ms} ms there and back"));
            format!(
                "{}: the connection was poor ({}).",
                name(*user),
                joined(loss, trip)
            )
        }
        Finding::UdpBlocked { user, through, .. } => format!(
            "{} was reached, but that network lets no UDP through{}.",
            name(*user),
            through.map_or(String::new(), |way| format!(
                "; the talk went through {}",
                way_en(way)
            ))
        ),
        Finding::OnlyTls { user, through, .. } => format!(
            "{} was reached, but that network lets nothing but TLS through{}.",
            name(*user),
            through.map_or(String::new(), |way| format!(
                "; the talk went through {}",
                way_en(way)
            ))
        ),
        Finding::Offline { user } => format!("{} was offline: no device rang.", name(*user)),
        Finding::NoAnswer {
            user,
            devices,
            seconds,
        } => {
            let s = if *devices == 1 { "" } else { "s" };
            format!(
                "{} did not answer: it rang for {seconds} s on {devices} device{s}.",
                name(*user)
            )
        }
        Finding::Declined { user } => format!("{} declined.", name(*user)),
        Finding::Cancelled { user, seconds } => {
            format!(
                "{} gave up after {seconds} s, before anybody answered.",
                name(*user)
            )
        }
        Finding::NobodyCame { rung } => {
            format!("Nobody came into the group call; it rang for {rung}.")
        }
        Finding::AnsweredElsewhere { user, device } => {
            let device = device
                .as_ref()
                .map_or(String::new(), |device| format!(" ({device})"));
            format!("{} answered on another device{device}.", name(*user))
        }
        Finding::NoMicrophone { user, fault } => {
            let why = match fault {
                MicrophoneFault::Denied => "the browser was not allowed to use the microphone",
                MicrophoneFault::Missing => "no microphone was found",
                MicrophoneFault::InUse => "another program had the microphone",
                MicrophoneFault::Insecure => {
                    "the page was not opened over https, so the browser gave no microphone"
                }
            };
            format!("{} could not answer: {why}.", name(*user))
        }
        Finding::RelayRefused { user, why } => {
            let why = match why {
                RelayRefusal::Expired => {
                    "its credentials had expired; the app has to be opened anew"
                }
                RelayRefusal::Banned => "the sign-in that they were issued to has ended",
                RelayRefusal::Quota => {
                    "the quota of allocations was reached (turn.allocations_per_user)"
                }
                RelayRefusal::Full => {
                    "the relay had no room left (turn.relay_ports, turn.allocations)"
                }
                RelayRefusal::Request => "the app asked for what the relay does not have",
            };
            format!("The server refused {} its relay: {why}.", name(*user))
        }
        Finding::CertificateExpired { since } => {
            format!(
                "The server's certificate expired at {since}: the way through TLS is closed. Renew it."
            )
        }
        Finding::ClockOff { user, seconds } => format!(
            "{}: the device's clock is {} {}; secure connections may fail until it is set.",
            name(*user),
            span_en(seconds.abs()),
            if *seconds > 0 { "ahead" } else { "behind" }
        ),
        Finding::ServerAddressWrong { user } => format!(
            "{}: the server answers under its name, but not at the address it gives for itself. Check turn.external_address.",
            name(*user)
        ),
        Finding::NoWayOut { user } => {
            format!(
                "{}: that network lets neither UDP nor TCP nor TLS through to the relay.",
                name(*user)
            )
        }
        Finding::NoPath { user } => {
            format!(
                "The call was answered but could not connect (as {} tells).",
                name(*user)
            )
        }
        Finding::ServerRestarted => {
            "The server was started anew, and the call was not taken up again.".into()
        }
        Finding::Vanished { user } => format!(
            "{}: the device was gone all at once and did not come back.",
            name(*user)
        ),
        Finding::PathBroke { user } => format!(
            "{}: the talk broke off, and no other path was found.",
            name(*user)
        ),
        Finding::NotReported { user, old } => {
            let why = if *old {
                "the old app cannot tell"
            } else {
                "the app did not tell"
            };
            format!(
                "{}: {why} what it saw; this is what the server alone knows.",
                name(*user)
            )
        }
        Finding::Incomplete { steps } => {
            format!("The record is not whole: {steps} steps were not written down.")
        }
        Finding::NotRecorded => {
            "Nothing was written down of this call, or it has been removed.".into()
        }
    }
}

fn way_en(way: Way) -> String {
    let over = match way.over {
        RelayTransport::Udp => "UDP",
        RelayTransport::Tcp => "TCP",
        RelayTransport::Tls => "TLS",
    };
    way.port.map_or_else(
        || format!("the server ({over})"),
        |port| format!("{port} ({over})"),
    )
}

fn span_en(seconds: i64) -> String {
    span(seconds, ["s", "min", "h", "d"])
}
