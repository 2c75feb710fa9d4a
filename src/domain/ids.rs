//! The ids of everything that is stored or connected. All stored ones are UUIDv7: they sort by the time they were made.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        #[schema(value_type = Uuid)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id that sorts after all earlier ones of this process.
            #[expect(clippy::new_without_default, reason = "a new id is made on purpose, never by default")]
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Returns the id that is this number.
            #[must_use]
            pub const fn from_u128(number: u128) -> Self {
                Self(Uuid::from_u128(number))
            }

            /// Returns the id as a number.
            #[must_use]
            pub const fn as_u128(self) -> u128 {
                self.0.as_u128()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// One person of the family.
    UserId
);
id!(
    /// One installation of a client that a person signs in with.
    DeviceId
);
id!(
    /// One sign-in, from login to logout; refresh tokens belong to it.
    SessionId
);
id!(
    /// One refresh token of a session (the `jti` claim).
    TokenId
);
id!(
    /// One invitation code.
    InviteId
);
id!(
    /// One chat.
    ChatId
);
id!(
    /// One message of a chat.
    MessageId
);
id!(
    /// One call, from the first ring to the last leave.
    CallId
);

id!(
    /// One step of a call's record.
    StepId
);
id!(
    /// One joined device in a group call; new for each join.
    ParticipantId
);

/// One live connection of a client to a namespace. Never leaves the process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SocketId(pub u64);
