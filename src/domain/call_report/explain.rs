//! From the record of a call to what is to be said of it, the most important first.

use super::side::Side;
use super::{CallStep, CandidateKind, ClientEnd, Finding, PathUsed, Step, TriedWay, Way};
use crate::domain::{CallEntry, CallForm, CallStatus, EndReason, GroupPerson, SessionId};

/// A clock that is off by more is worth a word, in milliseconds.
const CLOCK_NOTED: u64 = 5 * 60_000;
/// A clock that is off by more may be why TLS fails, in milliseconds.
const CLOCK_HARMS: u64 = 3_600_000;
/// Percent of the sound that may be lost before words are.
const POOR_LOSS: u8 = 5;
/// Milliseconds there and back, above which people talk at once.
const POOR_ROUND_TRIP: u32 = 600;

/// Seconds in which a path may still be on its way; the web client gives up after 25.
const SHORT: i64 = 20;

/// All that is known of a call.
#[derive(Clone, Debug)]
pub struct CallStory {
    /// Its rows.
    pub call: CallEntry,
    /// What was written down, in order.
    pub steps: Vec<CallStep>,
    /// The sign-in that asks, if it is one of the call's.
    pub asked_from: Option<SessionId>,
}

/// Says what the record of a call comes to: the first finding is the sentence, the others are worth knowing too.
#[must_use]
pub fn explain(story: &CallStory) -> Vec<Finding> {
    let record = Record::of(story);
    let mut found = Vec::new();
    found.extend(record.taken_elsewhere());
    if story.call.call.status.is_live() {
        found.push(Finding::Live);
    }
    if story.call.call.reason == Some(EndReason::Closed) {
        found.push(Finding::Closed);
    }
    found.extend(record.how_it_went());
    found.extend(record.beside());
    let mut said = Vec::new();
    for finding in found {
        let again = |other: &Finding| {
            *other == finding
                || matches!(
                    (other, &finding),
                    (Finding::ClockOff { user: one, .. }, Finding::ClockOff { user: two, .. }) if one == two
                )
        };
        if !said.iter().any(again) {
            said.push(finding);
        }
    }
    said
}

struct Record<'a> {
    story: &'a CallStory,
    /// Who took part, or was to: the caller and the receiver, or everybody who came into a group call.
    sides: Vec<Side<'a>>,
    dropped: u32,
}

impl<'a> Record<'a> {
    fn of(story: &'a CallStory) -> Self {
        let call = &story.call.call;
        let came = |person: &&GroupPerson| match story.call.form {
            CallForm::Private => true,
            CallForm::Group => person.joined_at.is_some(),
        };
        let people = call.people.iter().filter(came);
        let dropped = story.steps.iter().filter_map(|step| {
            if let Step::Dropped { steps } = step.step {
                Some(steps)
            } else {
                None
            }
        });
        Self {
            story,
            sides: people
                .map(|person| Side::of(person.user, &story.steps))
                .collect(),
            dropped: dropped.sum(),
        }
    }

    fn how_it_went(&self) -> Vec<Finding> {
        let call = &self.story.call.call;
        match call.status {
            CallStatus::Ringing => Vec::new(),
            CallStatus::Answered => {
                let mut found = self.never_connected();
                found.extend(self.blocked());
                found
            }
            CallStatus::Missed => self.missed(),
            CallStatus::Rejected => self.rejected(),
            CallStatus::Ended => self.ended(),
        }
    }

    fn missed(&self) -> Vec<Finding> {
        let (record, mut found) = (&self.story.call, self.without_microphone());
        let call = &record.call;
        let seconds = self.seconds_until_the_end();
        let cancelled = call.reason == Some(EndReason::Cancelled);
        if cancelled && self.nobody_hung_up() {
            // The server gave a caller up who was gone.
            found.push(if self.was_restarted() {
                Finding::ServerRestarted
            } else {
                Finding::Vanished {
                    user: call.started_by,
                }
            });
        }
        match record.form {
            CallForm::Group => {
                let others = call.people.iter();
                let rung = others.filter(|person| person.rung_at.is_some()).count();
                let rung = u32::try_from(rung).unwrap_or(u32::MAX);
                found.push(Finding::NobodyCame { rung });
            }
            CallForm::Private => {
                let receiver = self.sides.iter().find(|s| s.user != call.started_by);
                if let Some(receiver) = receiver {
                    let (user, rang) = (receiver.user, receiver.rang().len());
                    // That it rang nowhere is only known if nothing is missing from the record.
                    if rang == 0 && self.is_whole() {
                        found.push(Finding::Offline { user });
                    } else if !cancelled {
                        found.push(Finding::NoAnswer {
                            user,
                            devices: u32::try_from(rang).unwrap_or(u32::MAX),
                            seconds,
                        });
                    }
                }
                if cancelled && found.is_empty() {
                    found.push(Finding::Cancelled {
                        user: call.started_by,
                        seconds,
                    });
                }
            }
        }
        found
    }

    fn rejected(&self) -> Vec<Finding> {
        let mut found = self.without_microphone();
        let caller = self.story.call.call.started_by;
        let receiver = self.sides.iter().find(|side| side.user != caller);
        found.extend(receiver.map(|side| Finding::Declined { user: side.user }));
        found
    }

    fn ended(&self) -> Vec<Finding> {
        let call = &self.story.call.call;
        let mut found = self.never_connected();
        // In a group call the others may have talked all the same.
        if !found.is_empty() && self.story.call.form == CallForm::Private {
            return found;
        }
        if call.reason == Some(EndReason::Lost) {
            found.push(if self.was_restarted() {
                Finding::ServerRestarted
            } else {
                let lost = self.sides.iter().find(|side| side.is_lost());
                let user = lost.map_or(call.started_by, |side| side.user);
                Finding::Vanished { user }
            });
        } else if let Some(side) = self.side_that_ended(ClientEnd::Lost) {
            let gone = self
                .sides
                .iter()
                .find(|other| other.user != side.user && other.is_lost());
            found.push(match gone {
                Some(gone) => Finding::Vanished { user: gone.user },
                None => Finding::PathBroke { user: side.user },
            });
        }
        found.extend(self.blocked());
        found.extend(self.poor());
        found.push(Finding::Talked {
            seconds: call.duration_secs(),
            path: self.path(),
        });
        found
    }

    /// Why a call that was answered never had a path, the likeliest cause first; nothing if it had one, or if nobody can say.
    fn never_connected(&self) -> Vec<Finding> {
        let nowhere: Vec<_> = match self.story.call.form {
            // What one of the two hears comes from the other.
            CallForm::Private if self.sides.iter().any(Side::had_media) => Vec::new(),
            CallForm::Private => self.sides.iter().collect(),
            CallForm::Group => {
                let deaf = |side: &&Side<'_>| side.has_reported() && !side.had_media();
                self.sides.iter().filter(deaf).collect()
            }
        };
        let mut found = self.without_microphone();
        let refused = nowhere.iter().filter_map(|side| {
            let user = side.user;
            side.refused()
                .map(|why| Finding::RelayRefused { user, why })
        });
        found.extend(refused);
        let is_short = self
            .story
            .call
            .call
            .duration_secs()
            .is_none_or(|seconds| seconds < SHORT);
        let Some(teller) = nowhere.iter().find(|side| side.has_reported()) else {
            // Without a report a long call has probably gone well by another way.
            return if is_short { found } else { Vec::new() };
        };
        found.extend(self.expired_certificate());
        for side in &nowhere {
            let user = side.user;
            found.extend(side.clock_off(CLOCK_HARMS));
            if side.misses_the_address() {
                found.push(Finding::ServerAddressWrong { user });
            }
            if side.has_no_way_out() {
                found.push(Finding::NoWayOut { user });
            }
            found.extend(side.blocked(None));
        }
        let gave_up = self.side_that_ended(ClientEnd::NoPath).is_some();
        // Whoever hangs up at once has not waited for a path.
        if gave_up || !is_short || !found.is_empty() {
            found.push(Finding::NoPath { user: teller.user });
        }
        found
    }

    /// Whose network lets no UDP out, and by which way they talked all the same.
    fn blocked(&self) -> Vec<Finding> {
        let through = |side: &Side<'_>| side.way().or_else(|| self.hardest_way());
        let found = self.sides.iter();
        found
            .filter_map(|side| side.blocked(through(side)))
            .collect()
    }

    fn poor(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for side in &self.sides {
            let qualities = side.reports().filter_map(|report| report.quality);
            for quality in qualities {
                let loss = quality.loss_down.max(quality.loss_up);
                let is_poor = loss.is_some_and(|loss| loss >= POOR_LOSS)
                    || (quality.round_trip_ms).is_some_and(|ms| ms >= POOR_ROUND_TRIP);
                if is_poor {
                    found.push(Finding::Poor {
                        user: side.user,
                        loss,
                        round_trip_ms: quality.round_trip_ms,
                    });
                }
            }
        }
        found
    }

    fn path(&self) -> PathUsed {
        if self.story.call.form == CallForm::Group {
            return self
                .hardest_way()
                .map_or(PathUsed::Room, |way| PathUsed::Relayed { way });
        }
        let is_direct = |pair: TriedWay| {
            pair.local != CandidateKind::Relay && pair.remote != CandidateKind::Relay
        };
        match self.hardest_way() {
            Some(way) => PathUsed::Relayed { way },
            None if self.sides.iter().filter_map(Side::pair).any(is_direct) => PathUsed::Direct,
            None => PathUsed::Unknown,
        }
    }

    fn hardest_way(&self) -> Option<Way> {
        let ways = self.sides.iter().filter_map(Side::way);
        ways.max_by_key(|way| way.over)
    }

    fn without_microphone(&self) -> Vec<Finding> {
        let without = |side: &Side<'_>| {
            let user = side.user;
            let fault = side.microphone().filter(|_| !side.had_media());
            fault.map(|fault| Finding::NoMicrophone { user, fault })
        };
        self.sides.iter().filter_map(without).collect()
    }

    /// The call went on on another device than the one that asks.
    fn taken_elsewhere(&self) -> Option<Finding> {
        let asked = self.story.asked_from?;
        let side = self
            .sides
            .iter()
            .find(|side| side.rang().contains(&asked))?;
        let took = side.speaks().filter(|step| step.session != Some(asked))?;
        Some(Side::answered_on(side.user, took))
    }

    /// What is worth knowing whatever came of the call.
    fn beside(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for side in &self.sides {
            if let Some(took) = side.speaks()
                && side.rang().len() > 1
            {
                found.push(Side::answered_on(side.user, took));
            }
            found.extend(side.clock_off(CLOCK_NOTED));
        }
        found.extend(self.expired_certificate());
        if self.story.steps.is_empty() {
            found.push(Finding::NotRecorded);
        } else if self.story.call.call.status == CallStatus::Ended {
            let silent = self.sides.iter().filter(|side| !side.has_reported());
            found.extend(silent.map(|side| Finding::NotReported {
                user: side.user,
                old: side.is_old(),
            }));
        }
        if self.dropped > 0 {
            found.push(Finding::Incomplete {
                steps: self.dropped,
            });
        }
        found
    }

    fn expired_certificate(&self) -> Option<Finding> {
        self.story.steps.iter().find_map(|step| {
            if let Step::CertificateExpired { since } = step.step {
                Some(Finding::CertificateExpired { since })
            } else {
                None
            }
        })
    }

    fn side_that_ended(&self, how: ClientEnd) -> Option<&Side<'a>> {
        let ended = |side: &&Side<'_>| side.reports().any(|report| report.ended == Some(how));
        self.sides.iter().find(ended)
    }

    fn nobody_hung_up(&self) -> bool {
        let mut steps = self.story.steps.iter();
        steps.any(|step| matches!(step.step, Step::Ended { .. }) && step.user.is_none())
    }

    fn was_restarted(&self) -> bool {
        let mut steps = self.story.steps.iter();
        steps.any(|step| step.step == Step::Restarted)
    }

    fn is_whole(&self) -> bool {
        self.dropped == 0 && !self.story.steps.is_empty()
    }

    fn seconds_until_the_end(&self) -> i64 {
        let call = &self.story.call.call;
        let end = call.ended_at.unwrap_or(call.updated_at);
        i64::try_from(end.since(call.created_at).as_secs()).unwrap_or(i64::MAX)
    }
}
