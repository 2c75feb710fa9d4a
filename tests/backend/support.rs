//! A family on a database of its own.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection};
use tempfile::TempDir;
use turn::{LiveCalls, PeerRules};
use zvonilka::bus::Bus;
use zvonilka::domain::{Actor, InviteCode, Password, UnixMillis, User, UserName};
use zvonilka::media::{Media, MediaConfig, RelayEvents, RelaySecrets, Reports, TransportPolicy};
use zvonilka::service::{
    self, Auth, AuthLimits, Calls, CallsConfig, Chats, Clock, Ground, Ice, Invites, Journal,
    Passwords, People, SignedIn, Tally, Tasks, Tokens,
};
use zvonilka::store::Db;

pub(crate) const START: UnixMillis = UnixMillis(1_700_000_000_000);
const POSTGRES: &str = "ZVONILKA_TEST_POSTGRES";

/// Which database a test runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// Runs one body on both databases, as two tests.
#[macro_export]
macro_rules! on_both {
    ($(#[$doc:meta])* async fn $name:ident($world:ident: World) $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn body($world: $crate::support::World) $body

            #[tokio::test]
            async fn on_sqlite() {
                body($crate::support::World::new($crate::support::Kind::Sqlite).await).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                body($crate::support::World::new($crate::support::Kind::Postgres).await).await;
            }
        }
    };
}

/// Everything that the use cases stand on, and they themselves.
pub(crate) struct World {
    pub(crate) ground: Ground,
    pub(crate) auth: Auth,
    pub(crate) people: People,
    pub(crate) invites: Invites,
    pub(crate) chats: Chats,
    pub(crate) calls: Calls,
    pub(crate) ice: Ice,
    pub(crate) allocations: service::Relay,
    now: Arc<AtomicI64>,
    pub(crate) relay: Relay,
    _folder: TempDir,
}

/// A relay that is closed but for living calls.
pub(crate) struct Relay {
    pub(crate) calls: Arc<LiveCalls>,
    running: net::Relay,
}

impl Relay {
    const SECRET: &str = "a secret of the tests";

    fn start() -> Self {
        let calls = Arc::new(LiveCalls::new(PeerRules::default()));
        let secret = turn::Secret::new(Self::SECRET).unwrap();
        let config = net::Config {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
            tls_listen: Vec::new(),
            https_listen: Vec::new(),
            pages: net::PageLimits::default(),
            certificates: None,
            relay_v4: Some(Ipv4Addr::LOCALHOST),
            relay_v6: None,
            relay_ports: 49152..=65535,
            realm: "test".into(),
            secrets: vec![secret],
            peers: Arc::clone(&calls) as _,
            allow_loopback: false,
            limits: turn::Limits::default(),
            strangers: turn::StrangerLimits::default(),
            credentials: turn::CredentialLimits::default(),
            workers: None,
            streams: net::StreamLimits::default(),
            rooms: Some(sfu::Limits::default()),
        };
        let running = net::Relay::start(config).unwrap();
        Self { calls, running }
    }

    /// Where it listens over UDP and TCP.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.local_addrs()[0]
    }

    pub(crate) fn stop(self) {
        self.running.stop();
    }

    fn media(&self) -> Media {
        let secrets = RelaySecrets {
            current: Self::SECRET,
            previous: &[],
        };
        let config = MediaConfig {
            host: "127.0.0.1".into(),
            port: self.running.local_addrs()[0].port(),
            tls_port: None,
            credential_lifetime: Duration::from_secs(86_400),
            clock_skew: Duration::from_secs(60),
            policy: TransportPolicy::All,
        };
        Media::new(
            self.running.handle(),
            Arc::clone(&self.calls),
            secrets,
            config,
        )
        .unwrap()
    }
}

/// Opens a new, empty database. Returns the URL too, if it has one.
pub(crate) async fn database(kind: Kind, folder: &TempDir) -> (Db, Option<String>) {
    match kind {
        Kind::Sqlite => (
            Db::sqlite(&folder.path().join("test.db")).await.unwrap(),
            None,
        ),
        Kind::Postgres => {
            let server = std::env::var(POSTGRES).unwrap_or_else(|_| {
                panic!(
                    "{POSTGRES} is not set: run the tests as scripts/with-postgres.sh cargo test"
                )
            });
            let name = format!("zv_{}", uuid::Uuid::new_v4().simple());
            let mut admin = PgConnection::connect(&server).await.unwrap();
            admin
                .execute(sqlx::AssertSqlSafe(format!("create database {name}")))
                .await
                .unwrap();
            let mut url = url::Url::parse(&server).unwrap();
            url.set_path(&name);
            (Db::postgres(url.as_str()).await.unwrap(), Some(url.into()))
        }
    }
}

impl World {
    pub(crate) async fn new(kind: Kind) -> Self {
        let folder = TempDir::new().unwrap();
        let (db, _) = database(kind, &folder).await;
        let relay = Relay::start();
        let now = Arc::new(AtomicI64::new(START.0));
        let clock = Clock::new({
            let now = Arc::clone(&now);
            move || UnixMillis(now.load(Ordering::SeqCst))
        });
        let tasks = Tasks::default();
        let ground = Ground {
            journal: Journal::start(db.clone(), clock.clone(), &tasks),
            db,
            bus: Bus::default(),
            media: relay.media(),
            clock,
            tasks,
            tally: Tally::default(),
        };
        let world = Self::over(ground, now, relay, folder);
        world.chats.found_family("Семейный Чат").await.unwrap();
        world
            .invites
            .first(Some(InviteCode::parse("secret_invite").unwrap()))
            .await
            .unwrap();
        world
    }

    fn over(ground: Ground, now: Arc<AtomicI64>, mut relay: Relay, folder: TempDir) -> Self {
        let passwords = Passwords::start(NonZeroU32::new(64).unwrap()).unwrap();
        let tokens = Tokens::new(
            "a secret of the tests",
            Duration::from_secs(900),
            Duration::from_secs(30 * 86_400),
        );
        let calls = Calls::new(
            ground.clone(),
            CallsConfig {
                ring: Duration::from_secs(45),
                rejoin: Duration::from_secs(30),
                group_participants: 2,
            },
        );
        calls.listen(Reports::of(&mut relay.running).unwrap());
        let events = RelayEvents::of(&mut relay.running).unwrap();
        ground.journal.listen(events, &ground.tasks);
        let limits = AuthLimits {
            refresh_grace: Duration::from_secs(60),
        };
        Self {
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
            ice: Ice::new(ground.clone()),
            allocations: service::Relay::new(ground.clone()),
            ground,
            now,
            relay,
            _folder: folder,
        }
    }

    /// The same database after a restart: nothing in memory is left.
    pub(crate) fn restarted(self) -> Self {
        let relay = Relay::start();
        let tasks = Tasks::default();
        let ground = Ground {
            journal: Journal::start(self.ground.db.clone(), self.ground.clock.clone(), &tasks),
            bus: Bus::default(),
            media: relay.media(),
            tasks,
            ..self.ground
        };
        Self::over(ground, self.now, relay, self._folder)
    }

    pub(crate) fn pass(&self, span: Duration) {
        self.now
            .fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) async fn register(&self, name: &str) -> User {
        let name = UserName::parse(name).unwrap();
        let code = InviteCode::parse("secret_invite").unwrap();
        self.auth
            .register(name, password("secret1"), code)
            .await
            .unwrap()
    }

    pub(crate) async fn sign_in(&self, name: &str) -> SignedIn {
        self.auth
            .login(name, "secret1".into(), "a test")
            .await
            .unwrap()
    }

    /// Somebody of the family, registered if need be, with a new sign-in.
    pub(crate) async fn person(&self, name: &str) -> Actor {
        if self
            .auth
            .login(name, "secret1".into(), "a test")
            .await
            .is_err()
        {
            self.register(name).await;
        }
        let signed = self.sign_in(name).await;
        self.auth.authenticate(&signed.access, false).await.unwrap()
    }

    /// Registers somebody and signs them in.
    pub(crate) async fn member(&self, name: &str) -> Actor {
        self.register(name).await;
        let signed = self.sign_in(name).await;
        self.auth.authenticate(&signed.access, false).await.unwrap()
    }
}

pub(crate) fn password(text: &str) -> Password {
    Password::choose(text.into()).unwrap()
}

/// Waits until something holds that another task brings about.
pub(crate) async fn eventually<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to hold");
}
