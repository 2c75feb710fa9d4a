//! A packet on its way through the room.

use std::{sync::Arc, time::Instant};

use super::{Room, touch};
use crate::{
    Event, Source,
    description::Line,
    descriptor::Descriptor,
    red,
    rewrite::Packet,
    transport::{Body, Codec, Egress, Ingress},
    worker::{Place, Worker},
};

impl Room {
    /// Sends a packet on to everybody who is to have it.
    pub(super) fn forward(
        &mut self,
        from: usize,
        packet: Ingress,
        worker: &mut Worker,
        now: Instant,
    ) {
        worker.counters.received += 1;
        if packet.body.payload.is_empty() {
            return;
        }
        let mut published = self.participants[from].published.iter();
        let found = published.find(|(line, _)| *line == packet.line);
        let Some(&(_, index)) = found else {
            worker.counters.dropped.unknown_ssrc += 1;
            return;
        };
        let Some(packet) = self.admit(index, packet, worker, now) else {
            return;
        };
        let publication = &self.publications[index];
        let is_video = publication.source.is_video();
        if publication.silenced || (!is_video && !publication.audible) {
            worker.counters.dropped.not_wanted += 1;
            return;
        }
        let mut plain: Option<Packet<Body>> = None;
        let before = worker.counters.forwarded;
        for &(viewer, seat) in &publication.seats {
            let place = Place {
                room: self.place,
                participant: viewer,
            };
            let participant = &mut self.participants[viewer];
            if !participant.is_connected() {
                continue;
            }
            let down = participant.seats[seat].down(is_video);
            let Some(down) = down.filter(|down| down.rewriter.takes(packet.stream)) else {
                continue;
            };
            let line = down.line;
            let transport = &mut participant.transport;
            let mut fitting = &packet;
            if packet.body.codec == Codec::Red && !transport.carries(line, Codec::Red) {
                let Some(unpacked) = without_redundancy(&packet, &mut plain) else {
                    continue;
                };
                fitting = unpacked;
            }
            // What cannot be written must not take a number, nor count as sent.
            if !transport.carries(line, fitting.body.codec) {
                continue;
            }
            let mut sent = 0;
            down.rewriter.take(fitting, now, &mut |rewritten| {
                sent += 1;
                transport.write(
                    line,
                    Egress {
                        seq: rewritten.seq,
                        timestamp: rewritten.timestamp,
                        patch: rewritten.patch,
                        body: rewritten.body,
                    },
                );
            });
            if sent == 0 {
                continue;
            }
            worker.counters.forwarded += sent;
            if !participant.was_sent_media {
                participant.was_sent_media = true;
                let (room, participant) = (self.id, participant.id);
                worker.tell(Event::First { room, participant });
            }
            touch(&mut self.participants[viewer], place, worker);
        }
        if worker.counters.forwarded == before {
            worker.counters.dropped.not_wanted += 1;
        }
    }

    /// Checks a packet against its publication's limits and reads what it says of itself.
    fn admit(
        &mut self,
        index: usize,
        packet: Ingress,
        worker: &mut Worker,
        now: Instant,
    ) -> Option<Packet<Body>> {
        let publication = &mut self.publications[index];
        let dropped = &mut worker.counters.dropped;
        let length = packet.body.payload.len();
        let is_video = publication.source.is_video();
        if !publication.allows(length, now) {
            dropped.over_bitrate += 1;
            return None;
        }
        let layer_index = usize::from(packet.layer);
        let Some(layer) = publication.layers.get_mut(layer_index) else {
            dropped.unknown_ssrc += 1;
            return None;
        };
        let descriptor = match packet.body.codec {
            Codec::Video(codec) if is_video => {
                let body = &packet.body;
                let Some(descriptor) = Descriptor::parse(codec, &body.payload, body.marker) else {
                    dropped.malformed += 1;
                    return None;
                };
                Some(descriptor)
            }
            Codec::Opus | Codec::Red if !is_video => None,
            Codec::Video(_) | Codec::Opus | Codec::Red => {
                dropped.malformed += 1;
                return None;
            }
        };
        layer.meter.count(length, now);
        let starts = descriptor.is_none_or(|descriptor| descriptor.keyframe);
        if is_video && starts {
            layer.keyframes.arrived();
        }
        let is_new = layer.is_new_stream(packet.ssrc, &mut self.next_stream);
        let stream = layer.key?;
        let revived = !std::mem::replace(&mut layer.lived, true);
        publication.codec = Some(packet.body.codec);
        let (source, publisher) = (publication.source, publication.publisher);
        if source == Source::Microphone && !publication.silenced {
            let id = self.participants[publisher].id;
            let level = packet.body.extensions.level;
            self.speakers.heard(id, level, length, now);
        }
        if is_video {
            if is_new {
                self.want_layer(index, packet.layer);
            }
            if revived {
                self.make_stale(index);
                self.round = self.round.min(now);
            }
        } else if is_new || self.is_audible(index) != self.publications[index].audible {
            self.want_sound_of(index);
        }
        Some(Packet {
            stream,
            seq: packet.seq,
            timestamp: packet.timestamp,
            starts,
            descriptor,
            body: packet.body,
        })
    }

    /// Returns whether sound is to be sent on at all.
    fn is_audible(&self, index: usize) -> bool {
        let publication = &self.publications[index];
        let id = self.participants[publication.publisher].id;
        !publication.silenced
            && (publication.source != Source::Microphone || self.speakers.is_audible(id))
    }

    /// Lets everybody have a sound, or nobody.
    pub(super) fn want_sound_of(&mut self, index: usize) {
        if self.publications[index].source.is_video() {
            return;
        }
        let audible = self.is_audible(index);
        let publication = &mut self.publications[index];
        publication.audible = audible;
        let stream = publication.layers[0].key.filter(|_| audible);
        for &(viewer, seat) in &publication.seats {
            let sound = &mut self.participants[viewer].seats[seat].sound;
            if let Some(sound) = sound.as_mut().filter(|sound| sound.is_ready) {
                sound.rewriter.want(stream);
            }
        }
    }

    /// Lets a viewer have every sound that is to be heard.
    pub(super) fn want_sound(&mut self, viewer: usize) {
        let seats = self.participants[viewer].seats.iter_mut();
        for sound in seats.filter_map(|seat| seat.sound.as_mut()) {
            let publication = sound.publication.and_then(|one| self.publications.get(one));
            if let (true, Some(publication)) = (sound.is_ready, publication) {
                let stream = publication.layers[0].key;
                sound.rewriter.want(stream.filter(|_| publication.audible));
            }
        }
    }

    /// Lets those who were given a layer have the stream that it is.
    fn want_layer(&mut self, index: usize, layer: u8) {
        let publication = &self.publications[index];
        let stream = publication.layers[usize::from(layer)].key;
        for &(viewer, seat) in &publication.seats {
            let picture = &mut self.participants[viewer].seats[seat].picture;
            if let Some(picture) = picture.as_mut().filter(|it| it.layer == Some(layer)) {
                picture.rewriter.want(stream);
            }
        }
    }

    /// A viewer has lost the picture on an m-line.
    pub(super) fn keyframe_wanted(
        &mut self,
        viewer: usize,
        line: Line,
        worker: &mut Worker,
        now: Instant,
    ) {
        let seats = &self.participants[viewer].seats;
        let mut pictures = seats.iter().filter_map(|seat| seat.picture.as_ref());
        let Some(picture) = pictures.find(|picture| picture.line == line) else {
            return;
        };
        let going = picture.rewriter.going();
        let publication = picture
            .publication
            .and_then(|one| self.publications.get_mut(one));
        let Some(publication) = publication else {
            return;
        };
        let mut layers = publication.layers.iter_mut();
        if let Some(layer) = layers.find(|layer| going.is_some() && layer.key == going) {
            layer.keyframes.ask();
            self.ask_keyframes(now, worker);
        }
    }
}

/// Returns the packet with the newest frame alone, made once for all who need it so.
fn without_redundancy<'a>(
    packet: &Packet<Body>,
    plain: &'a mut Option<Packet<Body>>,
) -> Option<&'a Packet<Body>> {
    if plain.is_none() {
        let primary = red::primary(&packet.body.payload)?;
        if primary.payload.is_empty() {
            return None;
        }
        let mut unpacked = packet.clone();
        unpacked.body.codec = Codec::Opus;
        unpacked.body.payload = Arc::from(primary.payload);
        *plain = Some(unpacked);
    }
    plain.as_ref()
}
