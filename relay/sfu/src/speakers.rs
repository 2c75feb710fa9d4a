//! Who speaks in a room, and whose microphone is sent to the others.
//!
//! Rests on the loudness that each packet names in its header (RFC 6464), so that sound itself stays closed. Somebody who begins is heard within
//! three packets; who stops keeps the place for a while, so that pauses between words change nothing. No packet at all is silence (DTX).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::ParticipantId;

/// Speech is at least so loud, in dB under the loudest there is. A room's noise is below, a whisper above.
const SPEECH: u8 = 50;
/// What is taken for the loudness of sound that does not name it.
const UNNAMED: u8 = 40;
/// Payloads up to this are a silence's comfort noise.
const COMFORT_NOISE: usize = 8;
/// Speech of so many packets together is somebody who begins: 40 ms and the packet that says so.
const BEGINS: u32 = 3;
/// Packets of speech further apart than this do not belong together.
const APART: Duration = Duration::from_millis(120);
/// Who has not spoken for so long does not speak.
const PAUSE: Duration = Duration::from_millis(1000);
/// Speech of so long makes a speaker: a cough is shorter.
const SPEAKER: Duration = Duration::from_millis(160);
/// Who has spoken within this time is not the first to lose the place.
const HOLD: Duration = Duration::from_secs(3);
/// Somebody who has a place and speaks gives way only to one who is so many dB louder.
const LOUDER: f32 = 6.0;
/// Speakers that are told.
const TOLD: usize = 3;
/// Between two tellings.
const SPACING: Duration = Duration::from_millis(200);
/// The share of a new packet in the mean loudness: 63 % in 200 ms.
const SHARE: f32 = 0.1;

/// The microphones of one room.
#[derive(Debug)]
pub(crate) struct Speakers {
    /// Microphones that are sent when there are more.
    places: usize,
    voices: BTreeMap<ParticipantId, Voice>,
    told: Vec<ParticipantId>,
    told_at: Option<Instant>,
}

/// One microphone.
#[derive(Debug)]
struct Voice {
    /// Whether it is sent to the others.
    audible: bool,
    /// When the speech that goes on began.
    since: Instant,
    /// The last packet of speech.
    spoke: Option<Instant>,
    /// Packets of speech that belong together.
    packets: u32,
    /// The mean while it speaks, in dB above silence.
    loudness: f32,
}

impl Speakers {
    /// Lets `places` microphones be heard.
    pub(crate) fn new(places: usize) -> Self {
        Self {
            places,
            voices: BTreeMap::new(),
            told: Vec::new(),
            told_at: None,
        }
    }

    /// Takes note of a packet of a microphone: its level in dB (0 the loudest, −127 silence) and how long its payload is.
    pub(crate) fn heard(
        &mut self,
        participant: ParticipantId,
        level: Option<i8>,
        payload: usize,
        now: Instant,
    ) {
        if !self.voices.contains_key(&participant) {
            let audible = self.audible() < self.places;
            self.voices.insert(participant, Voice::silent(audible, now));
        }
        let Some(voice) = self.voices.get_mut(&participant) else {
            return;
        };
        let below = match level {
            Some(level) => level.unsigned_abs().min(127),
            None if payload > COMFORT_NOISE => UNNAMED,
            None => 127,
        };
        if below > SPEECH {
            return;
        }
        voice.speaks(f32::from(127 - below), now);
        if !voice.audible && voice.packets >= BEGINS {
            self.admit(participant, now);
        }
    }

    /// The participant has no microphone any more.
    pub(crate) fn left(&mut self, participant: ParticipantId) {
        let Some(left) = self.voices.remove(&participant) else {
            return;
        };
        if left.audible
            && let Some(next) = self
                .voices
                .values_mut()
                .filter(|voice| !voice.audible)
                .max_by_key(|voice| voice.spoke)
        {
            next.audible = true;
        }
    }

    /// Returns whether the microphone is sent to the others.
    pub(crate) fn is_audible(&self, participant: ParticipantId) -> bool {
        self.voices
            .get(&participant)
            .is_some_and(|voice| voice.audible)
    }

    /// Returns who speaks, the loudest first, at most three; `None` if that has been told, or it is too early to tell.
    pub(crate) fn update(&mut self, now: Instant) -> Option<&[ParticipantId]> {
        if self
            .told_at
            .is_some_and(|told| now.saturating_duration_since(told) < SPACING)
        {
            return None;
        }
        let speakers = self.speakers(now);
        if speakers == self.told {
            return None;
        }
        self.told = speakers;
        self.told_at = Some(now);
        Some(&self.told)
    }

    /// Returns who speaks as it was told last.
    pub(crate) fn told(&self) -> &[ParticipantId] {
        &self.told
    }

    /// Whoever is told already keeps the rank unless another is clearly louder.
    fn speakers(&self, now: Instant) -> Vec<ParticipantId> {
        let mut speakers: Vec<_> = self
            .voices
            .iter()
            .filter(|(_, voice)| voice.audible && voice.is_speaker(now))
            .map(|(participant, voice)| {
                let rank = self.told.iter().position(|told| told == participant);
                let bonus = rank.map_or(0.0, |rank| LOUDER * (TOLD - rank) as f32);
                (*participant, voice.loudness + bonus)
            })
            .collect();
        speakers.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        speakers.truncate(TOLD);
        speakers
            .into_iter()
            .map(|(participant, _)| participant)
            .collect()
    }

    fn audible(&self) -> usize {
        self.voices.values().filter(|voice| voice.audible).count()
    }

    /// Gives a place to who begins to speak: the place of who has been silent for longest, or is much quieter.
    fn admit(&mut self, participant: ParticipantId, now: Instant) {
        let loudness = self
            .voices
            .get(&participant)
            .map_or(0.0, |voice| voice.loudness);
        if self.audible() >= self.places {
            let silent = |voice: &Voice| {
                voice
                    .spoke
                    .is_none_or(|spoke| now.saturating_duration_since(spoke) >= HOLD)
            };
            let in_place = self.voices.values_mut().filter(|voice| voice.audible);
            let Some(leaves) = in_place.min_by(|a, b| {
                let rank = |voice: &Voice| (!silent(voice), voice.is_speaking(now));
                rank(a).cmp(&rank(b)).then_with(|| match rank(a) {
                    (true, true) => a.loudness.total_cmp(&b.loudness),
                    _ => a.spoke.cmp(&b.spoke),
                })
            }) else {
                return;
            };
            if leaves.is_speaking(now) && loudness < leaves.loudness + LOUDER {
                return;
            }
            leaves.audible = false;
        }
        if let Some(voice) = self.voices.get_mut(&participant) {
            voice.audible = true;
        }
    }
}

impl Voice {
    fn silent(audible: bool, now: Instant) -> Self {
        Self {
            audible,
            since: now,
            spoke: None,
            packets: 0,
            loudness: 0.0,
        }
    }

    fn speaks(&mut self, loudness: f32, now: Instant) {
        let pause = self.spoke.map(|spoke| now.saturating_duration_since(spoke));
        if pause.is_none_or(|pause| pause >= PAUSE) {
            self.since = now;
            self.loudness = loudness;
        }
        self.packets = match pause {
            Some(pause) if pause < APART => self.packets.saturating_add(1),
            _ => 1,
        };
        self.loudness += SHARE * (loudness - self.loudness);
        self.spoke = Some(now);
    }

    fn is_speaking(&self, now: Instant) -> bool {
        self.spoke
            .is_some_and(|spoke| now.saturating_duration_since(spoke) < PAUSE)
    }

    fn is_speaker(&self, now: Instant) -> bool {
        self.is_speaking(now)
            && self
                .spoke
                .is_some_and(|spoke| spoke.saturating_duration_since(self.since) >= SPEAKER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::start;

    const FRAME: u64 = 20;

    fn id(at: usize) -> ParticipantId {
        ParticipantId(at as u128 + 1)
    }

    fn ids(at: impl IntoIterator<Item = usize>) -> Vec<ParticipantId> {
        at.into_iter().map(id).collect()
    }

    /// A room in which everybody's microphone is on, and what it tells.
    struct Room {
        speakers: Speakers,
        now: Instant,
        people: usize,
        told: Vec<(Instant, Vec<ParticipantId>)>,
    }

    impl Room {
        fn of(people: usize, places: usize) -> Self {
            let mut room = Self {
                speakers: Speakers::new(places),
                now: start(),
                people,
                told: Vec::new(),
            };
            room.silence(100);
            room
        }

        /// Lets these speak so loud for a time and the others be quiet.
        fn speak(&mut self, who: &[(usize, i8)], millis: u64) {
            for _ in 0..millis / FRAME {
                for person in 0..self.people {
                    let level = who
                        .iter()
                        .find(|(at, _)| *at == person)
                        .map_or(-90, |(_, level)| *level);
                    self.speakers.heard(id(person), Some(level), 60, self.now);
                }
                self.now += Duration::from_millis(FRAME);
                if let Some(told) = self.speakers.update(self.now) {
                    self.told.push((self.now, told.to_vec()));
                }
            }
        }

        fn silence(&mut self, millis: u64) {
            self.speak(&[], millis);
        }

        fn audible(&self) -> Vec<ParticipantId> {
            (0..self.people)
                .map(id)
                .filter(|id| self.speakers.is_audible(*id))
                .collect()
        }
    }

    #[test]
    fn who_speaks_is_told_the_loudest_first() {
        let mut room = Room::of(5, 5);
        room.speak(&[(1, -40), (3, -20), (4, -30)], 1000);
        assert_eq!(room.speakers.told(), ids([3, 4, 1]));
    }

    #[test]
    fn at_most_three_are_told() {
        let mut room = Room::of(5, 5);
        room.speak(&[(0, -20), (1, -25), (2, -30), (3, -35)], 1000);
        assert_eq!(room.speakers.told().len(), 3);
    }

    #[test]
    fn a_cough_makes_no_speaker() {
        let mut room = Room::of(3, 5);
        room.speak(&[(0, -15)], 100);
        room.silence(2000);
        assert_eq!(room.told, []);
    }

    #[test]
    fn pauses_between_words_change_nothing() {
        let mut room = Room::of(3, 5);
        for _ in 0..5 {
            room.speak(&[(0, -25)], 600);
            room.silence(700);
        }
        assert_eq!(room.told.len(), 1);
        room.silence(2000);
        assert_eq!(room.speakers.told(), []);
    }

    #[test]
    fn no_packets_at_all_are_silence() {
        let mut room = Room::of(2, 5);
        room.speak(&[(0, -25)], 1000);
        assert_eq!(room.speakers.told(), ids([0]));
        room.now += Duration::from_secs(2);
        assert_eq!(room.speakers.update(room.now), Some(&[][..]));
    }

    #[test]
    fn changes_are_told_five_times_a_second_at_most() {
        let mut room = Room::of(6, 6);
        for at in 0..40 {
            room.speak(&[(at % 6, -20), ((at + 1) % 6, -30)], 260);
        }
        assert!(room.told.len() > 5);
        assert!(
            room.told
                .windows(2)
                .all(|pair| pair[1].0 - pair[0].0 >= SPACING)
        );
    }

    #[test]
    fn two_who_are_equally_loud_do_not_change_places() {
        let mut room = Room::of(2, 5);
        room.speak(&[(0, -30), (1, -31)], 1000);
        let told = room.told.len();
        for _ in 0..10 {
            room.speak(&[(0, -33), (1, -28)], 300);
            room.speak(&[(0, -28), (1, -33)], 300);
        }
        assert_eq!(room.told.len(), told);
    }

    #[test]
    fn everybody_is_heard_while_there_are_places() {
        let room = Room::of(5, 5);
        assert_eq!(room.audible().len(), 5);
    }

    #[test]
    fn only_as_many_as_there_are_places_are_heard() {
        let mut room = Room::of(12, 5);
        assert_eq!(room.audible().len(), 5);
        room.speak(
            &[
                (0, -20),
                (3, -20),
                (6, -20),
                (7, -25),
                (8, -25),
                (9, -30),
                (10, -40),
            ],
            3000,
        );
        assert_eq!(room.audible().len(), 5);
    }

    #[test]
    fn who_begins_is_heard_within_60_ms() {
        let mut room = Room::of(12, 5);
        room.speak(&[(11, -30)], 60);
        assert!(room.audible().contains(&id(11)));
    }

    #[test]
    fn who_begins_takes_the_place_of_who_has_been_silent_for_longest() {
        let mut room = Room::of(6, 5);
        for at in [2, 0, 1, 3, 4] {
            room.speak(&[(at, -30)], 500);
        }
        room.speak(&[(5, -30)], 100);
        assert_eq!(room.audible(), ids([0, 1, 3, 4, 5]));
    }

    #[test]
    fn among_many_who_speak_only_one_who_is_clearly_louder_gets_a_place() {
        let mut room = Room::of(3, 2);
        room.speak(&[(0, -30), (1, -35), (2, -33)], 2000);
        assert_eq!(room.audible(), ids([0, 1]));
        room.speak(&[(0, -30), (1, -35), (2, -20)], 2000);
        assert_eq!(room.audible(), ids([0, 2]));
    }

    #[test]
    fn the_place_of_who_leaves_is_given_on() {
        let mut room = Room::of(6, 5);
        room.speakers.left(id(0));
        room.people = 6;
        assert!((1..6).all(|at| room.speakers.is_audible(id(at))));
    }

    #[test]
    fn a_microphone_that_names_no_loudness_is_heard_too() {
        let mut speakers = Speakers::new(1);
        let mut now = start();
        speakers.heard(id(0), Some(-90), 60, now);
        for _ in 0..10 {
            speakers.heard(id(1), None, 80, now);
            speakers.heard(id(2), None, 3, now);
            now += Duration::from_millis(FRAME);
        }
        assert!(speakers.is_audible(id(1)));
        assert_eq!(speakers.update(now), Some(&[id(1)][..]));
    }
}
