//! Writing the answer to a request.

use crate::{
    AttributeWrite, ErrorCode, IntegrityAlgorithm, IntegrityKey, Message, MessageWrite,
    MessageWriteExt, MessageWriteVec,
};

/// An answer that is being written. It carries no SOFTWARE: it would make answers to strangers larger than they must be.
#[derive(Debug)]
pub struct Answer {
    message: MessageWriteVec,
}

impl Answer {
    /// Starts a success response to `request`.
    pub fn success(request: &Message<'_>) -> Self {
        Self {
            message: Message::builder_success(request, MessageWriteVec::with_capacity(128)),
        }
    }

    /// Starts an error response to `request`; `reason` may be empty.
    pub fn error(request: &Message<'_>, code: u16, reason: &str) -> Self {
        let answer = Self {
            message: Message::builder_error(request, MessageWriteVec::with_capacity(128)),
        };
        answer.with(
            &ErrorCode::new(code, reason)
                .expect("every code we answer with is between 300 and 699"),
        )
    }

    /// Adds `attribute`.
    pub fn with(mut self, attribute: &dyn AttributeWrite) -> Self {
        self.message
            .add_attribute(attribute)
            .expect("the message grows, and integrity and fingerprint come last");
        self
    }

    /// Ends the answer, with MESSAGE-INTEGRITY if there is a `key`, and with FINGERPRINT if the request had one.
    pub fn finish(mut self, key: Option<&IntegrityKey>, fingerprint: bool) -> Vec<u8> {
        if let Some(key) = key {
            let added = self
                .message
                .add_message_integrity_with_key(key, IntegrityAlgorithm::Sha1);
            added.expect("the message grows, and has no integrity yet");
        }
        if fingerprint {
            self.message
                .add_fingerprint()
                .expect("the message grows, and has no fingerprint yet");
        }
        self.message.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LongTermKeyCredentials, MessageClass, method, read};

    #[test]
    fn an_answer_has_the_requests_method_and_transaction_and_checks_with_its_key() {
        let request = Message::builder_request(method::ALLOCATE, MessageWriteVec::new()).finish();
        let request = read(&request).unwrap();
        let key = LongTermKeyCredentials::new("user".into(), "pass".into(), "realm".into())
            .make_key(IntegrityAlgorithm::Sha1);
        let bytes = Answer::error(&request, 437, "Allocation Mismatch").finish(Some(&key), true);
        let answer = read(&bytes).unwrap();
        assert_eq!(
            (answer.class(), answer.method()),
            (MessageClass::Error, method::ALLOCATE)
        );
        assert_eq!(answer.transaction_id(), request.transaction_id());
        assert_eq!(answer.attribute::<ErrorCode>().unwrap().code(), 437);
        assert!(answer.validate_integrity_with_key(&key).is_ok());
        assert!(crate::fingerprinted(&answer));
    }
}
