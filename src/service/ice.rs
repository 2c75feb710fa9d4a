//! ICE servers for a signed-in client.

pub use crate::media::{IceConfig, TransportPolicy};

use crate::domain::Actor;

use super::Ground;

/// The use case. Cheap to clone.
#[derive(Clone)]
pub struct Ice {
    ground: Ground,
}

impl Ice {
    /// Builds it.
    #[must_use]
    pub fn new(ground: Ground) -> Self {
        Self { ground }
    }

    /// Issues ICE servers with credentials of the actor's sign-in; `None` if its relay name is none (a damaged row).
    #[must_use]
    pub fn config(&self, actor: &Actor) -> Option<IceConfig> {
        let media = &self.ground.media;
        let name = media.name(actor.user, &actor.relay_name);
        let name = name.inspect_err(
            |error| tracing::error!(session = %actor.session, %error, "no ICE servers"),
        );
        Some(media.ice_config(&name.ok()?, self.ground.clock.now()))
    }
}
