//! What a server is made of.

use crate::{
    CredentialLimits, Issued, Limits, OwnAddresses, PeerPolicy, Registry, Secret, Strangers,
    WorkerId,
};
use std::{fmt, ops::RangeInclusive, sync::Arc};

/// What a server is made of.
pub struct Settings {
    /// The realm of the credentials.
    pub realm: String,
    /// The secrets that credentials may be made with. With none, nobody can sign in.
    pub secrets: Vec<Secret>,
    /// How long credentials may live.
    pub credentials: CredentialLimits,
    /// The usernames that were issued: the same for all servers of a relay.
    pub issued: Arc<Issued>,
    /// What nonces are made with: the same for all servers of a relay, so that each knows those of the others.
    pub nonce_key: [u8; 32],
    /// What strangers are answered: the same for all servers of a relay.
    pub strangers: Arc<Strangers>,
    /// The ports of relayed addresses.
    pub relay_ports: RangeInclusive<u16>,
    /// The server's own addresses.
    pub own: OwnAddresses,
    /// Who may reach whom.
    pub peers: Arc<dyn PeerPolicy>,
    /// What nobody may have more of: the same for all servers of a relay.
    pub limits: Limits,
    /// What all servers of a relay hold in common.
    pub registry: Arc<Registry>,
    /// Which of them this is.
    pub worker: WorkerId,
    /// There are peers in this process, at the addresses of the listeners.
    pub inside: bool,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut settings = f.debug_struct("Settings");
        settings
            .field("realm", &self.realm)
            .field("relay_ports", &self.relay_ports)
            .field("own", &self.own);
        settings
            .field("limits", &self.limits)
            .field("worker", &self.worker)
            .finish_non_exhaustive()
    }
}
