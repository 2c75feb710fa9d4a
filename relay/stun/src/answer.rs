//! Writing the answer to a request.

use crate::{
    AttributeType, AttributeWrite, ErrorCode, Message, MessageClass, MessageType, RawAttribute,
    Signer, integrity, message::HEADER,
};
use stun_types::attribute::{AttributeExt, AttributeStaticType};

/// An answer that is being written. It carries no SOFTWARE: it would make answers to strangers larger than they must be.
#[derive(Debug, Clone)]
pub struct Answer {
    bytes: Vec<u8>,
}

impl Answer {
    /// Starts a success response to `request`.
    pub fn success(request: &Message<'_>) -> Self {
        Self::to(request, MessageClass::Success)
    }

    /// Starts an error response to `request`; `reason` may be empty.
    pub fn error(request: &Message<'_>, code: u16, reason: &str) -> Self {
        let mut value = [0; 4 + 128];
        let reason = &reason.as_bytes()[..reason.len().min(128)];
        value[2..4].copy_from_slice(&[(code / 100) as u8, (code % 100) as u8]);
        value[4..4 + reason.len()].copy_from_slice(reason);
        Self::to(request, MessageClass::Error)
            .with_value(ErrorCode::TYPE, &value[..4 + reason.len()])
    }

    /// Adds `attribute`.
    pub fn with(mut self, attribute: &dyn AttributeWrite) -> Self {
        let start = self.bytes.len();
        self.bytes.resize(start + attribute.padded_len(), 0);
        attribute.write_into_unchecked(&mut self.bytes[start..]);
        self
    }

    /// Adds an attribute of type `kind` with `value` as it stands on the wire.
    pub fn with_value(self, kind: AttributeType, value: &[u8]) -> Self {
        self.with(&RawAttribute::new(kind, value))
    }

    /// Ends the answer, signed if there is a `signer`, and with FINGERPRINT if the request had one.
    pub fn finish(mut self, signer: Option<&Signer>, fingerprint: bool) -> Vec<u8> {
        let length = ((self.bytes.len() - HEADER) as u16).to_be_bytes();
        self.bytes[2..4].copy_from_slice(&length);
        if let Some(signer) = signer {
            integrity::sign(&mut self.bytes, signer);
        }
        if fingerprint {
            integrity::print(&mut self.bytes);
        }
        self.bytes
    }

    fn to(request: &Message<'_>, class: MessageClass) -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend(MessageType::from_class_method(class, request.method()).to_bytes());
        bytes.extend([0; 2]);
        bytes.extend(&request.as_bytes()[4..HEADER]);
        Self { bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        IntegrityAlgorithm, Key, LongTermKeyCredentials, MessageWriteVec, PasswordAlgorithmValue,
        XorMappedAddress, fingerprinted, method, read,
    };
    use stun_types::message::MessageIntegrityCredentials;

    #[test]
    fn an_answer_has_the_requests_method_and_transaction() {
        let request = request();
        let request = read(&request).unwrap();
        let bytes = Answer::error(&request, 437, "Allocation Mismatch").finish(None, true);
        let answer = read(&bytes).unwrap();
        assert_eq!(
            (answer.class(), answer.method()),
            (MessageClass::Error, method::ALLOCATE)
        );
        assert_eq!(answer.transaction_id(), request.transaction_id());
        let error = answer.attribute::<ErrorCode>().unwrap();
        assert_eq!((error.code(), error.reason()), (437, "Allocation Mismatch"));
        assert!(fingerprinted(&answer));
    }

    #[test]
    fn another_implementation_reads_what_is_signed_here() {
        let request = request();
        let request = read(&request).unwrap();
        let credentials = MessageIntegrityCredentials::from(LongTermKeyCredentials::new(
            "user".into(),
            "pass".into(),
            "realm".into(),
        ));
        for (algorithm, integrity) in [
            (PasswordAlgorithmValue::MD5, IntegrityAlgorithm::Sha1),
            (PasswordAlgorithmValue::SHA256, IntegrityAlgorithm::Sha256),
        ] {
            for fingerprint in [false, true] {
                let key = Key::long_term(algorithm, "user", "realm", "pass");
                let mapped = XorMappedAddress::new(
                    "[2001:db8::1]:1".parse().unwrap(),
                    request.transaction_id(),
                );
                let bytes = Answer::success(&request).with(&mapped).finish(
                    Some(&Signer {
                        key: key.clone(),
                        integrity,
                    }),
                    fingerprint,
                );
                let foreign = stun_types::message::Message::from_bytes(&bytes).unwrap();
                assert_eq!(foreign.validate_integrity(&credentials).unwrap(), integrity);
                assert!(read(&bytes).unwrap().is_signed_with(&key));
            }
        }
    }

    fn request() -> Vec<u8> {
        use crate::MessageWrite;
        Message::builder_request(method::ALLOCATE, MessageWriteVec::new()).finish()
    }
}
