//! Makes the owners out of the configuration: the database, the relay and the door to it, the use cases and their edges.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZero;
use std::sync::Arc;

use turn::LiveCalls;

use crate::StartError;
use crate::certificates::{Acme, Certificates, Source};
use crate::config::{self, Config, DatabaseUrl, IceTransportPolicy, Peers, Secrets};
use crate::control::Control;
use crate::gateway::Gateway;
use crate::http::{App, Rules};
use crate::media::{Media, MediaConfig, RelaySecrets, TransportPolicy};
use crate::reach::Reach;
use crate::service::{
    Auth, AuthLimits, Calls, CallsConfig, Chats, Ground, Health, Ice, Invites, Passwords, People,
    Relay, Throttle, Tokens,
};
use crate::store::Db;

/// Opens the database.
pub(crate) async fn open(config: &Config) -> Result<Db, StartError> {
    let (opened, name) = match config.database_url() {
        DatabaseUrl::Sqlite(path) => {
            if let Some(folder) = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
            {
                std::fs::create_dir_all(folder).map_err(|source| StartError::DataDir {
                    path: folder.display().to_string(),
                    source,
                })?;
            }
            (Db::sqlite(&path).await, path.display().to_string())
        }
        DatabaseUrl::Postgres(url) => (Db::postgres(url.expose()).await, "postgres".to_owned()),
    };
    opened.map_err(|source| StartError::Database { name, source })
}

/// The relay's settings and, shared with it, what it is told of living calls.
pub(crate) fn relay_config(
    config: &Config,
    secrets: &Secrets,
    reach: Reach,
    certificates: Option<&Certificates>,
) -> (::net::Config, Arc<LiveCalls>) {
    let (turn, limits) = (&config.turn, &config.turn.limits);
    let previous = turn.previous_secrets.iter().map(config::Secret::expose);
    let all = std::iter::once(secrets.turn.expose()).chain(previous);
    let rules = turn::PeerRules {
        allow_loopback: config.turn_allow_loopback(),
        allow_private: turn.allow_private,
        allow: turn.allow.clone(),
        deny: turn.deny.clone(),
    };
    let calls = Arc::new(LiveCalls::new(rules.clone()));
    let peers: Arc<dyn turn::PeerPolicy> = match config.turn_peers() {
        Peers::Calls => Arc::clone(&calls) as _,
        Peers::Public => Arc::new(rules),
    };
    let relay = ::net::Config {
        listen: turn.listen.clone(),
        tls_listen: turn.tls_listen.clone(),
        https_listen: config.https.listen.clone(),
        pages: ::net::PageLimits {
            in_all: config.https.connections.get() as usize,
            per_prefix: config.https.connections_per_prefix.get() as usize,
        },
        certificates: certificates.map(|all| Arc::new(all.clone()) as _),
        relay_v4: reach.v4,
        relay_v6: reach.v6,
        relay_ports: turn.relay_ports.inclusive(),
        realm: config.turn_realm().to_owned(),
        secrets: all.filter_map(turn::Secret::new).collect(),
        peers,
        allow_loopback: config.turn_allow_loopback(),
        limits: turn::Limits {
            allocations: limits.allocations.get() as usize,
            allocations_per_user: limits.allocations_per_user.get() as usize,
            permissions: limits.permissions_per_allocation.get() as usize,
            channels: limits.channels_per_allocation.get() as usize,
            user_bytes_per_second: limits.user_bandwidth.bytes(),
            user_packets_per_second: limits.user_packets.get().into(),
        },
        strangers: turn::StrangerLimits {
            bytes_per_second_per_prefix: limits.stranger_bandwidth_per_prefix.bytes(),
            bytes_per_second: limits.stranger_bandwidth.bytes(),
        },
        credentials: turn::CredentialLimits {
            lifetime: turn.credential_lifetime,
            clock_skew: turn.clock_skew,
        },
        workers: NonZero::new(turn.workers),
        streams: ::net::StreamLimits {
            in_all: limits.streams.get() as usize,
            per_prefix: limits.streams_per_prefix.get() as usize,
            buffered: usize::try_from(limits.stream_buffer.bytes()).unwrap_or(usize::MAX),
            ..::net::StreamLimits::default()
        },
        rooms: Some(room_limits(&config.calls)),
    };
    (relay, calls)
}

/// Where the certificate comes from, if TLS is served at all.
pub(crate) fn certificate_source(config: &Config) -> Option<Source> {
    let config::Tls {
        certificate_file,
        key_file,
    } = config.tls.clone();
    if let Some((certificate, key)) = certificate_file.zip(key_file) {
        return Some(Source::Files { certificate, key });
    }
    let domain = config.domain.as_ref().filter(|_| config.uses_acme())?;
    let config::Acme {
        email,
        directory,
        root_file,
    } = config.acme.clone();
    let folder = config.data_dir.join("acme");
    let port_80 = !config.https.redirect_listen.is_empty();
    let domain = domain.to_string();
    let acme = Acme::new(domain, email, directory, root_file, folder, port_80);
    Some(Source::Acme(acme))
}

fn room_limits(calls: &config::Calls) -> sfu::Limits {
    sfu::Limits {
        // Whoever moves to another device is there twice for a moment.
        participants: calls.group_participants.get() as usize + 1,
        publications: calls.group_publications.get() as usize,
        layers: calls.group_layers.get() as usize,
        video_bitrate: sfu::Bitrate(calls.group_video_bitrate.bits()),
        audible: calls.group_audible.get() as usize,
        ..sfu::Limits::default()
    }
}

/// The door to the relay that runs.
pub(crate) fn media(
    config: &Config,
    secrets: &Secrets,
    relay: &::net::Relay,
    reach: Reach,
    calls: Arc<LiveCalls>,
) -> Result<Media, StartError> {
    let turn = &config.turn;
    let relayed = || {
        let v4 = reach.v4.map(IpAddr::from);
        v4.or(reach.v6.map(IpAddr::from))
    };
    let port = |addresses: &[SocketAddr]| addresses.first().map(SocketAddr::port);
    let (host, tls_port) = match &config.domain {
        Some(domain) => {
            // Networks that let little out let the port of pages out.
            let tls = port(relay.https_addrs()).or(port(relay.tls_addrs()));
            (domain.as_str().to_owned(), tls)
        }
        // A certificate is for a name.
        None => (
            relayed().map(MediaConfig::host_of).unwrap_or_default(),
            None,
        ),
    };
    let policy = match config.calls.ice_transport_policy {
        IceTransportPolicy::All => TransportPolicy::All,
        IceTransportPolicy::Relay => TransportPolicy::Relay,
    };
    let previous = turn.previous_secrets.iter().map(config::Secret::expose);
    let secrets = RelaySecrets {
        current: secrets.turn.expose(),
        previous: &previous.collect::<Vec<_>>(),
    };
    let config = MediaConfig {
        host,
        port: port(relay.local_addrs()).unwrap_or_default(),
        tls_port,
        credential_lifetime: turn.credential_lifetime,
        clock_skew: turn.clock_skew,
        policy,
    };
    let no_secret = StartError::Relay(::net::StartError::NoSecret);
    Media::new(relay.handle(), calls, secrets, config).ok_or(no_secret)
}

/// What the operator's commands reach.
pub(crate) fn operator(config: &Config, app: &App, certificates: Option<Certificates>) -> Control {
    Control {
        auth: app.auth.clone(),
        people: app.people.clone(),
        invites: app.invites.clone(),
        calls: app.calls.clone(),
        relay: app.relay.clone(),
        clock: app.clock.clone(),
        certificates,
        address: config.public_url(),
    }
}

/// The use cases, and the two edges over them.
pub(crate) fn assemble(
    config: &Config,
    secrets: &Secrets,
    ground: &Ground,
) -> Result<(App, Gateway), StartError> {
    let auth = &config.auth;
    let tokens = Tokens::new(
        secrets.jwt.expose(),
        auth.access_token_lifetime,
        auth.refresh_token_lifetime,
    );
    let passwords = Passwords::start(auth.password_queue)?;
    let calls = Calls::new(
        ground.clone(),
        CallsConfig {
            ring: config.calls.ring_timeout,
            rejoin: config.calls.rejoin_timeout,
            group_participants: config.calls.group_participants.get() as usize,
        },
    );
    let limits = AuthLimits {
        refresh_grace: auth.refresh_grace,
    };
    let message_limit = config.chat.max_message_length.get() as usize;
    let local_invite = config
        .local_run()
        .then(|| config.first_invite().map(str::to_owned))
        .flatten();
    let app = App {
        auth: Auth::new(
            ground.clone(),
            tokens,
            passwords.clone(),
            calls.clone(),
            limits,
        ),
        people: People::new(ground.clone(), passwords, calls.clone()),
        invites: Invites::new(ground.clone()),
        chats: Chats::new(ground.clone()),
        calls,
        clock: ground.clock.clone(),
        ice: Ice::new(ground.clone()),
        health: Health::new(ground.clone()),
        relay: Relay::new(ground.clone()),
        logins: Throttle::new(auth.logins_per_minute),
        invitations: Throttle::new(auth.invites_per_minute),
        rules: Rules {
            body_limit: usize::try_from(config.http.body_limit.bytes()).unwrap_or(usize::MAX),
            message_limit,
            trusted_proxies: config.http.trusted_proxies.clone(),
            local_invite,
        },
    };
    let gateway = Gateway {
        auth: app.auth.clone(),
        people: app.people.clone(),
        chats: app.chats.clone(),
        calls: app.calls.clone(),
        bus: ground.bus.clone(),
        tasks: ground.tasks.clone(),
        message_limit,
    };
    Ok((app, gateway))
}
