//! What the room tells: passed to whom it concerns, and kept as the latest state for a socket that comes back.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::{
    GroupEvent, Link, ParticipantId, PublicationId, RoomReport, SocketId, UnixMillis,
};
use super::participant::Participant;
use super::{Audience, GroupCall, GroupEffect};

impl GroupCall {
    pub(super) fn report(
        &mut self,
        out: &mut Vec<GroupEffect>,
        report: RoomReport,
        now: UnixMillis,
    ) {
        let call = self.record.id;
        match report {
            RoomReport::Offer {
                participant,
                number,
                sdp,
            } => self.tell(out, participant, |told| {
                told.latest.offer = Some((number, Arc::clone(&sdp)));
                GroupEvent::Offer {
                    call,
                    participant,
                    number,
                    sdp,
                }
            }),
            RoomReport::Seats { participant, seats } => self.tell(out, participant, |told| {
                told.latest.seats = Some(Arc::clone(&seats));
                GroupEvent::Seats {
                    call,
                    participant,
                    seats,
                }
            }),
            RoomReport::Video {
                participant,
                publication,
                state,
            } => {
                let mut all = self.participants.iter();
                if all.any(|p| p.publications.contains(&publication)) {
                    self.tell(out, participant, |told| {
                        told.latest.video.insert(publication, state);
                        GroupEvent::Video {
                            call,
                            participant,
                            publication,
                            state,
                        }
                    });
                }
            }
            RoomReport::Layers {
                participant,
                publication,
                wanted,
            } => self.tell(out, participant, |told| {
                if told.publications.contains(&publication) {
                    told.latest.layers.insert(publication, wanted);
                }
                GroupEvent::Layers {
                    call,
                    participant,
                    publication,
                    wanted,
                }
            }),
            RoomReport::Speakers(speakers) => {
                self.speakers = Arc::clone(&speakers);
                let event = GroupEvent::Speakers { call, speakers };
                out.push(GroupEffect::Emit(Audience::Participants, event));
            }
            RoomReport::Quality {
                participant,
                quality,
                why,
            } => {
                if let Some(found) = self.participant_mut(participant) {
                    found.quality = Some((quality, why));
                    let links = Arc::new([(participant, quality, why)]);
                    let event = GroupEvent::Quality { call, links };
                    out.push(GroupEffect::Emit(Audience::Participants, event));
                }
            }
            // It changes nothing; the call's record has it.
            RoomReport::Heard(_) => {}
            RoomReport::Link(participant, link) => self.link(out, participant, link, now),
            RoomReport::Gone(participant) => {
                if let Some(at) = self.participants.iter().position(|p| p.id == participant) {
                    self.leave(out, at, now);
                    self.changed(out, now);
                }
            }
        }
    }

    fn link(
        &mut self,
        out: &mut Vec<GroupEffect>,
        participant: ParticipantId,
        link: Link,
        now: UnixMillis,
    ) {
        if let Some(found) = self.participant_mut(participant)
            && found.link != link
        {
            found.link = link;
            self.switched(out, now);
        }
    }

    /// Tells one participant what `note` keeps of it.
    fn tell(
        &mut self,
        out: &mut Vec<GroupEffect>,
        participant: ParticipantId,
        note: impl FnOnce(&mut Participant) -> GroupEvent,
    ) {
        if let Some(found) = self.participant_mut(participant) {
            let event = note(found);
            let to = found.socket.map(Audience::Socket);
            out.extend(to.map(|to| GroupEffect::Emit(to, event)));
        }
    }

    /// Tells a socket what all participants were told last.
    pub(super) fn tell_room(&self, out: &mut Vec<GroupEffect>, socket: SocketId) {
        let (to, call) = (Audience::Socket(socket), self.record.id);
        if !self.speakers.is_empty() {
            let speakers = Arc::clone(&self.speakers);
            out.push(GroupEffect::Emit(
                to,
                GroupEvent::Speakers { call, speakers },
            ));
        }
        let links = self.participants.iter();
        let links = links.filter_map(|p| p.quality.map(|(quality, why)| (p.id, quality, why)));
        let links: Arc<[_]> = links.collect();
        if !links.is_empty() {
            out.push(GroupEffect::Emit(to, GroupEvent::Quality { call, links }));
        }
    }

    pub(super) fn publishes(
        &mut self,
        participant: ParticipantId,
        publications: Vec<PublicationId>,
    ) {
        let Some(found) = self.participant_mut(participant) else {
            return;
        };
        found.publications = publications.into_iter().collect();
        let own = found.publications.clone();
        found.latest.layers.retain(|id, _| own.contains(id));
        let all = self.participants.iter().flat_map(|p| &p.publications);
        let all: BTreeSet<_> = all.copied().collect();
        for other in &mut self.participants {
            other.latest.video.retain(|id, _| all.contains(id));
        }
    }

    pub(super) fn heard_answer(&mut self, participant: ParticipantId, number: u32) {
        if let Some(found) = self.participant_mut(participant) {
            let latest = &mut found.latest.offer;
            *latest = latest.take().filter(|(pending, _)| *pending != number);
        }
    }

    fn participant_mut(&mut self, id: ParticipantId) -> Option<&mut Participant> {
        self.participants.iter_mut().find(|p| p.id == id)
    }
}
