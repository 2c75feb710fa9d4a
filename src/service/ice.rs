//! ICE servers for a signed-in client.

pub use crate::media::{IceConfig, TransportPolicy};

use crate::domain::{Actor, Step};

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
        let config = media.ice_config(&name.ok()?, self.ground.clock.now());
        let issued = Step::ServersIssued {
            urls: config.turn.clone(),
            seconds: config.lifetime.as_secs(),
        };
        let sign_in = actor.relay_name.clone();
        self.ground.journal.of_sign_in(sign_in, issued);
        Some(config)
    }
}
