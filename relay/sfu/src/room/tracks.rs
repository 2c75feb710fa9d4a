//! What participants publish: the tracks that their descriptions name become publications, and end with them.

use std::time::Instant;

use super::Room;
use crate::{
    PublicationId, Refusal, Source,
    description::{Description, Line},
    participant::Pair,
    publication::Publication,
    worker::Worker,
};

/// A track that a description names, checked against it.
pub(super) struct Track {
    line: Line,
    mid: String,
    source: Source,
    layers: usize,
}

impl Room {
    /// Makes the tracks the participant's publications: those that it has already stay as they are.
    pub(super) fn publish(
        &mut self,
        index: usize,
        tracks: Vec<Track>,
        worker: &mut Worker,
        now: Instant,
    ) -> Vec<(String, PublicationId)> {
        let is_kept = |publication: &Publication| {
            tracks.iter().any(|track| {
                track.mid == publication.mid
                    && track.line == publication.line
                    && track.source == publication.source
                    && track.layers == publication.layers.len()
            })
        };
        let ended: Vec<usize> = self
            .publications
            .iter()
            .filter(|(_, one)| one.publisher == index && !is_kept(one))
            .map(|(publication, _)| publication)
            .collect();
        for publication in ended {
            self.unpublish(publication);
        }
        let mut named = Vec::with_capacity(tracks.len());
        for track in tracks {
            let mut all = self.publications.iter();
            let known = all.find(|(_, one)| one.publisher == index && one.mid == track.mid);
            let id = match known {
                Some((_, publication)) => publication.id,
                None => self.add_publication(index, &track, worker, now),
            };
            named.push((track.mid, id));
        }
        named
    }

    fn add_publication(
        &mut self,
        index: usize,
        track: &Track,
        worker: &Worker,
        now: Instant,
    ) -> PublicationId {
        let limits = &worker.settings.limits;
        let limit = if track.source.is_video() {
            limits.video_bitrate
        } else {
            limits.audio_bitrate
        };
        let id = PublicationId(self.next_publication);
        self.next_publication += 1;
        let line = (track.line, track.mid.clone());
        let mut publication =
            Publication::new(id, index, line, track.source, track.layers, limit, now);
        publication.silenced = self.participants[index].is_silenced(track.source);
        let place = self.publications.insert(publication);
        self.participants[index].published.push((track.line, place));
        id
    }

    fn unpublish(&mut self, publication: usize) {
        let Some(ended) = self.publications.try_remove(publication) else {
            return;
        };
        let publisher = &mut self.participants[ended.publisher];
        publisher
            .published
            .retain(|(_, place)| *place != publication);
        if ended.source == Source::Microphone {
            self.speakers.left(publisher.id);
        }
        for (viewer, seat) in ended.seats {
            if let Some(viewer) = self.participants.get_mut(viewer) {
                if let Some(down) = viewer.seats[seat].down(ended.source.is_video()) {
                    down.clear();
                }
                viewer.is_stale = true;
            }
        }
        let pair = Pair::of(ended.source);
        let mut rest = self.publications.iter();
        let is_left =
            rest.any(|(_, one)| one.publisher == ended.publisher && Pair::of(one.source) == pair);
        if !is_left {
            for (_, viewer) in &mut self.participants {
                if let Some(seat) = viewer.seat_of(ended.publisher, pair) {
                    viewer.seats[seat].clear();
                }
            }
        }
    }
}

/// Finds each track in the description and checks the limits.
pub(super) fn checked(
    tracks: &[(String, Source)],
    offer: &Description,
    worker: &Worker,
) -> Result<Vec<Track>, Refusal> {
    let limits = &worker.settings.limits;
    if tracks.len() > limits.publications {
        let limit = limits.publications;
        return Err(Refusal::TooManyPublications { limit });
    }
    let mut checked: Vec<Track> = Vec::with_capacity(tracks.len());
    for (mid, source) in tracks {
        let bad = Refusal::BadDescription;
        let (line, media) = offer
            .line_of(mid)
            .filter(|(_, media)| media.sends && !media.rejected)
            .ok_or(bad("a track names no m-line that sends"))?;
        if media.video != source.is_video() {
            return Err(bad("a track's source is of another kind than its m-line"));
        }
        let is_twice = |other: &Track| other.source == *source || other.mid == *mid;
        if checked.iter().any(is_twice) {
            return Err(bad("two tracks have the same source or m-line"));
        }
        let layers = media.rids.len().max(1);
        let limit = limits.layers.min(3);
        if layers > limit {
            return Err(Refusal::TooManyLayers { limit });
        }
        checked.push(Track {
            line,
            mid: mid.clone(),
            source: *source,
            layers,
        });
    }
    Ok(checked)
}
