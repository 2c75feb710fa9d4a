//! What a record comes to: a code and its parameters, which every client says in its own language.

use serde::Serialize;
use utoipa::ToSchema;

use super::{MicrophoneFault, RelayRefusal, RelayTransport};
use crate::domain::{UnixMillis, UserId};

/// A way to the relay.
#[derive(Serialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Way {
    /// Over what.
    pub over: RelayTransport,
    /// Which port of the server, if it is known.
    #[schema(required = true)]
    pub port: Option<u16>,
}

/// The way that the media of a call took.
#[derive(Serialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum PathUsed {
    /// From device to device.
    Direct,
    /// Through the relay.
    Relayed {
        /// The hardest way to it that one of the two took.
        way: Way,
    },
    /// To the room of a group call.
    Room,
    /// Nobody has told.
    Unknown,
}

/// Who says so.
#[derive(Serialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// The device itself.
    Reported,
    /// The server alone, from what reached it and what did not.
    Seen,
}

/// What a call's record comes to.
#[derive(Serialize, ToSchema, Clone, PartialEq, Eq, Debug)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Finding {
    /// It goes on.
    Live,
    /// Whoever runs the server ended it.
    Closed,
    /// They talked.
    Talked {
        /// How long, in seconds.
        #[schema(required = true)]
        seconds: Option<i64>,
        /// By which way.
        path: PathUsed,
    },
    /// They talked, and it was hard to understand.
    Poor {
        /// Whose connection it was.
        user: UserId,
        /// Percent of the sound that was lost.
        #[schema(required = true)]
        loss: Option<u8>,
        /// Milliseconds there and back.
        #[serde(rename = "roundTripMs")]
        #[schema(required = true)]
        round_trip_ms: Option<u32>,
    },
    /// A network lets no UDP out.
    UdpBlocked {
        /// Whose.
        user: UserId,
        /// By which way the talk went all the same.
        #[schema(required = true)]
        through: Option<Way>,
        /// Who says so.
        evidence: Evidence,
    },
    /// A network lets nothing out but TLS.
    OnlyTls {
        /// Whose.
        user: UserId,
        /// By which way the talk went all the same.
        #[schema(required = true)]
        through: Option<Way>,
        /// Who says so.
        evidence: Evidence,
    },
    /// No device of them was there to ring.
    Offline {
        /// Who.
        user: UserId,
    },
    /// It rang, and nobody answered.
    NoAnswer {
        /// Who.
        user: UserId,
        /// On how many devices it rang.
        devices: u32,
        /// How long, in seconds.
        seconds: i64,
    },
    /// They declined.
    Declined {
        /// Who.
        user: UserId,
    },
    /// The caller gave up.
    Cancelled {
        /// Who.
        user: UserId,
        /// After how many seconds.
        seconds: i64,
    },
    /// Nobody came into a group call.
    NobodyCame {
        /// How many people it rang for.
        rung: u32,
    },
    /// Another device of the same person took the call.
    AnsweredElsewhere {
        /// Who.
        user: UserId,
        /// How that device calls itself.
        #[schema(required = true)]
        device: Option<String>,
    },
    /// They wanted to answer, and the browser gave no microphone.
    NoMicrophone {
        /// Who.
        user: UserId,
        /// Why.
        fault: MicrophoneFault,
    },
    /// The relay refused somebody, and there was no other way.
    RelayRefused {
        /// Whom.
        user: UserId,
        /// Why.
        why: RelayRefusal,
    },
    /// The server's certificate has expired: TLS, often the last way, is closed.
    CertificateExpired {
        /// When.
        #[schema(value_type = String, format = DateTime)]
        since: UnixMillis,
    },
    /// A device's clock is wrong.
    ClockOff {
        /// Whose.
        user: UserId,
        /// By how many seconds it is ahead; below zero: behind.
        seconds: i64,
    },
    /// The server was reached under its name, but not at the address it gives for itself.
    ServerAddressWrong {
        /// Who found so.
        user: UserId,
    },
    /// A network lets nothing through to the server's relay, by no way.
    NoWayOut {
        /// Whose.
        user: UserId,
    },
    /// It was answered, and no path was found.
    NoPath {
        /// Who told.
        user: UserId,
    },
    /// The server was started anew, and the call was not taken up again.
    ServerRestarted,
    /// A device was gone all at once and did not come back.
    Vanished {
        /// Whose.
        user: UserId,
    },
    /// They talked until the path broke, and no other was found.
    PathBroke {
        /// Who told.
        user: UserId,
    },
    /// An app did not tell what it saw: what is said of it is what the server alone knows.
    NotReported {
        /// Whose.
        user: UserId,
        /// It is too old to.
        old: bool,
    },
    /// Some steps could not be written down.
    Incomplete {
        /// How many.
        steps: u32,
    },
    /// Nothing was written down of this call, or it has been removed since.
    NotRecorded,
}
