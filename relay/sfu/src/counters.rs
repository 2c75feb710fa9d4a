//! What a worker's rooms count.

use std::ops::AddAssign;

use crate::Refusal;

/// What a worker's rooms count: gauges first, the rest only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Rooms that there are.
    pub rooms: u64,
    /// Participants that there are.
    pub participants: u64,
    /// Publications that there are.
    pub publications: u64,
    /// Publications that go down to somebody, each for each.
    pub subscriptions: u64,
    /// RTP packets that came.
    pub received: u64,
    /// RTP packets that were forwarded, counted once for each who was sent them.
    pub forwarded: u64,
    /// RTP packets that were sent again: viewers had asked for them, or the link was probed with them.
    pub retransmitted: u64,
    /// What came and was dropped.
    pub dropped: Dropped,
    /// Keyframe requests that viewers sent.
    pub keyframes_asked: u64,
    /// Keyframe requests that publishers were sent.
    pub keyframes_sent: u64,
    /// Reports of missing packets that came from viewers.
    pub nacks: u64,
    /// What was asked and refused.
    pub refused: Refused,
    /// Participants that went without having been asked for.
    pub gone: u64,
    /// Rooms that were closed because nobody took their events.
    pub overflowed: u64,
}

/// What came and was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// Media that nobody wants.
    pub not_wanted: u64,
    /// Media above the limit of its publication.
    pub over_bitrate: u64,
    /// What cannot be read, or came more often than anybody needs.
    pub malformed: u64,
    /// From nobody who is here: STUN without the password, DTLS and RTP on a path that was not proven.
    pub stranger: u64,
    /// RTP of no publication.
    pub unknown_ssrc: u64,
}

/// What was asked and refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refused {
    /// [`Refusal::RoomFull`].
    pub room_full: u64,
    /// [`Refusal::TooManyRooms`].
    pub too_many_rooms: u64,
    /// [`Refusal::NoSuchRoom`].
    pub no_such_room: u64,
    /// [`Refusal::NoSuchParticipant`].
    pub no_such_participant: u64,
    /// [`Refusal::AlreadyThere`].
    pub already_there: u64,
    /// [`Refusal::BadDescription`].
    pub bad_description: u64,
    /// [`Refusal::TooManyPublications`].
    pub too_many_publications: u64,
    /// [`Refusal::TooManyLayers`].
    pub too_many_layers: u64,
    /// [`Refusal::StaleAnswer`].
    pub stale_answer: u64,
    /// [`Refusal::Unsupported`].
    pub unsupported: u64,
}

impl Refused {
    pub(crate) fn count(&mut self, refusal: Refusal) {
        let counter = match refusal {
            Refusal::RoomFull { .. } => &mut self.room_full,
            Refusal::TooManyRooms => &mut self.too_many_rooms,
            Refusal::NoSuchRoom => &mut self.no_such_room,
            Refusal::NoSuchParticipant => &mut self.no_such_participant,
            Refusal::AlreadyThere => &mut self.already_there,
            Refusal::BadDescription(_) => &mut self.bad_description,
            Refusal::TooManyPublications { .. } => &mut self.too_many_publications,
            Refusal::TooManyLayers { .. } => &mut self.too_many_layers,
            Refusal::StaleAnswer => &mut self.stale_answer,
            Refusal::Unsupported => &mut self.unsupported,
        };
        *counter += 1;
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.rooms += other.rooms;
        self.participants += other.participants;
        self.publications += other.publications;
        self.subscriptions += other.subscriptions;
        self.received += other.received;
        self.forwarded += other.forwarded;
        self.retransmitted += other.retransmitted;
        self.dropped += other.dropped;
        self.keyframes_asked += other.keyframes_asked;
        self.keyframes_sent += other.keyframes_sent;
        self.nacks += other.nacks;
        self.refused += other.refused;
        self.gone += other.gone;
        self.overflowed += other.overflowed;
    }
}

impl AddAssign for Dropped {
    fn add_assign(&mut self, other: Self) {
        self.not_wanted += other.not_wanted;
        self.over_bitrate += other.over_bitrate;
        self.malformed += other.malformed;
        self.stranger += other.stranger;
        self.unknown_ssrc += other.unknown_ssrc;
    }
}

impl AddAssign for Refused {
    fn add_assign(&mut self, other: Self) {
        self.room_full += other.room_full;
        self.too_many_rooms += other.too_many_rooms;
        self.no_such_room += other.no_such_room;
        self.no_such_participant += other.no_such_participant;
        self.already_there += other.already_there;
        self.bad_description += other.bad_description;
        self.too_many_publications += other.too_many_publications;
        self.too_many_layers += other.too_many_layers;
        self.stale_answer += other.stale_answer;
        self.unsupported += other.unsupported;
    }
}
