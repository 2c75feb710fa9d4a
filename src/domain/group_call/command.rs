//! What is done to a group call, what comes of it, and why it may refuse.

use super::super::{
    GroupEvent, GroupRecord, ParticipantId, PublicationId, RoomAsk, RoomReport, SessionId,
    SocketId, Source, UserId, UserName,
};

/// A participant, and the sign-in that says to be it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Speaker {
    /// Whose sign-in.
    pub user: UserId,
    /// Which.
    pub session: SessionId,
    /// The participant that it speaks for.
    pub participant: ParticipantId,
}

/// Somebody's device that comes in.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: UserName,
    /// Their sign-in.
    pub session: SessionId,
    /// The socket that speaks for the participant.
    pub socket: SocketId,
    /// The microphone is off.
    pub muted: bool,
    /// The camera is on.
    pub camera: bool,
}

impl Newcomer {
    /// Returns what is not forwarded of them when they come in.
    #[must_use]
    pub fn silenced(&self) -> Vec<Source> {
        let microphone = self.muted.then_some(Source::Microphone);
        let camera = (!self.camera).then_some(Source::Camera);
        microphone.into_iter().chain(camera).collect()
    }
}

/// What a moderator does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moderation {
    /// Turns somebody's microphone off.
    Mute(UserId),
    /// Removes somebody for good.
    Remove(UserId),
    /// Lets nobody new in, or anybody again.
    Lock(bool),
}

/// What somebody, the room or the clock does to a group call.
#[derive(Clone, Debug)]
pub enum GroupCommand {
    /// A socket of somebody who may see the call came.
    Attach {
        /// Whose.
        user: UserId,
        /// Of which sign-in.
        session: SessionId,
        /// Which.
        socket: SocketId,
    },
    /// A socket is gone.
    Detach(SocketId),
    /// The room let a device in that was admitted ([`super::GroupCall::admits`]).
    Joined {
        /// Who.
        newcomer: Newcomer,
        /// As which participant.
        participant: ParticipantId,
        /// What it publishes.
        publications: Vec<PublicationId>,
    },
    /// The room answered a participant's later offer.
    Offered {
        /// Whose.
        participant: ParticipantId,
        /// What it publishes from here on.
        publications: Vec<PublicationId>,
    },
    /// The room took a participant's answer to its own offer.
    Answered {
        /// Whose.
        participant: ParticipantId,
        /// To which offer.
        number: u32,
    },
    /// A socket speaks on for a participant whose socket was lost.
    Resume {
        /// Which.
        speaker: Speaker,
        /// The new socket.
        socket: SocketId,
    },
    /// A participant's own switches, as they are now.
    Switch {
        /// Whose.
        speaker: Speaker,
        /// The microphone is off.
        muted: bool,
        /// The camera is on.
        camera: bool,
        /// A screen is shared.
        screen: bool,
    },
    /// A participant hangs up.
    Leave(Speaker),
    /// Somebody does not want to come.
    Decline(UserId),
    /// Somebody is to be rung, again too.
    Invite {
        /// By whom.
        by: UserId,
        /// That is an administrator.
        admin: bool,
        /// Who.
        user: UserId,
        /// Their name.
        name: UserName,
        /// They are in another call.
        busy: bool,
    },
    /// A moderator acts.
    Moderate {
        /// Who.
        by: UserId,
        /// That is an administrator.
        admin: bool,
        /// What is done.
        action: Moderation,
    },
    /// A user, or one sign-in of theirs, was ended by the server.
    Gone {
        /// Who.
        user: UserId,
        /// Which sign-in; `None`: all.
        session: Option<SessionId>,
    },
    /// Whoever runs the server ends it.
    Close,
    /// The room tells.
    Room(RoomReport),
    /// Time passed.
    Tick,
}

/// What is to be done, in order.
#[derive(Clone, Debug)]
pub enum GroupEffect {
    /// Write the row and those of its people. Nothing that follows may be seen before it is written.
    Save(Box<GroupRecord>),
    /// Ask the room.
    Room(RoomAsk),
    /// A sign-in is in this call no longer: what it holds on the relay ends.
    Retire(SessionId),
    /// Tell somebody.
    Emit(Audience, GroupEvent),
}

/// Who hears an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// One socket.
    Socket(SocketId),
    /// Every socket of one sign-in.
    Session(SessionId),
    /// Every socket of one user, or all but one.
    User {
        /// Who.
        user: UserId,
        /// This socket does not.
        except: Option<SocketId>,
    },
    /// Every participant's socket.
    Participants,
    /// Everybody who may see the call.
    Everybody,
}

/// Why a command was refused. Nothing changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GroupRefusal {
    /// It is over.
    #[error("the call has ended")]
    Ended,
    /// It holds no more.
    #[error("the call already has {limit} participants")]
    Full {
        /// How many it holds.
        limit: usize,
    },
    /// Nobody new may join.
    #[error("the call is locked; ask who started it to let you in")]
    Locked,
    /// A moderator removed them.
    #[error("you were removed from this call")]
    Removed,
    /// Who started it and administrators may.
    #[error("only who started the call or an administrator may do this")]
    NotModerator,
    /// They declined, and are left in peace for a while.
    #[error("they have just declined; they may join by themselves")]
    Declined,
    /// They have nothing to do with it.
    #[error("you do not take part in this call")]
    Stranger,
    /// There is no such participant in it, any more.
    #[error("there is no such participant in this call; join it again")]
    NoSuchParticipant,
    /// More than a participant may ask for in a second, or more candidates than it may have.
    #[error("too many requests for this call at once; try again")]
    TooMuch,
}
