//! Zvonilka: a family messenger and media server in one process.
//!
//! [`Server::start`] builds every owner and joins them; [`Server::stop`] ends them in order. [`run`] does both around a signal.

pub mod bus;
pub mod config;
pub mod domain;
pub mod gateway;
pub mod http;
pub mod media;
pub mod service;
pub mod store;
pub mod wire;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::extract::Request;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socketioxide::SocketIo;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::bus::Bus;
use crate::config::{Config, DatabaseUrl, IceTransportPolicy, LOCAL_INVITE, Secrets};
use crate::domain::{Event, Invalid, InviteCode};
use crate::gateway::Gateway;
use crate::http::{App, RemoteEnd, Rules};
use crate::media::{Media, MediaConfig, TransportPolicy};
use crate::service::{
    Auth, AuthLimits, Calls, CallsConfig, Chats, Clock, Ground, Ice, Invites, Passwords, People,
    Tasks, Throttle, Tokens,
};
use crate::store::{Db, StoreError};

/// How long requests and use cases that were begun may take when the server stops.
const GRACE: Duration = Duration::from_secs(4);
/// How long clients that were told of the stop have to hear it before their transports close.
const FAREWELL: Duration = Duration::from_millis(200);
/// How often used-up refresh tokens are removed.
const PRUNE: Duration = Duration::from_secs(3600);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be made.
    #[error("data_dir {path}: {source}")]
    DataDir {
        /// Where.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The database cannot be opened or brought up to date.
    #[error("database {name}: {}", chain(source))]
    Database {
        /// Which, without its password.
        name: String,
        /// What it said.
        source: StoreError,
    },
    /// The HTTP address cannot be had.
    #[error("http.listen {address}: {source}")]
    Http {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The relay cannot be started.
    #[error("turn: {0}")]
    Relay(#[from] ::net::StartError),
    /// The first invitation is none.
    #[error("auth.first_invite: {0}")]
    FirstInvite(Invalid),
    /// Something of the system is missing.
    #[error(transparent)]
    System(#[from] io::Error),
    /// The first chat, invitation or call could not be read or written.
    #[error("the database could not be prepared: {0}")]
    Prepare(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// A server that runs.
pub struct Server {
    http: SocketAddr,
    turn: SocketAddr,
    stop_accepting: CancellationToken,
    close_all: CancellationToken,
    accepting: JoinHandle<io::Result<()>>,
    io: SocketIo,
    bus: Bus,
    tasks: Tasks,
    relay: ::net::Relay,
    db: Db,
}

impl Server {
    /// Starts everything; its ports are open when this returns.
    ///
    /// # Errors
    /// [`StartError`], which names what was at fault.
    pub async fn start(config: &Config, secrets: &Secrets) -> Result<Self, StartError> {
        let listener = bind(config.http.listen).await?;
        let relay = ::net::Relay::start(relay_config(config, secrets))?;
        let turn = relay.local_addrs()[0];
        let db = open(config).await?;
        let tasks = Tasks::default();
        let media = media(config, secrets, &relay)?;
        let ground = Ground {
            db: db.clone(),
            bus: Bus::default(),
            media,
            clock: Clock::system(),
            tasks: tasks.clone(),
        };
        let (app, gateway) = assemble(config, secrets, &ground)?;
        prepare(config, &app).await?;
        prune_hourly(&tasks, app.auth.clone());

        let (layer, io) = gateway::layer(gateway);
        let routes = http::finish(http::router(app))
            .layer(layer)
            .layer(axum::middleware::map_request(hand_over_switch));
        let (stop_accepting, close_all) = (CancellationToken::new(), CancellationToken::new());
        let http = listener.local_addr()?;
        let acceptor = http::Acceptor::new(listener, close_all.clone());
        let service = routes.into_make_service_with_connect_info::<RemoteEnd>();
        let serving = axum::serve(acceptor, service)
            .with_graceful_shutdown(stop_accepting.clone().cancelled_owned());
        let accepting = tokio::spawn(serving.into_future());
        Ok(Self {
            http,
            turn,
            stop_accepting,
            close_all,
            accepting,
            io,
            bus: ground.bus,
            tasks,
            relay,
            db,
        })
    }

    /// Where HTTP is served.
    #[must_use]
    pub const fn http_address(&self) -> SocketAddr {
        self.http
    }

    /// Where STUN and TURN are served.
    #[must_use]
    pub const fn turn_address(&self) -> SocketAddr {
        self.turn
    }

    /// Stops: no new connections, sockets closed so that clients come back by themselves, what was begun finished, the
    /// database closed last.
    pub async fn stop(self) {
        self.stop_accepting.cancel();
        self.bus.tell_everybody(&Event::Stopping);
        tokio::time::sleep(FAREWELL).await;
        if timeout(GRACE / 2, self.io.close()).await.is_err() {
            tracing::warn!("some sockets did not close in time");
        }
        if timeout(GRACE / 2, self.accepting).await.is_err() {
            tracing::warn!("some requests did not end in time");
        }
        self.close_all.cancel();
        if timeout(GRACE, self.tasks.stop()).await.is_err() {
            tracing::warn!("some work did not end in time");
        }
        self.relay.stop();
        if timeout(GRACE / 4, self.db.close()).await.is_err() {
            tracing::warn!("the database did not close in time");
        }
    }
}

/// Runs the server until SIGTERM or SIGINT.
///
/// # Errors
/// [`StartError`] if it does not start.
pub async fn run(config: &Config, secrets: &Secrets) -> Result<(), StartError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    raise_file_limit();
    if config.local_run() {
        tracing::info!(http = %config.http.listen, "local run: only this machine is served; nothing here is ready for others");
    } else {
        tracing::info!(http = %config.http.listen, "served: other machines are let in");
        if config.first_invite_is_known() {
            tracing::warn!(
                "auth.first_invite is the one that everybody knows; whoever reaches this server can join"
            );
        }
    }
    let server = Server::start(config, secrets).await?;
    tracing::info!(url = format!("http://{}", server.http), turn = %server.turn, "ready");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    server.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Takes as many descriptors as the system allows: each allocation and each connection holds one, and the usual 1,024 are soon gone.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        tracing::warn!(%error, current = limit.current, "the limit of open files stays low");
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Http { address, source })
}

async fn open(config: &Config) -> Result<Db, StartError> {
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

fn relay_config(config: &Config, secrets: &Secrets) -> ::net::Config {
    let turn = &config.turn;
    let previous = turn.previous_secrets.iter().map(config::Secret::expose);
    let all = std::iter::once(secrets.turn.expose()).chain(previous);
    ::net::Config {
        listen: vec![turn.listen],
        tls_listen: Vec::new(),
        tls: None,
        relay_v4: match config.turn_external_address() {
            IpAddr::V4(ip) => Some(ip),
            IpAddr::V6(_) => None,
        },
        relay_v6: match config.turn_external_address() {
            IpAddr::V4(_) => None,
            IpAddr::V6(ip) => Some(ip),
        },
        relay_ports: turn.relay_ports.inclusive(),
        realm: config.turn_realm().to_owned(),
        secrets: all.filter_map(turn::Secret::new).collect(),
        peers: Arc::new(turn::PeerRules {
            allow_loopback: config.turn_allow_loopback(),
            allow_private: turn.allow_private,
            ..turn::PeerRules::default()
        }),
        allow_loopback: config.turn_allow_loopback(),
        limits: turn::Limits {
            allocations: turn.allocations.get() as usize,
            allocations_per_user: turn.allocations_per_user.get() as usize,
            ..turn::Limits::default()
        },
        strangers: turn::StrangerLimits::default(),
        credentials: turn::CredentialLimits::default(),
        workers: None,
        streams: ::net::StreamLimits::default(),
        inside: None,
    }
}

fn media(config: &Config, secrets: &Secrets, relay: &::net::Relay) -> Result<Media, StartError> {
    let host = match &config.domain {
        Some(domain) => domain.as_str().to_owned(),
        None => MediaConfig::host_of(config.turn_external_address()),
    };
    let secret = turn::Secret::new(secrets.turn.expose()).ok_or(::net::StartError::NoSecret)?;
    let policy = match config.calls.ice_transport_policy {
        IceTransportPolicy::All => TransportPolicy::All,
        IceTransportPolicy::Relay => TransportPolicy::Relay,
    };
    let (port, credential_lifetime) = (
        relay.local_addrs()[0].port(),
        config.turn.credential_lifetime,
    );
    Ok(Media::new(
        relay.handle(),
        secret,
        MediaConfig {
            host,
            port,
            credential_lifetime,
            policy,
        },
    ))
}

fn assemble(
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

/// Makes what must be there before anybody comes: the family chat, the first invitation, the calls that were interrupted.
async fn prepare(config: &Config, app: &App) -> Result<(), StartError> {
    app.chats
        .found_family(&config.chat.family_chat_name)
        .await
        .map_err(|error| StartError::Prepare(error.into()))?;
    let code = config
        .first_invite()
        .map(InviteCode::parse)
        .transpose()
        .map_err(StartError::FirstInvite)?;
    let random = code.is_none();
    if !config.local_run() && !config.first_invite_is_known() {
        // A local run may have made it in this very database.
        let known = InviteCode::parse(LOCAL_INVITE).map_err(StartError::FirstInvite)?;
        let closed = app.invites.close(&known).await;
        if closed.map_err(|error| StartError::Prepare(error.into()))? {
            tracing::warn!("the invitation of the local run was closed: everybody knows it");
        }
    }
    let made = app
        .invites
        .first(code)
        .await
        .map_err(|error| StartError::Prepare(error.into()))?;
    if config.local_run() && config.first_invite_is_known() {
        tracing::info!(
            invite = LOCAL_INVITE,
            "open the page on this machine and register with this invitation"
        );
    }
    if let Some(invite) = made.filter(|_| random) {
        tracing::info!(code = %invite.code, "the first invitation, shown this once: register with it, then invite the others");
    }
    let restored = app
        .calls
        .restore()
        .await
        .map_err(|error| StartError::Prepare(error.into()))?;
    if restored > 0 {
        tracing::info!(calls = restored, "interrupted calls wait for their people");
    }
    Ok(())
}

fn prune_hourly(tasks: &Tasks, auth: Auth) {
    let all = tasks.clone();
    tasks.start(async move {
        loop {
            tokio::select! {
                () = all.stopped() => return,
                () = tokio::time::sleep(PRUNE) => {
                    if let Err(error) = auth.prune().await {
                        tracing::error!(%error, "old refresh tokens could not be removed");
                    }
                }
            }
        }
    });
}

/// Hands the switch that closes a connection to whoever handles its requests.
async fn hand_over_switch(mut request: Request) -> Request {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<RemoteEnd>>() {
        let close = peer.close.clone();
        request.extensions_mut().insert(close);
    }
    request
}
