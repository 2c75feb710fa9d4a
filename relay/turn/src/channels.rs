//! Channels of one allocation: which number stands for which peer (RFC 8656 section 12).

use crate::{Family, PeerAddr};
use std::time::{Duration, Instant};
use stun::ChannelNumber;

/// How long a binding lasts (RFC 8656 section 12).
const LIFETIME: Duration = Duration::from_secs(600);

/// How long a number stays with its peer after that: late packets must not reach another (RFC 8656 section 12).
const COOL_DOWN: Duration = Duration::from_secs(300);

/// The channels of one allocation, in a row like its permissions.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    bound: Vec<Channel>,
}

#[derive(Debug)]
struct Channel {
    number: ChannelNumber,
    peer: PeerAddr,
    until: Instant,
}

/// Why a channel is not bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BindRefused {
    /// The number stands for another peer, or the peer has another number.
    Taken,
    /// There are as many channels as there may be.
    Full,
}

impl Channels {
    /// Returns whether `number` may stand for `peer`, with at most `most` channels.
    pub(crate) fn check(
        &self,
        number: ChannelNumber,
        peer: PeerAddr,
        most: usize,
        now: Instant,
    ) -> Result<(), BindRefused> {
        let held = |channel: &&Channel| now < channel.until + COOL_DOWN;
        let taken = |channel: &Channel| {
            (channel.number == number && channel.peer != peer)
                || (channel.peer == peer && channel.number != number && now < channel.until)
        };
        if self.bound.iter().filter(held).any(taken) {
            return Err(BindRefused::Taken);
        }
        let others = self
            .bound
            .iter()
            .filter(held)
            .filter(|channel| channel.number != number)
            .count();
        if others < most {
            Ok(())
        } else {
            Err(BindRefused::Full)
        }
    }

    /// Lets `number` stand for `peer` until `now` + 600 s. To be asked of [`Channels::check`] before.
    pub(crate) fn bind(&mut self, number: ChannelNumber, peer: PeerAddr, now: Instant) {
        self.bound
            .retain(|channel| channel.number != number && now < channel.until + COOL_DOWN);
        self.bound.push(Channel {
            number,
            peer,
            until: now + LIFETIME,
        });
    }

    /// Unbinds the channels to peers of `family`.
    pub(crate) fn forget(&mut self, family: Family) {
        self.bound.retain(|channel| channel.peer.family() != family);
    }

    /// Returns the peer that `number` stands for.
    pub(crate) fn peer(&self, number: ChannelNumber, now: Instant) -> Option<PeerAddr> {
        self.bound
            .iter()
            .find(|channel| channel.number == number && now < channel.until)
            .map(|channel| channel.peer)
    }

    /// Returns the number that stands for `peer`.
    pub(crate) fn number(&self, peer: PeerAddr, now: Instant) -> Option<ChannelNumber> {
        self.bound
            .iter()
            .find(|channel| channel.peer == peer && now < channel.until)
            .map(|channel| channel.number)
    }
}
