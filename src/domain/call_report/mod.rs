//! Why a call went as it did: the steps that are kept of it, what its apps report, and the one sentence that follows from both.
//!
//! Owns the words of the record, its bounds, and the rules from record to [`Finding`]. Pure: `service::journal` keeps the steps, the edges
//! show them. A finding is a code with parameters; clients translate that, [`Language`] says it for a terminal.

mod client;
mod device;
mod explain;
mod finding;
mod sentence;
mod side;
mod step;
#[cfg(test)]
mod tests;

pub use client::{
    ClientEnd, ClientReport, ClientState, GatherError, Gathered, IceServerKind, MicrophoneFault,
    QualitySummary, TriedWay,
};
pub use device::device_name;
pub use explain::{CallStory, explain};
pub use finding::{Evidence, Finding, PathUsed, Way};
pub use sentence::Language;
pub use step::{CallStep, CandidateKind, Protocol, RelayRefusal, RelayTransport, SignalName, Step};
