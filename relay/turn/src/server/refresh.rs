//! Refresh, and what ends by itself: the relayed addresses of an allocation, each at its time (RFC 8656 section 8).

use super::{
    Key, Server, Timer,
    allocate::{optional, requested_family},
    sign_in::Caller,
};
use crate::{EndReason, Family, FiveTuple, Output, Refusal, allocation::granted_lifetime};
use std::time::Instant;
use stun::{Answer, Lifetime, Message};

impl Server {
    pub(super) fn refresh(
        &mut self,
        from: FiveTuple,
        request: &Message<'_>,
        caller: &Caller<'_>,
        now: Instant,
    ) -> Result<Answer, Refusal> {
        let key = self.owned(from, caller)?;
        let family = requested_family(request)?;
        let lifetime = optional::<Lifetime>(request)?.map(|lifetime| lifetime.seconds());
        let relays = &self.allocations[key].relays;
        let others = match family {
            Some(family) if relays.get(family).is_none() => {
                return Err(Refusal::PeerAddressFamilyMismatch);
            }
            Some(family) => relays
                .iter()
                .any(|relay| relay.lease.port().family != family),
            None => false,
        };
        let granted = match (lifetime, family) {
            (Some(0), Some(family)) if others => {
                self.end_family(key, family);
                0
            }
            (Some(0), _) => {
                self.end_of(key, EndReason::Released, now);
                0
            }
            (lifetime, family) => {
                let lifetime = granted_lifetime(lifetime);
                self.prolong(key, family, now + lifetime);
                lifetime.as_secs() as u32
            }
        };
        Ok(Answer::success(request).with(&Lifetime::new(granted)))
    }

    /// Ends the relayed addresses that end at `now`, and the allocation with the last of them.
    pub(super) fn expire(&mut self, key: Key, now: Instant) {
        let relays = &self.allocations[key].relays;
        if relays.iter().all(|relay| relay.expires <= now) {
            return self.end_of(key, EndReason::Expired, now);
        }
        for family in [Family::V4, Family::V6] {
            let relay = self.allocations[key].relays.get(family);
            if relay.is_some_and(|relay| relay.expires <= now) {
                self.end_family(key, family);
            }
        }
    }

    /// Lets the relayed addresses of `family`, or all, live until `expires`.
    fn prolong(&mut self, key: Key, family: Option<Family>, expires: Instant) {
        self.retime(key, |server| {
            let relays = server.allocations[key].relays.iter_mut();
            relays
                .filter(|relay| family.is_none_or(|family| relay.lease.port().family == family))
                .for_each(|relay| relay.expires = expires);
        });
    }

    /// Ends the relayed address of `family` with its permissions and channels; that of the other one stays.
    fn end_family(&mut self, key: Key, family: Family) {
        self.retime(key, |server| {
            let allocation = &mut server.allocations[key];
            allocation.permissions.forget(family);
            allocation.channels.forget(family);
            if let Some(relay) = allocation.relays.take(family) {
                let port = relay.lease.port();
                server.allocations.remove_port(port);
                server.outputs.push_back(Output::Unbind(port));
            }
        });
    }

    /// Changes when relayed addresses end, and the timer with it.
    fn retime(&mut self, key: Key, change: impl FnOnce(&mut Self)) {
        let before = self.allocations[key].relays.first_end();
        change(self);
        let after = self.allocations[key].relays.first_end();
        if let Some(before) = before {
            self.timers.clear(before, Timer::Allocation(key));
        }
        if let Some(after) = after {
            self.timers.set(after, Timer::Allocation(key));
        }
    }
}
