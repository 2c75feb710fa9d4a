//! What a room does from time to time: choosing layers, asking for keyframes, noticing who speaks and who is not heard any more.

use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::{IDLE_ROUND, ROUND, Room};
use crate::{
    Bitrate, Event, GoneWhy, VideoState,
    choice::{Layer, State, Wanted},
    description::Line,
    participant::{FAILED, LOST, Link, SILENT},
    publication::LayerSet,
    quality::Sample,
    transport::Report,
    worker::Worker,
};

/// Choices are looked at so often even if nothing calls for it: rates and estimates change.
const CHOOSING: Duration = Duration::from_millis(500);

/// What a link is thought to carry at least that has lost nothing.
const LEAST: Bitrate = Bitrate(300_000);

impl Room {
    /// Does what is due.
    pub(crate) fn handle_round(&mut self, worker: &mut Worker, now: Instant) {
        let connected = self
            .participants
            .iter()
            .any(|(_, participant)| participant.is_connected());
        self.round = now + if connected { ROUND } else { IDLE_ROUND };
        self.look_for_lost(worker, now);
        self.offer_again(worker, now);
        self.look_at_layers(now);
        self.look_for_speakers(worker, now);
        let all = self
            .chosen
            .is_none_or(|chosen| now.saturating_duration_since(chosen) >= CHOOSING);
        if all {
            self.chosen = Some(now);
        }
        let stale: SmallVec<[usize; 32]> = self
            .participants
            .iter()
            .filter(|(_, participant)| participant.is_connected() && (all || participant.is_stale))
            .map(|(index, _)| index)
            .collect();
        for viewer in stale {
            self.choose(viewer, now, worker);
        }
        self.find_links_again(worker, now);
        self.ask_keyframes(now, worker);
        self.tell_pictures(worker);
        self.tell_layers(worker, now);
    }

    /// Finds out anew about links that seem thin without losing anything.
    fn find_links_again(&mut self, worker: &mut Worker, now: Instant) {
        let mut again: SmallVec<[usize; 8]> = SmallVec::new();
        for (viewer, participant) in &mut self.participants {
            let shortage = participant.shortage;
            if participant.is_connected() && participant.recovery.is_due(shortage, now) {
                participant.choice.forget_fall();
                again.push(viewer);
            }
        }
        for viewer in again {
            self.choose(viewer, now, worker);
            let participant = &mut self.participants[viewer];
            let estimate = participant.estimate.unwrap_or_default();
            participant.transport.restart_estimate(estimate.max(LEAST));
        }
    }

    fn look_for_lost(&mut self, worker: &mut Worker, now: Instant) {
        let room = self.id;
        let mut gone: SmallVec<[(usize, GoneWhy); 4]> = SmallVec::new();
        for (index, participant) in &mut self.participants {
            let silence = now.saturating_duration_since(participant.heard);
            let id = participant.id;
            match participant.link {
                Link::Connecting { since } => {
                    if now.saturating_duration_since(since) >= FAILED {
                        gone.push((index, GoneWhy::Failed));
                    }
                }
                Link::Connected | Link::Lost if silence >= SILENT => {
                    gone.push((index, GoneWhy::Silent));
                }
                Link::Connected if silence >= LOST => {
                    participant.link = Link::Lost;
                    worker.tell(Event::Lost {
                        room,
                        participant: id,
                    });
                }
                Link::Lost if silence < LOST => {
                    participant.link = Link::Connected;
                    worker.tell(Event::Back {
                        room,
                        participant: id,
                    });
                }
                Link::Connected | Link::Lost => {}
            }
        }
        for (index, why) in gone {
            self.gone(index, why, worker, now);
        }
    }

    /// Notices layers that have stopped.
    fn look_at_layers(&mut self, now: Instant) {
        let mut stopped: SmallVec<[usize; 8]> = SmallVec::new();
        for (index, publication) in &mut self.publications {
            for layer in &mut publication.layers {
                if layer.lived && !layer.meter.lives(now) {
                    layer.lived = false;
                    stopped.push(index);
                }
            }
        }
        for index in stopped {
            self.make_stale(index);
        }
    }

    fn look_for_speakers(&mut self, worker: &mut Worker, now: Instant) {
        let Some(speakers) = self.speakers.update(now) else {
            return;
        };
        worker.tell(Event::Speakers {
            room: self.id,
            speakers: speakers.to_vec(),
        });
        for (_, participant) in &mut self.participants {
            participant.is_stale = true;
        }
    }

    /// Has the choices of a publication's viewers made anew.
    pub(super) fn make_stale(&mut self, publication: usize) {
        for &(viewer, _) in &self.publications[publication].seats {
            self.participants[viewer].is_stale = true;
        }
    }

    /// Chooses the layers of all pictures that a viewer is sent.
    pub(super) fn choose(&mut self, viewer: usize, now: Instant, worker: &mut Worker) {
        let Some(participant) = self.participants.get_mut(viewer) else {
            return;
        };
        participant.is_stale = false;
        if !participant.is_connected() {
            return;
        }
        let mut sound = 0;
        let mut shown: SmallVec<[(usize, usize, Line); 32]> = SmallVec::new();
        for (index, publication) in &mut self.publications {
            let mut seats = publication.seats.iter();
            let Some(&(_, seat)) = seats.find(|(other, _)| *other == viewer) else {
                continue;
            };
            if publication.source.is_video() {
                let picture = participant.seats[seat].picture.as_ref();
                if let Some(picture) = picture.filter(|picture| picture.is_ready) {
                    shown.push((index, seat, picture.line));
                }
            } else if publication.audible {
                sound += publication.layers[0].meter.rate().0;
            }
        }
        let layers: Vec<SmallVec<[Layer; 3]>> = shown
            .iter()
            .map(|&(index, ..)| {
                let layers = self.publications[index].layers.iter_mut();
                layers
                    .map(|layer| Layer {
                        rate: layer.meter.rate(),
                        lives: layer.meter.lives(now),
                    })
                    .collect()
            })
            .collect();
        let speaking = self.speakers.told();
        let participant = &self.participants[viewer];
        let wanted: Vec<Wanted<'_>> = shown
            .iter()
            .zip(&layers)
            .map(|(&(index, _, line), layers)| {
                let publication = &self.publications[index];
                let publisher = self.participants[publication.publisher].id;
                Wanted {
                    publication: publication.id,
                    source: publication.source,
                    tile: participant.tile_of(publication.id, publication.source),
                    speaking: speaking.contains(&publisher),
                    silenced: publication.silenced,
                    decodable: publication
                        .codec
                        .is_none_or(|codec| participant.transport.carries(line, codec)),
                    layers,
                }
            })
            .collect();
        let participant = &mut self.participants[viewer];
        let plan = participant
            .choice
            .decide(participant.estimate, Bitrate(sound), &wanted, now);
        participant.shortage = plan.shortage;
        participant.transport.set_budget(Bitrate(0), plan.desired);
        for (&(index, seat, _), decision) in shown.iter().zip(&plan.decisions) {
            let Some(picture) = &mut participant.seats[seat].picture else {
                continue;
            };
            let layers = &self.publications[index].layers;
            picture.layer = match decision.state {
                State::Play(layer) => Some(layer),
                State::Wait | State::Paused(_) => None,
            };
            picture.wish = decision.wish;
            let stream = picture
                .layer
                .and_then(|layer| layers.get(usize::from(layer))?.key);
            picture.rewriter.want(stream);
            picture.paused = match decision.state {
                State::Paused(why) => Some(why),
                State::Play(_) | State::Wait => None,
            };
        }
        self.touch(viewer, worker);
    }

    /// Asks publishers for the keyframes that are waited for.
    pub(super) fn ask_keyframes(&mut self, now: Instant, worker: &mut Worker) {
        let mut asked: SmallVec<[(usize, Line, u8); 8]> = SmallVec::new();
        for (_, publication) in &mut self.publications {
            if !publication.source.is_video() {
                continue;
            }
            for (number, layer) in publication.layers.iter_mut().enumerate() {
                let waited = layer.key.is_some()
                    && publication.seats.iter().any(|&(viewer, seat)| {
                        let picture = &self.participants[viewer].seats[seat].picture;
                        let waits = picture.as_ref().and_then(|it| it.rewriter.waits());
                        waits == layer.key
                    });
                layer.keyframes.wait(waited);
                if layer.keyframes.poll(now) {
                    asked.push((publication.publisher, publication.line, number as u8));
                }
            }
        }
        for (publisher, line, layer) in asked {
            worker.counters.keyframes_sent += 1;
            let transport = &mut self.participants[publisher].transport;
            transport.request_keyframe(line, layer);
            self.touch(publisher, worker);
        }
    }

    /// Tells viewers what they get of each picture, where that is news.
    fn tell_pictures(&mut self, worker: &mut Worker) {
        let room = self.id;
        for (_, participant) in &mut self.participants {
            let pictures = participant.seats.iter_mut();
            for picture in pictures.filter_map(|seat| seat.picture.as_mut()) {
                let publication = picture
                    .publication
                    .and_then(|one| self.publications.get(one));
                let (true, Some(publication)) = (picture.is_ready, publication) else {
                    continue;
                };
                let going = publication.layer_of(picture.rewriter.going());
                let state = match (going, picture.paused) {
                    (_, Some(why)) => VideoState::Paused(why),
                    (Some(layer), None) => VideoState::Playing { layer },
                    (None, None) => continue,
                };
                if picture.told != Some(state) {
                    picture.told = Some(state);
                    worker.tell(Event::Video {
                        room,
                        participant: participant.id,
                        publication: publication.id,
                        state,
                    });
                }
            }
        }
    }

    /// Tells publishers which layers somebody watches, where that is news.
    fn tell_layers(&mut self, worker: &mut Worker, now: Instant) {
        for (_, publication) in &mut self.publications {
            if !publication.source.is_video() {
                continue;
            }
            let mut wanted: LayerSet = 0;
            for &(viewer, seat) in &publication.seats {
                let Some(picture) = &self.participants[viewer].seats[seat].picture else {
                    continue;
                };
                // What goes on until the next one begins is watched as well.
                let going = publication.layer_of(picture.rewriter.going());
                for layer in [picture.layer, picture.wish, going].into_iter().flatten() {
                    wanted |= 1 << layer;
                }
            }
            if let Some(wanted) = publication.want(wanted, now) {
                worker.tell(Event::Layers {
                    room: self.id,
                    participant: self.participants[publication.publisher].id,
                    publication: publication.id,
                    wanted,
                });
            }
        }
    }

    /// Takes note of how a connection went in the last 2 s.
    pub(super) fn report(
        &mut self,
        index: usize,
        report: Report,
        worker: &mut Worker,
        now: Instant,
    ) {
        worker.counters.nacks += report.nacks;
        worker.counters.retransmitted += report.retransmitted;
        let mut published = self.publications.iter();
        let sends = published.any(|(_, one)| one.publisher == index);
        let participant = &mut self.participants[index];
        if participant.link != Link::Connected {
            return;
        }
        let carried = report
            .loss_down
            .and_then(|loss| participant.choice.carried(loss));
        let verdict = participant.quality.sample(Sample {
            loss_up: report.loss_up.filter(|_| sends),
            loss_down: report.loss_down,
            delay: report.rtt,
            shortage: participant.shortage,
        });
        if let Some((quality, why)) = verdict {
            worker.tell(Event::Quality {
                room: self.id,
                participant: participant.id,
                quality,
                why,
            });
        }
        if let Some(carried) = carried {
            participant.estimate = participant.estimate.map(|estimate| estimate.min(carried));
            self.choose(index, now, worker);
        }
    }
}
