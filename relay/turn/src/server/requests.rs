//! Messages that are no relayed data: who sent them, and how they are answered (RFC 8489 sections 6.3 and 9.2.4).

use super::Server;
use crate::{
    DropReason, FiveTuple, Now, Output, Refusal, ToPeer, Transmit, credentials::EphemeralUsername,
};
use stun::{
    Answer, Attribute, AttributeStaticType, AttributeType, IntegrityAlgorithm, IntegrityKey,
    LongTermKeyCredentials, Message, MessageClass, MessageIntegrity, Nonce, Realm,
    UnknownAttributes, Username, XorMappedAddress, method,
};

/// An answer to somebody who has not signed in is at most this many times the request.
const MOST_AMPLIFICATION: usize = 3;

/// A client that has signed in.
pub(super) struct Caller {
    pub(super) username: EphemeralUsername,
    pub(super) key: IntegrityKey,
}

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
        if request.method() == method::BINDING {
            match unknown_attributes(request) {
                Ok(()) => self.answer_binding(from, request),
                Err(refused) => self.refuse(from, request, &refused, None, now),
            }
            return None;
        }
        if ![
            method::ALLOCATE,
            method::REFRESH,
            method::CREATE_PERMISSION,
            method::CHANNEL_BIND,
        ]
        .contains(&request.method())
        {
            return self.drop(DropReason::Malformed);
        }
        let caller = match self.authenticate(from, request, now) {
            Ok(caller) => caller,
            Err(refusal) => {
                self.refuse(from, request, &refusal.into(), None, now);
                return None;
            }
        };
        let served =
            unknown_attributes(request).and_then(|()| Ok(self.serve(from, request, &caller, now)?));
        match served {
            Ok(Some(answer)) => self.transmit(
                from,
                answer.finish(Some(&caller.key), stun::fingerprinted(request)),
            ),
            Ok(None) => {}
            Err(refused) => self.refuse(from, request, &refused, Some(&caller.key), now),
        }
        None
    }

    /// Returns the answer, or `None` if it comes later or not at all.
    fn serve(
        &mut self,
        from: FiveTuple,
        request: &Message<'_>,
        caller: &Caller,
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

    fn authenticate(
        &self,
        from: FiveTuple,
        request: &Message<'_>,
        now: Now,
    ) -> Result<Caller, Refusal> {
        if !request.has_attribute(MessageIntegrity::TYPE) {
            return Err(Refusal::Unauthorized);
        }
        let (Ok(username), Ok(realm), Ok(nonce)) = (
            request.attribute::<Username>(),
            request.attribute::<Realm>(),
            request.attribute::<Nonce>(),
        ) else {
            return Err(Refusal::BadRequest);
        };
        if !self.nonces.knows(nonce.nonce(), from.client, now.unix) {
            return Err(Refusal::StaleNonce);
        }
        let username: EphemeralUsername = username
            .username()
            .parse()
            .map_err(|_| Refusal::Unauthorized)?;
        if realm.realm() != self.settings.realm {
            return Err(Refusal::Unauthorized);
        }
        let known = self
            .allocation(&from)
            .filter(|allocation| allocation.username == username.text);
        let keys = known
            .map(|allocation| allocation.key.clone())
            .into_iter()
            .chain(self.keys(&username));
        let key = keys
            .into_iter()
            .find(|key| request.validate_integrity_with_key(key).is_ok())
            .ok_or(Refusal::Unauthorized)?;
        Ok(Caller { username, key })
    }

    /// Returns the keys that `username` may sign with, one for each secret.
    fn keys(&self, username: &EphemeralUsername) -> impl Iterator<Item = IntegrityKey> {
        self.settings.secrets.iter().map(|secret| {
            let password = secret.password(&username.text);
            LongTermKeyCredentials::new(
                username.text.to_string(),
                password,
                self.settings.realm.clone(),
            )
            .make_key(IntegrityAlgorithm::Sha1)
        })
    }

    /// Answers with 12 bytes more than were asked with, or 24 to an IPv6 client: the address alone.
    fn answer_binding(&mut self, from: FiveTuple, request: &Message<'_>) {
        self.counters.bindings += 1;
        let answer = Answer::success(request).with(&XorMappedAddress::new(
            from.client,
            request.transaction_id(),
        ));
        self.transmit(from, answer.finish(None, stun::fingerprinted(request)));
    }

    fn refuse(
        &mut self,
        from: FiveTuple,
        request: &Message<'_>,
        refused: &Refused,
        key: Option<&IntegrityKey>,
        now: Now,
    ) {
        self.counters.refused(refused.refusal);
        let fingerprint = stun::fingerprinted(request);
        if key.is_some() && !refused.refusal.challenges() {
            let message = self
                .error(from, request, refused, refused.refusal.reason(), now)
                .finish(key, fingerprint);
            return self.transmit(from, message);
        }
        let most = MOST_AMPLIFICATION * request.as_bytes().len();
        for reason in [refused.refusal.reason(), ""] {
            let message = self
                .error(from, request, refused, reason, now)
                .finish(None, fingerprint);
            if message.len() <= most {
                return self.transmit(from, message);
            }
        }
        self.counters.dropped(DropReason::Amplifying);
    }

    fn error(
        &self,
        from: FiveTuple,
        request: &Message<'_>,
        refused: &Refused,
        reason: &str,
        now: Now,
    ) -> Answer {
        let mut answer = Answer::error(request, refused.refusal.code(), reason);
        if refused.refusal.challenges() {
            let nonce = self.nonces.issue(from.client, now.unix);
            answer = answer
                .with(
                    &Realm::new(&self.settings.realm)
                        .expect("a realm of more than 763 bytes is refused at the start"),
                )
                .with(&Nonce::new(&nonce).expect("a nonce is 16 characters"));
        }
        if refused.unknown.is_empty() {
            answer
        } else {
            answer.with(&UnknownAttributes::new(&refused.unknown))
        }
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

/// The first two bytes of a Send indication (RFC 8656 section 17).
const SEND_INDICATION: [u8; 2] = [0x00, 0x16];

/// The attributes that must be understood and are; DONT-FRAGMENT is not (RFC 8656 section 7.2, step 4).
const UNDERSTOOD: [u16; 14] = [
    0x0006, 0x0008, 0x000C, 0x000D, 0x0012, 0x0013, 0x0014, 0x0015, 0x0017, 0x0018, 0x0019, 0x001C,
    0x0020, 0x0022,
];

/// Refuses a request with attributes that must be understood and are not.
fn unknown_attributes(request: &Message<'_>) -> Result<(), Refused> {
    let kinds = request
        .iter_attributes()
        .map(|(_, attribute)| attribute.get_type());
    let mut unknown: Vec<_> = kinds
        .filter(|kind| kind.comprehension_required() && !UNDERSTOOD.contains(&u16::from(*kind)))
        .collect();
    unknown.sort_by_key(|kind| u16::from(*kind));
    unknown.dedup();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(Refused {
            refusal: Refusal::UnknownAttribute,
            unknown,
        })
    }
}
