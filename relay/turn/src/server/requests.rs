//! Messages that are no relayed data: how they are taken and answered (RFC 8489 section 6.3). Who sent them, `sign_in` finds out.

use super::{Server, sign_in::Caller};
use crate::{
    DropReason, FiveTuple, Now, Output, Refusal, ToPeer, Transmit, Transport, nonce::Offer,
};
use stun::{
    Answer, AttributeStaticType, AttributeType, Message, MessageClass, Nonce, PasswordAlgorithms,
    Realm, Signer, UnknownAttributes, XorMappedAddress, method,
};

/// The value of PASSWORD-ALGORITHMS: SHA-256, and MD5 for those who know nothing else.
pub(super) const PASSWORD_ALGORITHMS: [u8; 8] = [0, 2, 0, 0, 0, 1, 0, 0];

/// An answer to somebody who has not signed in is at most this many times the request.
const MOST_AMPLIFICATION: usize = 3;

/// The first two bytes of a Send indication (RFC 8656 section 17).
const SEND_INDICATION: [u8; 2] = [0x00, 0x16];

/// A refusal, with the attributes that a 420 names.
struct Refused {
    refusal: Refusal,
    unknown: Vec<AttributeType>,
}

impl Server {
    pub(super) fn handle_message(
        &mut self,
        from: FiveTuple,
        datagram: &[u8],
        now: Now,
    ) -> Option<ToPeer> {
        if datagram.starts_with(&SEND_INDICATION) {
            return self.forward_send(from, datagram, now.mono);
        }
        let Ok(request) = stun::read_request(datagram) else {
            return self.drop(DropReason::Malformed);
        };
        match request.class() {
            MessageClass::Request => self.handle_request(from, &request, now),
            // A Binding indication keeps a NAT's mapping open and is answered by nothing (RFC 8489 section 6.3.2).
            MessageClass::Indication if request.method() == method::BINDING => None,
            MessageClass::Indication | MessageClass::Success | MessageClass::Error => {
                self.drop(DropReason::Malformed)
            }
        }
    }

    fn handle_request(
        &mut self,
        from: FiveTuple,
        request: &Message<'_>,
        now: Now,
    ) -> Option<ToPeer> {
        match request.method() {
            method::BINDING => {
                match unknown_attributes(request) {
                    Ok(()) => self.answer_binding(from, request, now),
                    Err(refused) => self.refuse_stranger(from, request, &refused, now),
                }
                return None;
            }
            method::ALLOCATE
            | method::REFRESH
            | method::CREATE_PERMISSION
            | method::CHANNEL_BIND => {}
            _ => return self.drop(DropReason::Malformed),
        }
        let caller = match self.sign_in(from, request, now) {
            Ok(caller) => caller,
            Err(refusal) => {
                self.refuse_stranger(from, request, &refusal.into(), now);
                return None;
            }
        };
        let served =
            unknown_attributes(request).and_then(|()| Ok(self.serve(from, request, &caller, now)?));
        match served {
            Ok(Some(answer)) => self.transmit(
                from,
                answer.finish(Some(&caller.signer), stun::fingerprinted(request)),
            ),
            Ok(None) => {}
            Err(refused) if refused.refusal.challenges() => {
                self.refuse_stranger(from, request, &refused, now);
            }
            Err(refused) => self.refuse(from, request, &refused, &caller.signer),
        }
        None
    }

    /// Returns the answer, or `None` if it comes later or not at all.
    fn serve(
        &mut self,
        from: FiveTuple,
        request: &Message<'_>,
        caller: &Caller<'_>,
        now: Now,
    ) -> Result<Option<Answer>, Refusal> {
        match request.method() {
            method::ALLOCATE => self.allocate(from, request, caller, now),
            method::REFRESH => self.refresh(from, request, caller, now.mono).map(Some),
            method::CREATE_PERMISSION => self
                .create_permission(from, request, caller, now.mono)
                .map(Some),
            method::CHANNEL_BIND => self.bind_channel(from, request, caller, now.mono).map(Some),
            _ => Ok(None),
        }
    }

    /// Answers with 12 bytes more than were asked with, or 24 to an IPv6 client: the address alone.
    fn answer_binding(&mut self, from: FiveTuple, request: &Message<'_>, now: Now) {
        let mapped = XorMappedAddress::new(from.client, request.transaction_id());
        let answer = Answer::success(request)
            .with(&mapped)
            .finish(None, stun::fingerprinted(request));
        if self.transmit_to_stranger(from, answer, now) {
            self.counters.bindings += 1;
        }
    }

    /// Answers somebody who has signed in.
    fn refuse(
        &mut self,
        from: FiveTuple,
        request: &Message<'_>,
        refused: &Refused,
        signer: &Signer,
    ) {
        self.counters.refused(refused.refusal);
        let answer = refused
            .answer(request, refused.refusal.reason())
            .finish(Some(signer), stun::fingerprinted(request));
        self.transmit(from, answer);
    }

    /// Answers somebody who has not signed in, or has to do so again: in full if that is not too much for what was sent, else without the reason,
    /// else with a nonce that offers nothing, else not at all.
    fn refuse_stranger(
        &mut self,
        from: FiveTuple,
        request: &Message<'_>,
        refused: &Refused,
        now: Now,
    ) {
        self.counters.refused(refused.refusal);
        let most = MOST_AMPLIFICATION * request.as_bytes().len();
        let fingerprint = stun::fingerprinted(request);
        for (reason, offer) in [
            (refused.refusal.reason(), Offer::Everything),
            ("", Offer::Everything),
            ("", Offer::Nothing),
        ] {
            let length = refused.length(reason, offer, &self.settings.realm)
                + if fingerprint { attribute(4) } else { 0 };
            if length > most {
                continue;
            }
            let mut answer = refused.answer(request, reason);
            if refused.refusal.challenges() {
                answer = self.challenge(answer, from, offer, now);
            }
            self.transmit_to_stranger(from, answer.finish(None, fingerprint), now);
            return;
        }
        self.counters.dropped(DropReason::Amplifying);
    }

    /// Adds what a client needs to sign in.
    fn challenge(&self, answer: Answer, from: FiveTuple, offer: Offer, now: Now) -> Answer {
        let nonce = self.nonces.issue(offer, from.client, now.unix);
        let answer = answer
            .with_value(Realm::TYPE, self.settings.realm.as_bytes())
            .with_value(Nonce::TYPE, nonce.as_bytes());
        match offer {
            Offer::Everything => answer.with_value(PasswordAlgorithms::TYPE, &PASSWORD_ALGORITHMS),
            Offer::Nothing => answer,
        }
    }

    /// Transmits to somebody who has not signed in, if the budget has as much. Returns whether it had.
    fn transmit_to_stranger(&mut self, to: FiveTuple, message: Vec<u8>, now: Now) -> bool {
        let strangers = &self.settings.strangers;
        let affordable = match to.transport {
            Transport::Udp => strangers.take(to.client.ip(), message.len(), now.mono),
            // Nobody has a stream in another's name, and who asks there asks once: unanswered, it would wait in vain.
            Transport::Tcp | Transport::Tls => true,
        };
        if affordable {
            self.transmit(to, message);
        } else {
            self.counters.dropped(DropReason::Budget);
        }
        affordable
    }

    pub(super) fn transmit(&mut self, to: FiveTuple, message: Vec<u8>) {
        self.outputs
            .push_back(Output::Transmit(Transmit { to, message }));
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            unknown: Vec::new(),
        }
    }
}

impl Refused {
    fn answer(&self, request: &Message<'_>, reason: &str) -> Answer {
        let answer = Answer::error(request, self.refusal.code(), reason);
        if self.unknown.is_empty() {
            answer
        } else {
            answer.with(&UnknownAttributes::new(&self.unknown))
        }
    }

    /// Returns how many bytes the answer to a stranger takes without FINGERPRINT.
    fn length(&self, reason: &str, offer: Offer, realm: &str) -> usize {
        let error = stun::HEADER + attribute(4 + reason.len());
        let unknown = match self.unknown.len() {
            0 => 0,
            count => attribute(2 * count),
        };
        let challenge = match (self.refusal.challenges(), offer) {
            (false, _) => 0,
            (true, Offer::Nothing) => attribute(realm.len()) + attribute(offer.length()),
            (true, Offer::Everything) => {
                attribute(realm.len())
                    + attribute(offer.length())
                    + attribute(PASSWORD_ALGORITHMS.len())
            }
        };
        error + unknown + challenge
    }
}

/// Returns how many bytes an attribute takes whose value has `length` bytes.
fn attribute(length: usize) -> usize {
    4 + length.next_multiple_of(4)
}

/// Refuses a request with attributes that must be understood and are not: in ascending order, each once (RFC 8489 section 6.3.1).
fn unknown_attributes(request: &Message<'_>) -> Result<(), Refused> {
    let kinds = request.values().map(|(kind, _)| kind);
    let mut unknown: Vec<_> = kinds.filter(|kind| !stun::is_understood(*kind)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    unknown.sort();
    unknown.dedup();
    Err(Refused {
        refusal: Refusal::UnknownAttribute,
        unknown,
    })
}
