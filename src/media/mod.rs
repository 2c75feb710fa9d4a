//! The door to the relay: ICE servers for clients, and the end of what a session holds there.

use std::net::IpAddr;
use std::time::Duration;

use crate::domain::UnixMillis;

/// How often a revocation is tried again while the relay's queue is full.
const RETRY: Duration = Duration::from_millis(50);

/// Which ICE candidates clients may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransportPolicy {
    /// Any.
    All,
    /// Relayed ones alone.
    Relay,
}

/// What clients are told of the relay.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// Its name or address, as clients reach it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How long issued credentials can be used.
    pub credential_lifetime: Duration,
    /// Which candidates clients may use.
    pub policy: TransportPolicy,
}

impl MediaConfig {
    /// Names an address as the host of an URL.
    #[must_use]
    pub fn host_of(address: IpAddr) -> String {
        match address {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        }
    }
}

/// What one client needs to negotiate ICE.
#[derive(Clone, Debug)]
pub struct IceConfig {
    /// `stun:` URL.
    pub stun: String,
    /// `turn:` URLs.
    pub turn: Vec<String>,
    /// For the `turn:` URLs.
    pub username: String,
    /// For the `turn:` URLs.
    pub credential: String,
    /// How long they can be used.
    pub lifetime: Duration,
    /// Which candidates may be used.
    pub policy: TransportPolicy,
}

/// A handle to the relay. Cheap to clone.
#[derive(Clone)]
pub struct Media {
    relay: net::Handle,
    secret: turn::Secret,
    config: MediaConfig,
}

impl Media {
    /// Takes a running relay and the secret that issues its credentials.
    #[must_use]
    pub fn new(relay: net::Handle, secret: turn::Secret, config: MediaConfig) -> Self {
        Self {
            relay,
            secret,
            config,
        }
    }

    /// Issues ICE servers for the sign-in with this relay name.
    ///
    /// # Errors
    /// [`turn::NoSessionName`] if it is no relay name.
    pub fn ice_config(
        &self,
        relay_name: &str,
        now: UnixMillis,
    ) -> Result<IceConfig, turn::NoSessionName> {
        let session: turn::SessionName = relay_name.parse()?;
        let expires = now.plus(self.config.credential_lifetime).as_secs();
        let expires = turn::UnixSeconds(u64::try_from(expires).unwrap_or(0));
        let credentials = turn::Credentials::issue(&self.secret, &session, expires);
        let (host, port) = (&self.config.host, self.config.port);
        Ok(IceConfig {
            stun: format!("stun:{host}:{port}"),
            turn: vec![format!("turn:{host}:{port}?transport=udp")],
            username: credentials.username,
            credential: credentials.credential,
            lifetime: self.config.credential_lifetime,
            policy: self.config.policy,
        })
    }

    /// Ends every allocation of the sign-in with this relay name.
    pub fn revoke(&self, relay_name: &str) {
        let Ok(session) = relay_name.parse::<turn::SessionName>() else {
            return;
        };
        match self.relay.revoke(session.clone()) {
            // Stopped: every allocation has ended with it.
            Ok(()) | Err(net::CommandError::Stopped) => {}
            Err(net::CommandError::Busy) => {
                let relay = self.relay.clone();
                tokio::spawn(async move {
                    while relay.revoke(session.clone()) == Err(net::CommandError::Busy) {
                        tokio::time::sleep(RETRY).await;
                    }
                });
            }
        }
    }
}
