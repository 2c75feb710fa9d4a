//! What a ringing call keeps for devices that start to ring later: the last offer and its candidates, bounded.

use std::sync::Arc;

use serde_json::Value;

use super::{CallError, SignalKind};

/// The caller's offer and candidates, in the order they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    offer: Option<Arc<Value>>,
    candidates: Vec<Arc<Value>>,
}

impl Kept {
    /// Most candidates of one offer. A browser makes about URLs × interfaces × families of them.
    const MAX_CANDIDATES: usize = 256;

    /// Keeps one signal; a new offer replaces the old one with its candidates.
    pub(super) fn keep(&mut self, kind: SignalKind, payload: Arc<Value>) -> Result<(), CallError> {
        match kind {
            SignalKind::Offer => {
                self.offer = Some(payload);
                self.candidates.clear();
            }
            SignalKind::Candidate => {
                if self.candidates.len() >= Self::MAX_CANDIDATES {
                    return Err(CallError::TooMuch);
                }
                self.candidates.push(payload);
            }
            SignalKind::Answer => return Err(CallError::NotAccepted),
        }
        Ok(())
    }

    pub(super) const fn has_offer(&self) -> bool {
        self.offer.is_some()
    }

    /// Everything kept, in order.
    pub(super) fn replay(&self) -> Vec<(SignalKind, Arc<Value>)> {
        let offer = self
            .offer
            .iter()
            .map(|sdp| (SignalKind::Offer, Arc::clone(sdp)));
        let candidates = self
            .candidates
            .iter()
            .map(|candidate| (SignalKind::Candidate, Arc::clone(candidate)));
        offer.chain(candidates).collect()
    }
}
