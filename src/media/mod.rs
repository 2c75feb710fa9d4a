//! The door to the relay: ICE servers for clients, who may reach whom through it, the end of what a sign-in holds there, and the rooms of
//! group calls.

mod names;
mod report;
mod rooms;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use turn::{CallKey, LiveCalls, SessionName};

use crate::domain::{CallId, UnixMillis, UserId};
use names::Names;

pub use names::RelayName;
pub use net::CommandError as RelayUnavailable;
pub use report::{Allocation, AllocationId, Counters, Flow, RelayEvents, Transport};
pub use rooms::{Reports, RoomRefusal};
pub use turn::NoSessionName;

/// How often a command is given again while the relay's queue is full.
const RETRY: Duration = Duration::from_millis(50);

/// Which ICE candidates clients may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransportPolicy {
    /// Any.
    All,
    /// Relayed ones alone.
    Relay,
}

/// What makes and checks the relay's credentials.
#[derive(Clone, Copy)]
pub struct RelaySecrets<'a> {
    /// Makes new ones.
    pub current: &'a str,
    /// Made those that are still taken.
    pub previous: &'a [&'a str],
}

/// What clients are told of the relay, and how long it takes their credentials.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// Its name or address, as clients reach it.
    pub host: String,
    /// Its port for UDP and TCP.
    pub port: u16,
    /// Its port for TLS, if it has a certificate for `host`.
    pub tls_port: Option<u16>,
    /// How long issued credentials can be used.
    pub credential_lifetime: Duration,
    /// How much longer the relay takes them.
    pub clock_skew: Duration,
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

    fn stun_url(&self) -> String {
        format!("stun:{}:{}", self.host, self.port)
    }

    /// At most three: a browser makes an allocation for each, on each of its interfaces.
    fn turn_urls(&self) -> Vec<String> {
        let Self { host, port, .. } = self;
        let tls = |port| format!("turns:{host}:{port}?transport=tcp");
        ["udp", "tcp"]
            .map(|transport| format!("turn:{host}:{port}?transport={transport}"))
            .into_iter()
            .chain(self.tls_port.map(tls))
            .collect()
    }
}

/// What one client needs to negotiate ICE.
#[derive(Clone, Debug)]
pub struct IceConfig {
    /// `stun:` URL.
    pub stun: String,
    /// `turn:` and `turns:` URLs.
    pub turn: Vec<String>,
    /// For these.
    pub username: String,
    /// For these.
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
    calls: Arc<LiveCalls>,
    secret: turn::Secret,
    names: Arc<Names>,
    config: Arc<MediaConfig>,
}

impl Media {
    /// Takes a running relay, what it is told of living calls, and the secrets of its credentials; `None` if the current one is none.
    #[must_use]
    pub fn new(
        relay: net::Handle,
        calls: Arc<LiveCalls>,
        secrets: RelaySecrets<'_>,
        config: MediaConfig,
    ) -> Option<Self> {
        Some(Self {
            relay,
            calls,
            secret: turn::Secret::new(secrets.current)?,
            names: Arc::new(Names::new(
                secrets.current,
                secrets.previous.iter().copied(),
            )),
            config: Arc::new(config),
        })
    }

    /// Names the sign-in of `user` with this relay name.
    ///
    /// # Errors
    /// [`NoSessionName`] if it is no relay name.
    pub fn name(&self, user: UserId, sign_in: &str) -> Result<RelayName, NoSessionName> {
        self.names.of(user, sign_in)
    }

    /// Issues ICE servers for a sign-in.
    #[must_use]
    pub fn ice_config(&self, name: &RelayName, now: UnixMillis) -> IceConfig {
        let config = &self.config;
        let expires = unix_seconds(now.plus(config.credential_lifetime));
        let credentials = turn::Credentials::issue(&self.secret, name.current(), expires);
        self.relay.issued(&credentials.username);
        IceConfig {
            stun: config.stun_url(),
            turn: config.turn_urls(),
            username: credentials.username,
            credential: credentials.credential,
            lifetime: config.credential_lifetime,
            policy: config.policy,
        }
    }

    /// Lets a sign-in that ended at `ended` hold nothing on the relay any more, whatever credentials it has.
    pub fn bar(&self, name: &RelayName, ended: UnixMillis) {
        let until = unix_seconds(ended.plus(self.barred_for()));
        for session in name.all().to_vec() {
            self.command(move |relay| relay.ban(session.clone(), until));
        }
    }

    /// Returns for how long a sign-in that ended must be barred: nothing that it was issued can be used afterwards.
    #[must_use]
    pub fn barred_for(&self) -> Duration {
        self.config.credential_lifetime + self.config.clock_skew
    }

    /// A sign-in speaks for a side of `call` from here on.
    pub fn join(&self, call: CallId, name: &RelayName) {
        for session in name.all() {
            self.calls.join(key(call), session.clone());
        }
    }

    /// A sign-in that takes part in `call` may be reached at these addresses.
    pub fn announce(&self, call: CallId, name: &RelayName, addresses: &[IpAddr]) {
        for (session, address) in name
            .all()
            .iter()
            .flat_map(|session| addresses.iter().map(move |address| (session, *address)))
        {
            if let Err(error) = self.calls.announce(key(call), session, address) {
                tracing::debug!(%call, %session, %error, "a candidate was not announced");
            }
        }
    }

    /// A sign-in speaks for its side of `call` no longer: what it holds on the relay ends. It is in no other call.
    pub fn leave(&self, call: CallId, name: &RelayName) {
        for session in name.all() {
            self.calls.leave(key(call), session);
            self.revoke(session.clone());
        }
    }

    /// `call` is over: what its sign-ins hold on the relay ends, unless they are in another.
    pub fn end_call(&self, call: CallId) {
        for session in self.calls.end(key(call)) {
            self.revoke(session);
        }
    }

    /// Returns all allocations.
    ///
    /// # Errors
    /// [`RelayUnavailable`].
    pub async fn allocations(&self) -> Result<Vec<Allocation>, RelayUnavailable> {
        let views = self.relay.allocations().await?;
        let now = Instant::now();
        let allocation = |view| Allocation::new(view, now);
        Ok(views.into_iter().map(allocation).collect())
    }

    /// Ends one allocation; returns whether there was one.
    ///
    /// # Errors
    /// [`RelayUnavailable`].
    pub async fn end_allocation(&self, id: AllocationId) -> Result<bool, RelayUnavailable> {
        self.relay.end(id.0).await
    }

    /// Returns what the relay counted.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.relay.counters()
    }

    fn revoke(&self, session: SessionName) {
        self.command(move |relay| relay.revoke(session.clone()));
    }

    /// Gives the relay a command that must not be lost.
    fn command(
        &self,
        give: impl Fn(&net::Handle) -> Result<(), net::CommandError> + Send + 'static,
    ) {
        match give(&self.relay) {
            // Stopped: every allocation has ended with it.
            Ok(()) | Err(net::CommandError::Stopped) => {}
            Err(net::CommandError::Busy) => {
                let relay = self.relay.clone();
                tokio::spawn(async move {
                    while give(&relay) == Err(net::CommandError::Busy) {
                        tokio::time::sleep(RETRY).await;
                    }
                });
            }
        }
    }
}

fn key(call: CallId) -> CallKey {
    CallKey(call.as_u128())
}

fn unix_seconds(at: UnixMillis) -> turn::UnixSeconds {
    turn::UnixSeconds(u64::try_from(at.as_secs()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_given_tls_only_where_there_is_a_port_for_it() {
        let mut config = MediaConfig {
            host: "talk.example.org".into(),
            port: 3478,
            tls_port: None,
            credential_lifetime: Duration::from_secs(1),
            clock_skew: Duration::ZERO,
            policy: TransportPolicy::All,
        };
        let plain = [
            "turn:talk.example.org:3478?transport=udp",
            "turn:talk.example.org:3478?transport=tcp",
        ];
        assert_eq!(config.turn_urls(), plain);
        config.tls_port = Some(5349);
        let with_tls = config.turn_urls();
        assert_eq!(with_tls[..2], plain);
        assert_eq!(with_tls[2..], ["turns:talk.example.org:5349?transport=tcp"]);
        config.host = MediaConfig::host_of("2001:db8::1".parse().unwrap());
        assert_eq!(config.stun_url(), "stun:[2001:db8::1]:3478");
    }
}
