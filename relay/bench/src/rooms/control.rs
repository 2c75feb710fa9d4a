//! What the generator asks the rooms of the server, and what they tell: a line of JSON each, over standard input and output.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sfu::{Ask, Event, ParticipantId, PublicationId, Reply, RoomId, Source, Tile, VideoState};

/// What is asked of a room.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) room: u64,
    pub(crate) participant: u64,
    pub(crate) what: What,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum What {
    Join {
        offer: String,
        /// The mid and the source of each m-line that sends.
        tracks: Vec<(String, String)>,
    },
    Answer {
        number: u32,
        answer: String,
    },
    /// Publications that are shown, all in the same size.
    View {
        publications: Vec<u32>,
        size: (u16, u16),
    },
    Leave,
}

/// What the server tells of a participant.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) participant: u64,
    pub(crate) what: News,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum News {
    Joined {
        answer: String,
        /// The mid and the number of each publication.
        publications: Vec<(String, u32)>,
    },
    Refused(String),
    Offer {
        number: u32,
        offer: String,
    },
    /// Which layer of a picture goes down, if it does.
    Video {
        publication: u32,
        layer: Option<u8>,
    },
    Gone(String),
}

impl Order {
    /// Returns it as rooms are asked.
    ///
    /// # Errors
    /// If it names a source that there is not.
    pub(crate) fn into_ask(self) -> anyhow::Result<Ask> {
        let room = RoomId(self.room.into());
        let participant = ParticipantId(self.participant.into());
        Ok(match self.what {
            What::Join { offer, tracks } => Ask::Join {
                room,
                participant,
                silenced: Vec::new(),
                offer,
                tracks: tracks
                    .into_iter()
                    .map(|(mid, source)| {
                        let source = Source::parse(&source).context("no such source")?;
                        Ok((mid, source))
                    })
                    .collect::<anyhow::Result<_>>()?,
            },
            What::Answer { number, answer } => Ask::Answer {
                room,
                participant,
                number,
                answer,
            },
            What::View {
                publications,
                size: (width, height),
            } => Ask::View {
                room,
                participant,
                tiles: publications
                    .into_iter()
                    .map(|publication| Tile {
                        publication: PublicationId(publication),
                        width,
                        height,
                    })
                    .collect(),
            },
            What::Leave => Ask::Leave { room, participant },
        })
    }
}

impl Told {
    /// Returns what is to be told of a reply, if anything is.
    pub(crate) fn of_reply(participant: u64, reply: Result<Reply, net::RoomError>) -> Option<Self> {
        let what = match reply {
            Ok(Reply::Joined {
                answer,
                publications,
            }) => News::Joined {
                answer,
                publications: publications
                    .into_iter()
                    .map(|(mid, publication)| (mid, publication.0))
                    .collect(),
            },
            Ok(Reply::Answered { .. } | Reply::Done)
            | Err(net::RoomError::Refused(sfu::Refusal::StaleAnswer)) => return None,
            Err(error) => News::Refused(error.to_string()),
        };
        Some(Self { participant, what })
    }

    /// Returns what is to be told of an event, if anything is.
    pub(crate) fn of_event(event: Event) -> Option<Self> {
        let (participant, what) = match event {
            Event::Offer {
                participant,
                number,
                offer,
                ..
            } => (participant, News::Offer { number, offer }),
            Event::Video {
                participant,
                publication,
                state,
                ..
            } => {
                let publication = publication.0;
                let layer = match state {
                    VideoState::Playing { layer } => Some(layer),
                    VideoState::Paused(_) => None,
                };
                (participant, News::Video { publication, layer })
            }
            Event::Gone {
                participant, why, ..
            } => (participant, News::Gone(format!("{why:?}"))),
            Event::Seats { .. }
            | Event::Connected { .. }
            | Event::Lost { .. }
            | Event::Back { .. }
            | Event::Speakers { .. }
            | Event::Layers { .. }
            | Event::Quality { .. }
            | Event::First { .. } => return None,
        };
        let participant = u64::try_from(participant.0).ok()?;
        Some(Self { participant, what })
    }
}
