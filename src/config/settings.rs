//! The settings: one struct for each section, the defaults, and the one list of keys.
//!
//! Owns the shape. Reading is `layers` and `load`; what values must agree on is `rules`.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;

use super::{
    database::DatabaseUrl,
    names::{HostName, InviteCode, LogFilter},
    relay::{Peers, Turn},
    secrets::Secret,
    units::{BitRate, ByteSize},
    value::{Visitor, choice},
};

/// The invite of the local run, printed in the README and therefore known to everybody.
pub const LOCAL_INVITE: &str = "secret_invite";

/// Everything that can be configured, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The public host name. With it the server is served to others, see [`Config::local_run`].
    pub domain: Option<HostName>,
    /// Where the database file (if SQLite) and the generated secrets live.
    pub data_dir: PathBuf,
    pub http: Http,
    pub database: Database,
    pub auth: Auth,
    pub chat: Chat,
    pub calls: Calls,
    pub turn: Turn,
    pub https: Https,
    pub tls: Tls,
    pub acme: Acme,
    pub metrics: Metrics,
    pub log: Log,
}

/// The HTTP server: pages, REST and Socket.IO.
#[derive(Debug, Clone)]
pub struct Http {
    pub listen: SocketAddr,
    /// Whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The longest request body that is read.
    pub body_limit: ByteSize,
}

/// The database.
#[derive(Debug, Clone, Default)]
pub struct Database {
    /// As configured; what is used is [`Config::database_url`].
    pub url: Option<DatabaseUrl>,
    pub url_file: Option<PathBuf>,
}

/// Accounts, tokens and invites.
#[derive(Debug, Clone)]
pub struct Auth {
    pub access_token_lifetime: Duration,
    pub refresh_token_lifetime: Duration,
    /// How long a rotated refresh token is still taken after its successor was used.
    pub refresh_grace: Duration,
    /// As configured; what is used is [`Config::first_invite`].
    pub first_invite: Option<InviteCode>,
    /// As configured; what is used is [`super::Secrets::jwt`].
    pub jwt_secret: Option<Secret>,
    pub jwt_secret_file: Option<PathBuf>,
    /// Sign-in attempts a minute from one address.
    pub logins_per_minute: NonZeroU32,
    /// Invite checks and registrations a minute from one address.
    pub invites_per_minute: NonZeroU32,
    /// Sign-ins that may wait for a password to be hashed; one more gets 503.
    pub password_queue: NonZeroU32,
}

/// Chats and messages.
#[derive(Debug, Clone)]
pub struct Chat {
    /// In characters (Unicode scalar values).
    pub max_message_length: NonZeroU32,
    pub family_chat_name: String,
}

/// Calls between people.
#[derive(Debug, Clone)]
pub struct Calls {
    /// How long a call rings until it counts as missed.
    pub ring_timeout: Duration,
    /// How long an answered call waits for a side whose connection was lost.
    pub rejoin_timeout: Duration,
    /// How long what happened in a call is kept, for the question why it went as it did.
    pub record_lifetime: Duration,
    pub ice_transport_policy: IceTransportPolicy,
    /// Of one group call.
    pub group_participants: NonZeroU32,
    /// Tracks that one participant publishes.
    pub group_publications: NonZeroU32,
    /// Sizes in which one video is sent at once.
    pub group_layers: NonZeroU32,
    /// Of one video, all its layers together.
    pub group_video_bitrate: BitRate,
    /// Microphones that are passed on of a call with more: the loudest.
    pub group_audible: NonZeroU32,
}

impl Calls {
    /// Above this one thread does not carry a call.
    pub(super) const MOST_PARTICIPANTS: u32 = 100;
    /// A microphone, a camera, a screen and its sound.
    pub(super) const LEAST_PUBLICATIONS: u32 = 4;
    /// More than anybody has use for.
    pub(super) const MOST_PUBLICATIONS: u32 = 16;
    /// What clients and the server know of.
    pub(super) const MOST_LAYERS: u32 = 3;
    /// Below this no picture can be made out.
    pub(super) const LEAST_VIDEO: BitRate = BitRate::kbit(100);
}

/// Pages over TLS, and all media beside them: one port for networks that let nothing else out.
#[derive(Debug, Clone)]
pub struct Https {
    /// Each for TCP and UDP.
    pub listen: Vec<SocketAddr>,
    /// Where requests in the clear are sent on to `https`, and where an ACME authority may ask.
    pub redirect_listen: Vec<SocketAddr>,
    /// Connections of browsers in all.
    pub connections: NonZeroU32,
    /// Connections of browsers from one network (IPv4 /24, IPv6 /48).
    pub connections_per_prefix: NonZeroU32,
}

/// The authority that gives the certificate, if no files are configured.
#[derive(Debug, Clone)]
pub struct Acme {
    /// Whom it may write to about the certificate.
    pub email: Option<String>,
    /// The address of its directory (RFC 8555 section 7.1.1).
    pub directory: String,
    /// Certificates (PEM) by which the authority itself is trusted, if not by those of the system.
    pub root_file: Option<PathBuf>,
}

/// The server's certificate.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// The chain, the server's own first (PEM).
    pub certificate_file: Option<PathBuf>,
    /// Its private key (PEM).
    pub key_file: Option<PathBuf>,
}

/// What is counted, for Prometheus.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Not set: nowhere.
    pub listen: Option<SocketAddr>,
}

/// The log, on standard error.
#[derive(Debug, Clone)]
pub struct Log {
    pub filter: LogFilter,
    pub format: LogFormat,
}

choice! {
    /// Which ICE candidates clients may use.
    IceTransportPolicy { All = "all", Relay = "relay" }
}

choice! {
    /// How a log line is written.
    LogFormat { Text = "text", Json = "json" }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            domain: None,
            data_dir: "./data".into(),
            http: Http::default(),
            database: Database::default(),
            auth: Auth::default(),
            chat: Chat::default(),
            calls: Calls::default(),
            turn: Turn::default(),
            https: Https::default(),
            tls: Tls::default(),
            acme: Acme::default(),
            metrics: Metrics::default(),
            log: Log::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 3000)),
            trusted_proxies: Vec::new(),
            body_limit: ByteSize::kib(256),
        }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            access_token_lifetime: Duration::from_mins(15),
            refresh_token_lifetime: Duration::from_hours(30 * 24),
            refresh_grace: Duration::from_mins(1),
            first_invite: None,
            jwt_secret: None,
            jwt_secret_file: None,
            logins_per_minute: count(10),
            invites_per_minute: count(10),
            password_queue: count(16),
        }
    }
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            max_message_length: count(10_000),
            family_chat_name: "Семейный Чат".into(),
        }
    }
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            ring_timeout: Duration::from_secs(45),
            rejoin_timeout: Duration::from_secs(30),
            record_lifetime: Duration::from_hours(30 * 24),
            ice_transport_policy: IceTransportPolicy::All,
            group_participants: count(32),
            group_publications: count(4),
            group_layers: count(3),
            group_video_bitrate: BitRate::kbit(3000),
            group_audible: count(5),
        }
    }
}

impl Default for Https {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            redirect_listen: Vec::new(),
            connections: count(4000),
            connections_per_prefix: count(256),
        }
    }
}

impl Default for Acme {
    fn default() -> Self {
        Self {
            email: None,
            directory: "https://acme-v02.api.letsencrypt.org/directory".into(),
            root_file: None,
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9464))),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: LogFilter::default(),
            format: LogFormat::Text,
        }
    }
}

impl Config {
    /// Returns whether nobody but this machine is served: every listener is on loopback and there is no domain.
    pub fn local_run(&self) -> bool {
        self.domain.is_none()
            && self.http.listen.ip().is_loopback()
            && self.listeners().all(|at| at.ip().is_loopback())
    }

    /// Returns every address at which clients are served other than `http.listen`.
    fn listeners(&self) -> impl Iterator<Item = SocketAddr> {
        self.turn
            .listeners()
            .chain(self.https.listen.iter().copied())
    }

    /// Returns whether this server itself is who people reach under its domain, with no reverse proxy in front.
    pub fn is_direct(&self) -> bool {
        self.domain.is_some() && self.http.trusted_proxies.is_empty()
    }

    /// Returns where people find the pages: under the domain, else at `http.listen`.
    pub fn public_url(&self) -> String {
        match &self.domain {
            Some(domain) => format!("https://{domain}"),
            None => format!("http://{}", self.http.listen),
        }
    }

    /// Returns whether the certificate comes from an ACME authority.
    pub fn uses_acme(&self) -> bool {
        let has_files = self.tls.certificate_file.is_some() || self.tls.key_file.is_some();
        self.domain.is_some() && !self.https.listen.is_empty() && !has_files
    }

    /// Returns the database to use: the configured one, else a file in the data directory.
    pub fn database_url(&self) -> DatabaseUrl {
        self.database
            .url
            .clone()
            .unwrap_or_else(|| DatabaseUrl::Sqlite(self.data_dir.join("zvonilka.db")))
    }

    /// Returns the code of the first invite; `None` asks for a random one.
    pub fn first_invite(&self) -> Option<&str> {
        match &self.auth.first_invite {
            Some(code) => Some(code.as_str()),
            None if self.local_run() => Some(LOCAL_INVITE),
            None => None,
        }
    }

    /// Returns whether the first invite is the one that everybody knows.
    pub fn first_invite_is_known(&self) -> bool {
        self.first_invite() == Some(LOCAL_INVITE)
    }

    /// Returns the realm of the TURN credentials (RFC 8489 section 9.2): the configured one, else the domain if it is short enough.
    pub fn turn_realm(&self) -> &str {
        let domain = self.domain.as_ref().map(HostName::as_str);
        let domain = domain.filter(|domain| domain.len() <= Turn::LONGEST_REALM);
        self.turn.realm.as_deref().or(domain).unwrap_or("zvonilka")
    }

    /// Returns whether relayed packets may go to loopback addresses.
    pub fn turn_allow_loopback(&self) -> bool {
        self.turn.allow_loopback.unwrap_or_else(|| self.local_run())
    }

    /// Returns whom the relay lets its users reach.
    pub fn turn_peers(&self) -> Peers {
        let unset = if self.local_run() {
            Peers::Public
        } else {
            Peers::Calls
        };
        self.turn.peers.unwrap_or(unset)
    }

    /// Shows every setting to `visitor`, in the order of the reference file.
    pub(super) fn visit(&mut self, visitor: &mut impl Visitor) {
        visitor.key("domain", &mut self.domain);
        visitor.key("data_dir", &mut self.data_dir);
        visitor.key("http.listen", &mut self.http.listen);
        visitor.key("http.trusted_proxies", &mut self.http.trusted_proxies);
        visitor.key("http.body_limit", &mut self.http.body_limit);
        visitor.key("database.url", &mut self.database.url);
        visitor.key("database.url_file", &mut self.database.url_file);
        visitor.key(
            "auth.access_token_lifetime",
            &mut self.auth.access_token_lifetime,
        );
        visitor.key(
            "auth.refresh_token_lifetime",
            &mut self.auth.refresh_token_lifetime,
        );
        visitor.key("auth.refresh_grace", &mut self.auth.refresh_grace);
        visitor.key("auth.first_invite", &mut self.auth.first_invite);
        visitor.key("auth.jwt_secret", &mut self.auth.jwt_secret);
        visitor.key("auth.jwt_secret_file", &mut self.auth.jwt_secret_file);
        visitor.key("auth.logins_per_minute", &mut self.auth.logins_per_minute);
        visitor.key("auth.invites_per_minute", &mut self.auth.invites_per_minute);
        visitor.key("auth.password_queue", &mut self.auth.password_queue);
        visitor.key("chat.max_message_length", &mut self.chat.max_message_length);
        visitor.key("chat.family_chat_name", &mut self.chat.family_chat_name);
        visitor.key("calls.ring_timeout", &mut self.calls.ring_timeout);
        visitor.key("calls.rejoin_timeout", &mut self.calls.rejoin_timeout);
        visitor.key("calls.record_lifetime", &mut self.calls.record_lifetime);
        visitor.key(
            "calls.ice_transport_policy",
            &mut self.calls.ice_transport_policy,
        );
        let calls = &mut self.calls;
        visitor.key("calls.group_participants", &mut calls.group_participants);
        visitor.key("calls.group_publications", &mut calls.group_publications);
        visitor.key("calls.group_layers", &mut calls.group_layers);
        visitor.key("calls.group_video_bitrate", &mut calls.group_video_bitrate);
        visitor.key("calls.group_audible", &mut calls.group_audible);
        self.turn.visit(visitor);
        let https = &mut self.https;
        visitor.key("https.listen", &mut https.listen);
        visitor.key("https.redirect_listen", &mut https.redirect_listen);
        visitor.key("https.connections", &mut https.connections);
        let per_prefix = &mut https.connections_per_prefix;
        visitor.key("https.connections_per_prefix", per_prefix);
        visitor.key("tls.certificate_file", &mut self.tls.certificate_file);
        visitor.key("tls.key_file", &mut self.tls.key_file);
        visitor.key("acme.email", &mut self.acme.email);
        visitor.key("acme.directory", &mut self.acme.directory);
        visitor.key("acme.root_file", &mut self.acme.root_file);
        visitor.key("metrics.listen", &mut self.metrics.listen);
        visitor.key("log.filter", &mut self.log.filter);
        visitor.key("log.format", &mut self.log.format);
    }
}

pub(super) const fn count(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("defaults are above zero")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_a_local_run() {
        let config = Config::default();
        assert!(config.local_run());
        assert!(config.turn_allow_loopback());
        assert_eq!(config.turn_peers(), Peers::Public);
        assert_eq!(config.turn.relay_v4(), Some(Ipv4Addr::LOCALHOST));
        assert_eq!(config.turn.relay_v6(), None);
        assert_eq!(config.first_invite(), Some("secret_invite"));
        assert_eq!(config.turn_realm(), "zvonilka");
        assert_eq!(
            config.database_url(),
            DatabaseUrl::Sqlite("./data/zvonilka.db".into())
        );
    }

    #[test]
    fn a_domain_is_the_realm_unless_it_is_too_long_for_one() {
        let realm = |domain: &str| {
            let domain = Some(domain.parse().expect("a host name"));
            let config = Config {
                domain,
                ..Config::default()
            };
            config.turn_realm().to_owned()
        };
        let short = "talk.the-family.home.example.org";
        assert_eq!(short.len(), Turn::LONGEST_REALM);
        assert_eq!(realm(short), short);
        assert_eq!(realm(&format!("x{short}")), "zvonilka");
    }

    #[test]
    fn what_others_are_told_is_an_address_that_they_reach() {
        let turn = |listen: &[&str]| Turn {
            listen: (listen.iter().map(|at| at.parse().expect("an address"))).collect(),
            ..Turn::default()
        };
        let mixed = turn(&[
            "127.0.0.1:3478",
            "192.0.2.1:3478",
            "[::1]:3478",
            "[2001:db8::1]:3478",
        ]);
        assert_eq!(mixed.relay_v4(), Some([192, 0, 2, 1].into()));
        assert_eq!(mixed.relay_v6(), "2001:db8::1".parse().ok());
        assert!(!mixed.is_out_of_reach());
        assert!(turn(&["127.0.0.1:3478", "[::1]:3478"]).is_out_of_reach());
        let passed_on = Turn {
            external_address: Some([192, 0, 2, 1].into()),
            ..Turn::default()
        };
        assert!(!passed_on.is_out_of_reach());
    }

    #[test]
    fn one_listener_outside_loopback_ends_the_local_run() {
        for served in [
            Config {
                domain: Some("talk.example.org".parse().expect("a host name")),
                ..Config::default()
            },
            Config {
                http: Http {
                    listen: ([0, 0, 0, 0], 3000).into(),
                    ..Http::default()
                },
                ..Config::default()
            },
            Config {
                turn: Turn {
                    listen: vec![([127, 0, 0, 1], 3478).into(), ([192, 0, 2, 1], 3478).into()],
                    ..Turn::default()
                },
                ..Config::default()
            },
            Config {
                turn: Turn {
                    tls_listen: vec![([192, 0, 2, 1], 5349).into()],
                    ..Turn::default()
                },
                ..Config::default()
            },
        ] {
            assert!(!served.local_run());
            assert!(!served.turn_allow_loopback());
            assert_eq!(served.turn_peers(), Peers::Calls);
            assert_eq!(
                served.first_invite(),
                None,
                "an invite that everybody knows must not guard a public server"
            );
        }
    }
}
