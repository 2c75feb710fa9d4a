//! One person's part in a call, as the steps and the reports of their devices tell it.

use std::collections::BTreeSet;

use super::{
    CallStep, CandidateKind, ClientReport, ClientState, Evidence, Finding, Gathered,
    MicrophoneFault, Protocol, RelayRefusal, RelayTransport, Step, TriedWay, Way, device_name,
};
use crate::domain::{SessionId, UserId};

/// More bytes than connectivity checks make: this is media. A second of speech is some 5,000 bytes.
const MEDIA: u64 = 20_000;

/// One person's part.
pub(super) struct Side<'a> {
    pub(super) user: UserId,
    steps: Vec<&'a CallStep>,
    /// The last word of each device.
    reports: Vec<&'a ClientReport>,
}

impl<'a> Side<'a> {
    pub(super) fn of(user: UserId, all: &'a [CallStep]) -> Self {
        let steps: Vec<_> = all.iter().filter(|step| step.user == Some(user)).collect();
        let mut last: Vec<(Option<SessionId>, &ClientReport)> = Vec::new();
        for CallStep { session, step, .. } in &steps {
            if let Step::Reported { report } = step {
                last.retain(|(whose, _)| whose != session);
                last.push((*session, report));
            }
        }
        let reports = last.into_iter().map(|(_, report)| report).collect();
        Self {
            user,
            steps,
            reports,
        }
    }

    /// The devices on which it rang.
    pub(super) fn rang(&self) -> BTreeSet<SessionId> {
        let rang = |step: &&&CallStep| matches!(step.step, Step::Rang { .. });
        let rang = self.steps.iter().filter(rang);
        rang.filter_map(|step| step.session).collect()
    }

    /// The sign-in that took the call, or came into it, last.
    pub(super) fn speaks(&self) -> Option<&CallStep> {
        let took = |step: &&&CallStep| {
            matches!(
                step.step,
                Step::Accepted | Step::Moved | Step::Started { .. }
            )
        };
        self.steps.iter().rfind(took).copied()
    }

    pub(super) fn has_reported(&self) -> bool {
        !self.reports.is_empty()
    }

    /// Its app is known to be too old to report.
    pub(super) fn is_old(&self) -> bool {
        self.steps.iter().any(|step| {
            matches!(
                step.step,
                Step::Rang { old: true } | Step::Signaled { old: true, .. }
            )
        })
    }

    pub(super) fn microphone(&self) -> Option<MicrophoneFault> {
        self.reports.iter().find_map(|report| report.microphone)
    }

    pub(super) fn reports(&self) -> impl Iterator<Item = &'a ClientReport> {
        self.reports.iter().copied()
    }

    /// Its clock less the server's, in milliseconds.
    fn clock_offset(&self) -> Option<i64> {
        let offsets = self.reports.iter().filter_map(|r| r.clock_offset_ms);
        offsets.max_by_key(|offset| offset.unsigned_abs())
    }

    /// What the relay refused it, unless it had an allocation all the same.
    pub(super) fn refused(&self) -> Option<RelayRefusal> {
        if !self.relay_ways().is_empty() {
            return None;
        }
        self.steps.iter().find_map(|step| {
            if let Step::AllocationRefused { why, .. } = step.step {
                Some(why)
            } else {
                None
            }
        })
    }

    /// Media came or went: by the word of a device, or as the relay and the room carried it.
    pub(super) fn had_media(&self) -> bool {
        let told = self.reports.iter().any(|report| {
            report.first_received_ms.is_some()
                || matches!(
                    report.state,
                    ClientState::Connected | ClientState::Restoring
                )
                || report.pair.is_some()
        });
        told || self.relayed_media().is_some() || self.reached_room()
    }

    pub(super) fn reached_room(&self) -> bool {
        let reached = |step: &&CallStep| matches!(step.step, Step::RoomReached | Step::RoomHeard);
        self.steps.iter().any(reached)
    }

    /// The way by which the relay carried media for it, as the server alone knows.
    fn relayed_media(&self) -> Option<RelayTransport> {
        self.steps.iter().find_map(|step| {
            if let Step::AllocationEnded {
                over,
                sent,
                received,
            } = step.step
            {
                (sent.max(received) >= MEDIA).then_some(over)
            } else {
                None
            }
        })
    }

    /// The pair in use.
    pub(super) fn pair(&self) -> Option<TriedWay> {
        self.reports.iter().find_map(|report| report.pair)
    }

    /// The way to the relay that its media took.
    pub(super) fn way(&self) -> Option<Way> {
        let over = match self.pair() {
            Some(pair) if pair.local == CandidateKind::Relay => {
                Some(pair.relay.unwrap_or(RelayTransport::Udp))
            }
            Some(_) => None,
            None => self.relayed_media(),
        };
        over.map(|over| Way {
            over,
            port: self.port(over),
        })
    }

    /// How it was told to reach the relay, if it was.
    fn port(&self, over: RelayTransport) -> Option<u16> {
        let urls = self.issued().into_iter().flatten();
        urls.filter(|url| transport_of(url) == Some(over))
            .find_map(|url| port_of(url))
    }

    fn issued(&self) -> Option<&'a [String]> {
        self.steps.iter().rev().find_map(|step| {
            if let Step::ServersIssued { urls, .. } = &step.step {
                Some(urls.as_slice())
            } else {
                None
            }
        })
    }

    fn gathered(&self) -> impl Iterator<Item = &'a Gathered> {
        self.reports.iter().flat_map(|report| &report.gathered)
    }

    fn ways(&self) -> impl Iterator<Item = &'a TriedWay> {
        self.reports.iter().flat_map(|report| &report.ways)
    }

    /// The ways by which it reached the relay.
    fn relay_ways(&self) -> BTreeSet<RelayTransport> {
        let told = self.gathered().filter_map(|gathered| gathered.relay);
        let seen = self.steps.iter().filter_map(|step| {
            if let Step::Allocated { over } = step.step {
                Some(over)
            } else {
                None
            }
        });
        told.chain(seen).collect()
    }

    /// Whose word it is that its network lets no UDP out; `None` if it does, or if nobody can say.
    fn udp_blocked(&self) -> Option<Evidence> {
        let relay = self.relay_ways();
        let sees_itself = |gathered: &Gathered| {
            gathered.candidate == CandidateKind::Srflx && gathered.protocol == Protocol::Udp
        };
        let direct = |way: &&TriedWay| way.protocol == Protocol::Udp && way.relay.is_none();
        let passes = relay.contains(&RelayTransport::Udp)
            || self.gathered().any(sees_itself)
            || self.ways().filter(direct).any(|way| way.answered);
        if passes || relay.is_empty() {
            return None;
        }
        let was_told = self.issued().is_some_and(|urls| {
            urls.iter()
                .any(|url| transport_of(url) == Some(RelayTransport::Udp))
        });
        match self.has_reported() {
            // A room is reached without a relay: there the pairs that were tried say it.
            true if was_told || self.ways().any(|way| direct(&way)) => Some(Evidence::Reported),
            false if was_told => Some(Evidence::Seen),
            true | false => None,
        }
    }

    /// Nothing but TLS reached the relay.
    fn has_only_tls(&self) -> bool {
        self.relay_ways().into_iter().eq([RelayTransport::Tls])
    }

    /// It asked for the relay and did not reach it by any way.
    pub(super) fn has_no_way_out(&self) -> bool {
        let only_own = |gathered: &Gathered| gathered.candidate == CandidateKind::Host;
        self.relay_ways().is_empty()
            && self.gathered().all(only_own)
            && self
                .reports
                .iter()
                .any(|report| report.errors.iter().any(|error| error.code >= 700))
    }

    /// It reached the relay by TCP, but not the room on the same port of the address that the server gives for itself.
    pub(super) fn misses_the_address(&self) -> bool {
        let direct = |way: &&TriedWay| way.relay.is_none() && way.protocol == Protocol::Tcp;
        self.relay_ways().contains(&RelayTransport::Tcp)
            && self.ways().any(|way| direct(&way))
            && !self
                .ways()
                .filter(|way| way.relay.is_none())
                .any(|way| way.answered)
    }

    /// It has lost the server, or the room, and was not heard of again.
    pub(super) fn is_lost(&self) -> bool {
        let lost = |step: &&CallStep| matches!(step.step, Step::SignalingLost | Step::RoomLost);
        let there = |step: &&CallStep| {
            matches!(
                step.step,
                Step::SignalingBack | Step::RoomReached | Step::Left
            )
        };
        let mut latest = self.steps.iter().rev().copied();
        latest
            .find(|step| lost(step) || there(step))
            .is_some_and(|step| lost(&step))
    }

    /// That its network lets no UDP out, and by which way they talked all the same.
    pub(super) fn blocked(&self, through: Option<Way>) -> Option<Finding> {
        let (user, evidence) = (self.user, self.udp_blocked()?);
        let through = through.filter(|way| way.over != RelayTransport::Udp);
        Some(if self.has_only_tls() {
            Finding::OnlyTls {
                user,
                through,
                evidence,
            }
        } else {
            Finding::UdpBlocked {
                user,
                through,
                evidence,
            }
        })
    }

    /// That its clock is off by at least so many milliseconds.
    pub(super) fn clock_off(&self, least: u64) -> Option<Finding> {
        let offset = self.clock_offset()?;
        (offset.unsigned_abs() >= least).then_some(Finding::ClockOff {
            user: self.user,
            seconds: offset / 1000,
        })
    }

    /// On which of their devices somebody took the call.
    pub(super) fn answered_on(user: UserId, took: &CallStep) -> Finding {
        let device = took.device.as_deref().and_then(device_name);
        Finding::AnsweredElsewhere { user, device }
    }
}

/// `turn:host:port?transport=udp` and the like (RFC 7065).
fn transport_of(url: &str) -> Option<RelayTransport> {
    if url.starts_with("turns:") {
        Some(RelayTransport::Tls)
    } else if !url.starts_with("turn:") {
        None
    } else if url.ends_with("?transport=tcp") {
        Some(RelayTransport::Tcp)
    } else {
        Some(RelayTransport::Udp)
    }
}

fn port_of(url: &str) -> Option<u16> {
    let (address, _) = url.split_once('?').unwrap_or((url, ""));
    address.rsplit_once(':')?.1.parse().ok()
}
