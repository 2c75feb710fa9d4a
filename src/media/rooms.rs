//! The rooms of group calls: what they are asked and what they report, between our words and those of the relay.
//!
//! Owns the translation; nothing of the relay's own types leaves here.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Media, RETRY};
use crate::domain::{
    Answered, CallId, Joining, Link, ParticipantId, PauseWhy, PublicationId, Published, Quality,
    QualityWhy, RoomAsk, RoomReport, Sdp, Seat, Source, Tile, Track, VideoState,
};

/// Why a room does not do what it is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RoomRefusal {
    /// It holds no more.
    #[error("the call already has {limit} participants")]
    Full {
        /// How many it holds.
        limit: usize,
    },
    /// The participant is not there.
    #[error("there is no such participant in this call; join it again")]
    NoSuchParticipant,
    /// The description cannot be used.
    #[error("sdp cannot be used: {0}")]
    BadDescription(&'static str),
    /// More than a participant may publish.
    #[error("a participant publishes at most {limit} tracks")]
    TooManyPublications {
        /// How many they may be.
        limit: usize,
    },
    /// More layers than a publication may have.
    #[error("a video has at most {limit} layers")]
    TooManyLayers {
        /// How many they may be.
        limit: usize,
    },
    /// A newer offer follows, or was answered.
    #[error("the answer is to an offer that does not count any more")]
    StaleAnswer,
    /// It cannot be asked now.
    #[error("the server has no room for this call now; try again")]
    Unavailable,
}

/// What all rooms report, in order.
#[derive(Debug)]
pub struct Reports(mpsc::Receiver<sfu::Event>);

impl Reports {
    /// Takes what the relay's rooms tell; `None` if somebody has taken it before.
    #[must_use]
    pub fn of(relay: &mut net::Relay) -> Option<Self> {
        relay.rooms_events().map(Self)
    }

    /// Waits for the next report; `None` once the relay has stopped.
    pub async fn next(&mut self) -> Option<(CallId, RoomReport)> {
        let event = self.0.recv().await?;
        let call = CallId::from_u128(event.room().0);
        Some((call, report(event)))
    }
}

impl Media {
    /// Brings a device into the room of `call`, which it makes if there is none.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub async fn enter_room(
        &self,
        call: CallId,
        joining: Joining,
    ) -> Result<Answered, RoomRefusal> {
        let ask = sfu::Ask::Join {
            room: room(call),
            participant: participant(joining.participant),
            offer: joining.offer.0,
            tracks: tracks(joining.tracks),
            silenced: joining.silenced.into_iter().map(to_room).collect(),
        };
        answered(self.ask(ask).await?)
    }

    /// Changes what a participant publishes, or restarts its ICE.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub async fn offer_to_room(
        &self,
        call: CallId,
        id: ParticipantId,
        (offer, of): (Sdp, Vec<Track>),
    ) -> Result<Answered, RoomRefusal> {
        let ask = sfu::Ask::Offer {
            room: room(call),
            participant: participant(id),
            offer: offer.0,
            tracks: tracks(of),
        };
        answered(self.ask(ask).await?)
    }

    /// Brings a participant's answer to offer `number` of its room.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub async fn answer_room(
        &self,
        call: CallId,
        id: ParticipantId,
        (number, answer): (u32, Sdp),
    ) -> Result<(), RoomRefusal> {
        let ask = sfu::Ask::Answer {
            room: room(call),
            participant: participant(id),
            number,
            answer: answer.0,
        };
        self.ask(ask).await.map(drop)
    }

    /// Says what a participant shows, all of it.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub async fn view_room(
        &self,
        call: CallId,
        id: ParticipantId,
        tiles: Vec<Tile>,
    ) -> Result<(), RoomRefusal> {
        let tile = |tile: Tile| sfu::Tile {
            publication: sfu::PublicationId(tile.publication.0),
            width: tile.width,
            height: tile.height,
        };
        let ask = sfu::Ask::View {
            room: room(call),
            participant: participant(id),
            tiles: tiles.into_iter().map(tile).collect(),
        };
        self.ask(ask).await.map(drop)
    }

    /// Tells the room of `call` what must not be lost. What concerns nobody there is nothing to it.
    pub async fn tell_room(&self, call: CallId, ask: RoomAsk) {
        let ask = match ask {
            RoomAsk::Leave(id) => sfu::Ask::Leave {
                room: room(call),
                participant: participant(id),
            },
            RoomAsk::Silence {
                participant: id,
                source,
                silenced,
            } => sfu::Ask::Silence {
                room: room(call),
                participant: participant(id),
                source: to_room(source),
                silenced,
            },
            RoomAsk::Close => sfu::Ask::Close { room: room(call) },
        };
        loop {
            match self.relay.room(ask.clone()).await {
                Err(net::RoomError::Busy) => tokio::time::sleep(RETRY).await,
                Ok(_) | Err(net::RoomError::Stopped) => return,
                Err(net::RoomError::Refused(refusal)) => {
                    return tracing::debug!(%call, %refusal, "a room did not do as it was told");
                }
            }
        }
    }

    async fn ask(&self, ask: sfu::Ask) -> Result<sfu::Reply, RoomRefusal> {
        self.relay.room(ask).await.map_err(refusal)
    }
}

fn room(call: CallId) -> sfu::RoomId {
    sfu::RoomId(call.as_u128())
}

const fn participant(id: ParticipantId) -> sfu::ParticipantId {
    sfu::ParticipantId(id.as_u128())
}

fn tracks(tracks: Vec<Track>) -> Vec<(String, sfu::Source)> {
    let track = |track: Track| (track.mid, to_room(track.source));
    tracks.into_iter().map(track).collect()
}

const fn to_room(source: Source) -> sfu::Source {
    match source {
        Source::Microphone => sfu::Source::Microphone,
        Source::Camera => sfu::Source::Camera,
        Source::Screen => sfu::Source::Screen,
        Source::ScreenAudio => sfu::Source::ScreenAudio,
    }
}

const fn from_room(source: sfu::Source) -> Source {
    match source {
        sfu::Source::Microphone => Source::Microphone,
        sfu::Source::Camera => Source::Camera,
        sfu::Source::Screen => Source::Screen,
        sfu::Source::ScreenAudio => Source::ScreenAudio,
    }
}

fn answered(reply: sfu::Reply) -> Result<Answered, RoomRefusal> {
    let (sfu::Reply::Joined {
        answer,
        publications,
    }
    | sfu::Reply::Answered {
        answer,
        publications,
    }) = reply
    else {
        tracing::error!("a room answered an offer with no description");
        return Err(RoomRefusal::Unavailable);
    };
    let published = |(mid, id): (String, sfu::PublicationId)| Published {
        mid,
        publication: PublicationId(id.0),
    };
    Ok(Answered {
        sdp: answer,
        publications: publications.into_iter().map(published).collect(),
    })
}

fn refusal(error: net::RoomError) -> RoomRefusal {
    let refusal = match error {
        net::RoomError::Refused(refusal) => refusal,
        net::RoomError::Busy | net::RoomError::Stopped => return RoomRefusal::Unavailable,
    };
    match refusal {
        sfu::Refusal::RoomFull { limit } => RoomRefusal::Full { limit },
        sfu::Refusal::NoSuchRoom | sfu::Refusal::NoSuchParticipant => {
            RoomRefusal::NoSuchParticipant
        }
        sfu::Refusal::BadDescription(why) => RoomRefusal::BadDescription(why),
        sfu::Refusal::TooManyPublications { limit } => RoomRefusal::TooManyPublications { limit },
        sfu::Refusal::TooManyLayers { limit } => RoomRefusal::TooManyLayers { limit },
        sfu::Refusal::StaleAnswer => RoomRefusal::StaleAnswer,
        sfu::Refusal::TooManyRooms | sfu::Refusal::AlreadyThere | sfu::Refusal::Unsupported => {
            tracing::warn!(%refusal, "a room cannot be had");
            RoomRefusal::Unavailable
        }
    }
}

/// Returns what a room's event means to us.
fn report(event: sfu::Event) -> RoomReport {
    let id = |id: sfu::ParticipantId| ParticipantId::from_u128(id.0);
    match event {
        sfu::Event::Offer {
            participant,
            number,
            offer,
            ..
        } => RoomReport::Offer {
            participant: id(participant),
            number,
            sdp: offer.into(),
        },
        sfu::Event::Seats {
            participant, seats, ..
        } => {
            let seat = |seat: sfu::Seat| Seat {
                mid: seat.mid,
                publication: PublicationId(seat.publication.0),
                publisher: id(seat.publisher),
                source: from_room(seat.source),
            };
            RoomReport::Seats {
                participant: id(participant),
                seats: seats.into_iter().map(seat).collect(),
            }
        }
        sfu::Event::Connected { participant, .. } | sfu::Event::Back { participant, .. } => {
            RoomReport::Link(id(participant), Link::Connected)
        }
        sfu::Event::Lost { participant, .. } => RoomReport::Link(id(participant), Link::Lost),
        sfu::Event::Gone {
            participant,
            why,
            room,
        } => {
            let call = CallId::from_u128(room.0);
            tracing::debug!(%call, participant = %id(participant), ?why, "a participant is gone");
            RoomReport::Gone(id(participant))
        }
        sfu::Event::Speakers { speakers, .. } => {
            let speakers: Arc<[_]> = speakers.into_iter().map(id).collect();
            RoomReport::Speakers(speakers)
        }
        sfu::Event::Video {
            participant,
            publication,
            state,
            ..
        } => RoomReport::Video {
            participant: id(participant),
            publication: PublicationId(publication.0),
            state: match state {
                sfu::VideoState::Playing { layer } => VideoState::Playing { layer },
                sfu::VideoState::Paused(why) => VideoState::Paused(pause_why(why)),
            },
        },
        sfu::Event::Layers {
            participant,
            publication,
            wanted,
            ..
        } => RoomReport::Layers {
            participant: id(participant),
            publication: PublicationId(publication.0),
            wanted,
        },
        sfu::Event::Quality {
            participant,
            quality,
            why,
            ..
        } => RoomReport::Quality {
            participant: id(participant),
            quality: match quality {
                sfu::Quality::Good => Quality::Good,
                sfu::Quality::Fair => Quality::Fair,
                sfu::Quality::Poor => Quality::Poor,
            },
            why: why.map(quality_why),
        },
        sfu::Event::First { participant, .. } => RoomReport::Heard(id(participant)),
    }
}

const fn pause_why(why: sfu::PauseWhy) -> PauseWhy {
    match why {
        sfu::PauseWhy::Bandwidth => PauseWhy::Bandwidth,
        sfu::PauseWhy::Hidden => PauseWhy::Hidden,
        sfu::PauseWhy::Publisher => PauseWhy::Publisher,
        sfu::PauseWhy::Codec => PauseWhy::Codec,
    }
}

const fn quality_why(why: sfu::QualityWhy) -> QualityWhy {
    match why {
        sfu::QualityWhy::LossUp(percent) => QualityWhy::LossUp(percent),
        sfu::QualityWhy::LossDown(percent) => QualityWhy::LossDown(percent),
        sfu::QualityWhy::Delay(millis) => QualityWhy::Delay(millis),
        sfu::QualityWhy::Bandwidth => QualityWhy::Bandwidth,
    }
}
