//! Why a request is refused, in the words of RFC 8489 section 14.8 and RFC 8656 section 19.

/// A refusal that the client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 400: an attribute is missing, broken or contradicts another.
    BadRequest,
    /// 401: no credentials, wrong ones, or expired ones.
    Unauthorized,
    /// 403: the peer is not to be reached.
    Forbidden,
    /// 420: an attribute that must be understood is not.
    UnknownAttribute,
    /// 437: there is no allocation, or one that should not be there.
    AllocationMismatch,
    /// 438: the nonce is old, of another client, or not ours.
    StaleNonce,
    /// 440: no relayed addresses of that family here.
    AddressFamilyNotSupported,
    /// 441: the allocation was made with other credentials.
    WrongCredentials,
    /// 442: no relaying over that protocol here.
    UnsupportedTransport,
    /// 443: the peer's family is not that of the relayed address.
    PeerAddressFamilyMismatch,
    /// 486: the user has as many allocations as it may have.
    AllocationQuotaReached,
    /// 508: the server, or the allocation, is full.
    InsufficientCapacity,
}

impl Refusal {
    /// Every refusal, in the order of the counters.
    pub const ALL: [Self; 12] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::UnknownAttribute,
        Self::AllocationMismatch,
        Self::StaleNonce,
        Self::AddressFamilyNotSupported,
        Self::WrongCredentials,
        Self::UnsupportedTransport,
        Self::PeerAddressFamilyMismatch,
        Self::AllocationQuotaReached,
        Self::InsufficientCapacity,
    ];

    /// Returns the error code.
    pub fn code(self) -> u16 {
        self.words().0
    }

    /// Returns the reason phrase.
    pub fn reason(self) -> &'static str {
        self.words().1
    }

    /// Returns whether the client is challenged: it may try again with the realm and nonce of the answer.
    pub(crate) fn challenges(self) -> bool {
        matches!(self, Self::Unauthorized | Self::StaleNonce)
    }

    fn words(self) -> (u16, &'static str) {
        match self {
            Self::BadRequest => (400, "Bad Request"),
            Self::Unauthorized => (401, "Unauthenticated"),
            Self::Forbidden => (403, "Forbidden"),
            Self::UnknownAttribute => (420, "Unknown Attribute"),
            Self::AllocationMismatch => (437, "Allocation Mismatch"),
            Self::StaleNonce => (438, "Stale Nonce"),
            Self::AddressFamilyNotSupported => (440, "Address Family not Supported"),
            Self::WrongCredentials => (441, "Wrong Credentials"),
            Self::UnsupportedTransport => (442, "Unsupported Transport Protocol"),
            Self::PeerAddressFamilyMismatch => (443, "Peer Address Family Mismatch"),
            Self::AllocationQuotaReached => (486, "Allocation Quota Reached"),
            Self::InsufficientCapacity => (508, "Insufficient Capacity"),
        }
    }
}
