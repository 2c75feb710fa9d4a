//! One thing that happened in a call, as the record has it. The same names stand in the store and on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ClientReport;
use crate::domain::{EndReason, SessionId, UnixMillis, UserId};

/// How a device reaches the relay.
#[derive(
    Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug,
)]
#[serde(rename_all = "lowercase")]
pub enum RelayTransport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream inside TLS.
    Tls,
}

/// Where a candidate comes from (RFC 8445 section 4).
#[derive(
    Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug,
)]
#[serde(rename_all = "lowercase")]
pub enum CandidateKind {
    /// An address of the device itself.
    Host,
    /// What a STUN server sees of it.
    Srflx,
    /// What the other side sees of it.
    Prflx,
    /// An address of the relay.
    Relay,
}

/// What a candidate's packets travel by.
#[derive(
    Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug,
)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
}

/// Why the relay refused an allocation.
#[derive(
    Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug,
)]
#[serde(rename_all = "lowercase")]
pub enum RelayRefusal {
    /// Its credentials have expired.
    Expired,
    /// Its sign-in has ended.
    Banned,
    /// Its user has as many as one may have.
    Quota,
    /// There are no more ports or sockets.
    Full,
    /// It asked for what there is not here.
    Request,
}

/// A session description that passed between the two sides.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub enum SignalName {
    /// An offer.
    Offer,
    /// An answer.
    Answer,
}

/// What happened.
#[derive(Serialize, Deserialize, ToSchema, Clone, PartialEq, Eq, Debug)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Step {
    /// Somebody called.
    Started {
        /// With pictures.
        video: bool,
    },
    /// It rang on a device.
    Rang {
        /// Its app is too old to report.
        old: bool,
    },
    /// Somebody took the call, or came into it.
    Accepted,
    /// Somebody declined.
    Declined,
    /// Another device speaks for them from here on.
    Moved,
    /// Somebody left a group call.
    Left,
    /// The ICE servers that a device was told of.
    ServersIssued {
        /// `turn:` and `turns:` URLs.
        urls: Vec<String>,
        /// For how long, in seconds.
        seconds: u64,
    },
    /// A session description passed.
    Signaled {
        /// Which.
        what: SignalName,
        /// The app that sent it is too old to report.
        old: bool,
    },
    /// The first candidate of its kind passed.
    Candidate {
        /// Of which kind.
        candidate: CandidateKind,
        /// Over what.
        protocol: Protocol,
    },
    /// The relay made an allocation.
    Allocated {
        /// How the device reached it.
        over: RelayTransport,
    },
    /// The relay refused one.
    AllocationRefused {
        /// How the device reached it.
        over: RelayTransport,
        /// Why.
        why: RelayRefusal,
    },
    /// An allocation ended.
    AllocationEnded {
        /// How the device reached it.
        over: RelayTransport,
        /// Bytes that the device sent through it.
        sent: u64,
        /// Bytes that it was sent.
        received: u64,
    },
    /// A device reached the room of a group call.
    RoomReached,
    /// Nothing was heard of it in the room for some seconds.
    RoomLost,
    /// A device was sent the first media of somebody in the room.
    RoomHeard,
    /// A device lost its connection to the server.
    SignalingLost,
    /// It is back.
    SignalingBack,
    /// The server was started anew while the call went on.
    Restarted,
    /// The server's certificate had expired when the call began.
    CertificateExpired {
        /// When.
        #[schema(value_type = String, format = DateTime)]
        since: UnixMillis,
    },
    /// A device's app told what it saw.
    Reported {
        /// What.
        report: Box<ClientReport>,
    },
    /// It was over.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// What happened here was more than could be written down.
    Dropped {
        /// Steps.
        steps: u32,
    },
}

impl Step {
    /// The name of its kind, as `kind` has it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Rang { .. } => "rang",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Moved => "moved",
            Self::Left => "left",
            Self::ServersIssued { .. } => "servers_issued",
            Self::Signaled { .. } => "signaled",
            Self::Candidate { .. } => "candidate",
            Self::Allocated { .. } => "allocated",
            Self::AllocationRefused { .. } => "allocation_refused",
            Self::AllocationEnded { .. } => "allocation_ended",
            Self::RoomReached => "room_reached",
            Self::RoomLost => "room_lost",
            Self::RoomHeard => "room_heard",
            Self::SignalingLost => "signaling_lost",
            Self::SignalingBack => "signaling_back",
            Self::Restarted => "restarted",
            Self::CertificateExpired { .. } => "certificate_expired",
            Self::Reported { .. } => "reported",
            Self::Ended { .. } => "ended",
            Self::Dropped { .. } => "dropped",
        }
    }
}

/// One step of a call's record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallStep {
    /// When.
    pub at: UnixMillis,
    /// Whose; `None`: the server's own.
    pub user: Option<UserId>,
    /// On which sign-in.
    pub session: Option<SessionId>,
    /// How its device calls itself.
    pub device: Option<String>,
    /// What.
    pub step: Step,
}
