//! Zvonilka: a family messenger and media server in one process.
//!
//! [`Server::start`] builds every owner and joins them; [`Server::stop`] ends them in order. [`run`] does both around a signal.

mod assembly;
pub mod backup;
pub mod bus;
mod causes;
pub mod certificates;
pub mod cli;
pub mod config;
pub mod control;
pub mod domain;
pub mod gateway;
pub mod http;
pub mod media;
pub mod metrics;
mod reach;
mod reload;
pub mod service;
pub mod store;
mod supervisor;
pub mod wire;

use std::fs::DirBuilder;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::ConnectInfo;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socketioxide::SocketIo;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::assembly::{assemble, certificate_source, media, open, operator, relay_config};
use crate::bus::Bus;
use crate::causes::chain;
use crate::certificates::{CertificateError, Certificates};
use crate::config::{Config, LOCAL_INVITE, Secrets};
use crate::control::ControlError;
use crate::domain::{Event, Invalid, InviteCode, UnixMillis};
use crate::http::{App, RemoteEnd};
use crate::media::{RelayEvents, Reports};
use crate::metrics::{Metrics, Sources};
use crate::reach::Reach;
pub use crate::reload::Reload;
use crate::service::{Clock, Ground, Journal, Tally, Tasks};
use crate::store::{Db, StoreError};

/// How long requests and use cases that were begun may take when the server stops.
const GRACE: Duration = Duration::from_secs(4);
/// How long clients that were told of the stop have to hear it before their transports close.
const FAREWELL: Duration = Duration::from_millis(200);
/// How often used-up refresh tokens and old records of calls are removed.
const PRUNE: Duration = Duration::from_secs(3600);

/// Why the server does not start, or does not go on.
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
    /// An address for requests in the clear cannot be had.
    #[error(
        "https.redirect_listen {address}: {source}; set it to [] if something else serves that port"
    )]
    Redirect {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate cannot be served.
    #[error("the certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// There is no address that clients could be told.
    #[error(
        "turn.listen is every address, but clients need one to reach this server by: this machine has no public one{}; set \
         turn.external_address to this server's public address",
        domain.as_ref().map(|domain| format!(", and DNS knows none of {domain}")).unwrap_or_default()
    )]
    NoAddress {
        /// The domain, if there is one.
        domain: Option<String>,
    },
    /// The address of the metrics cannot be had.
    #[error("metrics.listen {address}: {source}; set it to another address, or to \"\" for none")]
    Metrics {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The socket for commands cannot be had.
    #[error("{0}")]
    Control(#[from] ControlError),
    /// The relay cannot be started.
    #[error("turn: {0}")]
    Relay(#[from] ::net::StartError),
    /// The first invitation is none.
    #[error("auth.first_invite: {0}")]
    FirstInvite(Invalid),
    /// The relay died while the server ran.
    #[error("the relay died, as the log says above; start the server again")]
    RelayDied,
    /// Something of the system is missing.
    #[error(transparent)]
    System(#[from] io::Error),
    /// The first chat, invitation or call could not be read or written.
    #[error("the database could not be prepared: {0}")]
    Prepare(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A server that runs.
pub struct Server {
    http: SocketAddr,
    stop_accepting: CancellationToken,
    close_all: CancellationToken,
    accepting: JoinHandle<()>,
    io: SocketIo,
    bus: Bus,
    tasks: Tasks,
    relay: ::net::Relay,
    certificates: Option<Certificates>,
    db: Db,
}

impl Server {
    /// Starts everything; its ports are open when this returns.
    ///
    /// # Errors
    /// [`StartError`], which names what was at fault.
    pub async fn start(config: &Config, secrets: &Secrets) -> Result<Self, StartError> {
        // An error says that another server of this process has done it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let listener = bind(config.http.listen).await?;
        let metrics = bind_metrics(config.metrics.listen).await?;
        let commands = bind_control(&config.data_dir).await?;
        let redirects = bind_redirects(&config.https.redirect_listen).await?;
        let reach = Reach::find(config).await?;
        let certificates = certificate_source(config)
            .map(Certificates::load)
            .transpose()?;
        let (relay_config, live_calls) =
            relay_config(config, secrets, reach, certificates.as_ref());
        let mut relay = ::net::Relay::start(relay_config)?;
        let counted = metrics.is_some().then(Metrics::default);
        let mut db = open(config).await?;
        if let Some(metrics) = &counted {
            db = db.observed(metrics.transactions());
        }
        let tasks = Tasks::default();
        let media = media(config, secrets, &relay, reach, live_calls)?;
        let clock = Clock::system();
        let served = certificates.clone();
        let journal =
            Journal::start(db.clone(), clock.clone(), &tasks).with_certificate(move || {
                let validity = served.as_ref()?.status().validity?;
                let since = validity
                    .until
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                Some(UnixMillis(0).plus(since))
            });
        if let Some(events) = RelayEvents::of(&mut relay) {
            journal.listen(events, &tasks);
        }
        let ground = Ground {
            db: db.clone(),
            bus: Bus::default(),
            media,
            clock,
            journal,
            tasks: tasks.clone(),
            tally: Tally::default(),
        };
        let (app, gateway) = assemble(config, secrets, &ground)?;
        if let Some(reports) = Reports::of(&mut relay) {
            app.calls.listen(reports);
        }
        prepare(config, &app).await?;
        prune_hourly(&tasks, &app, config.calls.record_lifetime);
        if let Some((listener, metrics)) = metrics.zip(counted.clone()) {
            let stopping = tasks.clone();
            let stop = async move { stopping.stopped().await };
            let sources = Sources {
                media: ground.media.clone(),
                bus: ground.bus.clone(),
                db: db.clone(),
                tally: ground.tally.clone(),
                certificates: certificates.clone(),
            };
            tasks.start(metrics.serve(sources, listener, stop));
        }

        let stopping = tasks.clone();
        let stop = async move { stopping.stopped().await };
        tasks.start(control::serve(
            operator(config, &app, certificates.clone()),
            commands,
            stop,
        ));
        tasks.start_until_stop(supervisor::watch(ground.media.clone()));
        if let Some(certificates) = &certificates {
            tasks.start_until_stop(certificates.clone().keep());
        }
        if let Some(domain) = &config.domain {
            let shown = certificates.clone();
            let challenge = move |token: &str| shown.as_ref()?.http_challenge(token);
            let redirect = http::Redirect::new(domain.as_str(), challenge);
            for listener in redirects {
                tasks.start_until_stop(redirect.clone().serve(listener));
            }
        }

        let (layer, io) = gateway::layer(gateway);
        let mut routes = http::finish(http::router(app), config.is_direct());
        if let Some(metrics) = counted {
            routes = routes.layer(from_fn_with_state(metrics, metrics::measure));
        }
        let routes = routes
            .layer(layer)
            .layer(axum::middleware::map_request(hand_over_switch));
        let (stop_accepting, close_all) = (CancellationToken::new(), CancellationToken::new());
        let http = listener.local_addr()?;
        let acceptor = http::Acceptor::new(listener, relay.pages(), close_all.clone());
        let stop = stop_accepting.clone().cancelled_owned();
        let accepting = tokio::spawn(http::serve(acceptor, routes, stop));
        Ok(Self {
            http,
            stop_accepting,
            close_all,
            accepting,
            io,
            bus: ground.bus,
            tasks,
            relay,
            certificates,
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
    pub fn turn_addresses(&self) -> &[SocketAddr] {
        self.relay.local_addrs()
    }

    /// Stops: no new connections, sockets closed so that clients come back by themselves, what was begun finished, the
    /// database closed last.
    pub async fn stop(self) {
        self.tasks.call_last();
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

/// Runs the server until SIGTERM or SIGINT. At SIGHUP it reads the certificate and the settings again.
///
/// # Errors
/// [`StartError`] if it does not start, or if the relay dies: whoever watches over the process is to start it again.
pub async fn run(config: &Config, secrets: &Secrets, mut reload: Reload) -> Result<(), StartError> {
    let mut hang_up = signal(SignalKind::hangup())?;
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
        let clear = !config.http.listen.ip().is_loopback();
        if clear && config.http.trusted_proxies.is_empty() {
            tracing::warn!(
                "http.listen takes connections of other machines without TLS: passwords and messages can be read on their way, and browsers allow no \
                 microphone; set a domain, or put a reverse proxy in front and name it in http.trusted_proxies"
            );
        }
        if config.turn.is_out_of_reach() {
            tracing::warn!(
                "turn.listen is on loopback: other machines do not reach the relay, and many calls will not connect; set it to [\"0.0.0.0:3478\"] \
                 and turn.external_address to this server's public address"
            );
        }
    }
    let server = Server::start(config, secrets).await?;
    tracing::info!(
        url = config.public_url(),
        http = %server.http,
        https = ?server.relay.https_addrs(),
        turn = ?server.turn_addresses(),
        "ready"
    );
    let status = format!("serving {}", config.public_url());
    supervisor::ready(&status);
    let outcome = loop {
        tokio::select! {
            _ = terminate.recv() => break Ok(()),
            _ = interrupt.recv() => break Ok(()),
            () = server.relay.died() => break Err(StartError::RelayDied),
            _ = hang_up.recv() => {
                supervisor::reloading();
                reload.again();
                if let Some(certificates) = &server.certificates {
                    certificates.refresh();
                }
                supervisor::ready(&status);
            }
        }
    };
    supervisor::stopping();
    tracing::info!("stopping");
    server.stop().await;
    tracing::info!("stopped");
    outcome
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

async fn bind_redirects(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::new();
    for &address in addresses {
        let listener = TcpListener::bind(address).await;
        listeners.push(listener.map_err(|source| StartError::Redirect { address, source })?);
    }
    Ok(listeners)
}

async fn bind_control(data_dir: &Path) -> Result<control::Listener, StartError> {
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir);
    made.map_err(|source| StartError::DataDir {
        path: data_dir.display().to_string(),
        source,
    })?;
    Ok(control::Listener::bind(control::path(data_dir)).await?)
}

async fn bind_metrics(address: Option<SocketAddr>) -> Result<Option<TcpListener>, StartError> {
    let Some(address) = address else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address).await;
    listener
        .map(Some)
        .map_err(|source| StartError::Metrics { address, source })
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
    let barred = app.relay.bar_ended().await;
    let barred = barred.map_err(|error| StartError::Prepare(error.into()))?;
    tracing::debug!(
        sessions = barred,
        "sign-ins that ended lately are barred from the relay"
    );
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

fn prune_hourly(tasks: &Tasks, app: &App, record_lifetime: Duration) {
    let (all, auth, calls) = (tasks.clone(), app.auth.clone(), app.calls.clone());
    tasks.start(async move {
        loop {
            tokio::select! {
                () = all.stopped() => return,
                () = tokio::time::sleep(PRUNE) => {
                    if let Err(error) = auth.prune().await {
                        tracing::error!(%error, "old refresh tokens could not be removed");
                    }
                    if let Err(error) = calls.prune_records(record_lifetime).await {
                        tracing::error!(%error, "old records of calls could not be removed");
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
