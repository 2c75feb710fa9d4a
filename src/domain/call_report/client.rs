//! What an app reports of its part in a call. It is a stranger's word: bounded, read strictly, and never more than a hint.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CandidateKind, Protocol, RelayTransport};
use crate::domain::{Fault, Invalid};

/// Entries of each list.
const MOST_ENTRIES: usize = 32;
/// A clock that is off by more, in milliseconds, is nonsense: a hundred years.
const MOST_OFFSET: i64 = 100 * 366 * 86_400_000;

/// How far a device came in a call.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub enum ClientState {
    /// It looks for a path, or has not begun to.
    Connecting,
    /// It has one.
    Connected,
    /// It had one, and looks for another.
    Restoring,
    /// It is out of the call.
    Ended,
}

/// How the call ended for a device, in its own words.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub enum ClientEnd {
    /// Somebody hung up, or left.
    Hangup,
    /// It was declined.
    Rejected,
    /// Nobody answered.
    NoAnswer,
    /// Another device of the same person took it.
    Elsewhere,
    /// The path or the server was lost for too long.
    Lost,
    /// No path was found.
    NoPath,
    /// It went wrong in another way.
    Failed,
}

/// Why a microphone could not be had.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub enum MicrophoneFault {
    /// The person or the system said no.
    Denied,
    /// There is none.
    Missing,
    /// Another program has it.
    InUse,
    /// The page is not served over https.
    Insecure,
}

/// A candidate that was gathered.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
pub struct Gathered {
    /// Of which kind.
    pub candidate: CandidateKind,
    /// Over what.
    pub protocol: Protocol,
    /// For a relayed one: how the relay was reached.
    #[serde(default)]
    pub relay: Option<RelayTransport>,
}

/// Which server did not answer.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub enum IceServerKind {
    /// `stun:`
    Stun,
    /// `turn:` over UDP.
    Udp,
    /// `turn:` over TCP.
    Tcp,
    /// `turns:`
    Tls,
}

/// An `icecandidateerror`.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
pub struct GatherError {
    /// Of which server.
    pub server: IceServerKind,
    /// 300 to 699: its STUN error code; 700 to 799: it was not reached.
    pub code: u16,
}

/// A kind of candidate pair that was tried, or is in use.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
pub struct TriedWay {
    /// This side's candidate.
    pub local: CandidateKind,
    /// The other side's.
    pub remote: CandidateKind,
    /// Over what this side's candidate sends.
    pub protocol: Protocol,
    /// For a relayed one of this side: how the relay was reached.
    #[serde(default)]
    pub relay: Option<RelayTransport>,
    /// The other side answered a check.
    pub answered: bool,
}

/// What was measured from the first sound to the end.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct QualitySummary {
    /// Percent of the sound that did not arrive here.
    pub loss_down: Option<u8>,
    /// Percent of the sound that the other side says it misses.
    pub loss_up: Option<u8>,
    /// Milliseconds.
    pub jitter_ms: Option<u32>,
    /// Milliseconds there and back.
    pub round_trip_ms: Option<u32>,
}

/// What one device saw of a call until now. A later report of it says all of an earlier one again.
#[derive(Serialize, Deserialize, ToSchema, Clone, PartialEq, Eq, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientReport {
    /// How far it came.
    pub state: ClientState,
    /// How it ended there.
    #[serde(default)]
    pub ended: Option<ClientEnd>,
    /// Why it has no microphone.
    #[serde(default)]
    pub microphone: Option<MicrophoneFault>,
    /// Its clock less the server's, in milliseconds; good to some seconds.
    #[serde(default)]
    pub clock_offset_ms: Option<i64>,
    /// At most 32.
    #[serde(default)]
    pub gathered: Vec<Gathered>,
    /// At most 32.
    #[serde(default)]
    pub errors: Vec<GatherError>,
    /// At most 32.
    #[serde(default)]
    pub ways: Vec<TriedWay>,
    /// The pair in use, or the last one.
    #[serde(default)]
    pub pair: Option<TriedWay>,
    /// Milliseconds from the answer (or the joining) until the first media went out.
    #[serde(default)]
    pub first_sent_ms: Option<u32>,
    /// Milliseconds from the answer (or the joining) until the first media came in.
    #[serde(default)]
    pub first_received_ms: Option<u32>,
    /// What was measured.
    #[serde(default)]
    pub quality: Option<QualitySummary>,
    /// How often another path was looked for.
    #[serde(default)]
    pub restarts: u16,
}

impl ClientReport {
    /// Passes a report that keeps within the bounds.
    ///
    /// # Errors
    /// [`Invalid`], which names each list that is too long and each number that cannot be.
    pub fn bounded(self) -> Result<Self, Invalid> {
        let fault = |field, must: String| Fault {
            field,
            code: "report",
            message: format!("{field} {must}"),
        };
        let lists = [
            ("gathered", self.gathered.len()),
            ("errors", self.errors.len()),
            ("ways", self.ways.len()),
        ];
        let long = lists
            .into_iter()
            .filter(|(_, length)| *length > MOST_ENTRIES);
        let mut faults: Vec<_> = long
            .map(|(field, length)| {
                fault(
                    field,
                    format!("must have at most {MOST_ENTRIES} entries, not {length}"),
                )
            })
            .collect();
        if let Some(offset) = self.clock_offset_ms
            && offset.unsigned_abs() > MOST_OFFSET.unsigned_abs()
        {
            let must = format!("must be within a hundred years, not {offset} ms");
            faults.push(fault("clockOffsetMs", must));
        }
        for error in &self.errors {
            if !(300..800).contains(&error.code) {
                let must = format!("must have codes from 300 to 799, not {}", error.code);
                faults.push(fault("errors", must));
                break;
            }
        }
        let losses = self.quality.iter().flat_map(|q| [q.loss_down, q.loss_up]);
        if let Some(loss) = losses.flatten().find(|loss| *loss > 100) {
            faults.push(fault(
                "quality",
                format!("must have losses up to 100 %, not {loss}"),
            ));
        }
        Invalid::all(faults).map_or(Ok(self), Err)
    }
}
