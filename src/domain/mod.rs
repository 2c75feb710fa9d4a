//! What the server talks about: ids, names, limits, events and the call state machine.
//!
//! Pure: no clock, no database, no sockets. Everything here is parsed once, at an edge, and trusted from then on.

mod call;
mod call_record;
mod call_report;
mod chat;
mod event;
mod group_call;
mod group_event;
mod group_record;
mod ids;
mod invalid;
mod invite;
mod room;
mod text;
mod time;
mod user;

pub use call::{
    Call, CallError, Command, Effect, Emit, Limits as CallLimits, RelayChange, SignalKind, Target,
    candidate_kinds,
};
pub use call_record::{CallForm, CallKind, CallRecord, CallStatus, EndReason, Leg as CallLeg};
pub use call_report::{
    CallStep, CallStory, CandidateKind, ClientEnd, ClientReport, ClientState, Evidence, Finding,
    GatherError, Gathered, IceServerKind, Language, MicrophoneFault, PathUsed, Protocol,
    QualitySummary, RelayRefusal, RelayTransport, SignalName, Step, TriedWay, Way, device_name,
    explain,
};
pub use chat::{Change, Chat, ChatKind, Member, Message, MessageKind, Page};
pub use event::{CallEvent, Event, SessionEnd};
pub use group_call::{
    Audience, GroupCall, GroupCommand, GroupEffect, GroupLimits, GroupRefusal, GroupRequest,
    Moderation, Newcomer, Speaker,
};
pub use group_event::{GroupEvent, GroupSummons, GroupView, ParticipantView, StopWhy};
pub use group_record::{Admission, Before, CallEntry, GroupPerson, GroupRecord, Outcome};
pub use ids::{
    CallId, ChatId, DeviceId, InviteId, MessageId, ParticipantId, SessionId, SocketId, StepId,
    TokenId, UserId,
};
pub use invalid::{Fault, Invalid};
pub use invite::{Invite, InviteCode, InviteState};
pub use room::{
    Answered, Joining, Link, PauseWhy, PublicationId, Published, Quality, QualityWhy, RoomAsk,
    RoomReport, Sdp, Seat, Source, Tile, Track, VideoState,
};
pub use text::{ChatName, ClientId, Content, NameKey, Password, UserName};
pub use time::UnixMillis;
pub use user::{Actor, Authority, User};
