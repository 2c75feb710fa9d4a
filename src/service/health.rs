//! Whether the server can do its work just now.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::Ground;

/// How long an answer is given again: whoever asks often costs nothing.
const FRESH: Duration = Duration::from_secs(1);
/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Readiness {
    /// The database answers.
    pub database: bool,
    /// Every thread of the relay answers.
    pub relay: bool,
    /// The server is not about to stop.
    pub stays: bool,
}

impl Readiness {
    /// Whether everything does.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        self.database && self.relay && self.stays
    }
}

/// Asks the parts. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    ground: Ground,
    /// The latest answer of the parts. Held while they are asked, so that many who ask at once ask once.
    latest: Arc<Mutex<Option<(Instant, bool, bool)>>>,
}

impl Health {
    /// Asks the parts of this server.
    #[must_use]
    pub fn new(ground: Ground) -> Self {
        let latest = Arc::default();
        Self { ground, latest }
    }

    /// Says what works.
    pub async fn ready(&self) -> Readiness {
        let mut latest = self.latest.lock().await;
        let (database, relay) = match *latest {
            Some((at, database, relay)) if at.elapsed() < FRESH => (database, relay),
            Some(_) | None => {
                let database = timeout(PATIENCE, self.ground.db.answers());
                let relay = timeout(PATIENCE, self.ground.media.allocations());
                let (database, relay) = tokio::join!(database, relay);
                let database = matches!(database, Ok(Ok(())));
                let relay = matches!(relay, Ok(Ok(_)));
                *latest = Some((Instant::now(), database, relay));
                (database, relay)
            }
        };
        Readiness {
            database,
            relay,
            stays: !self.ground.tasks.is_last_call(),
        }
    }
}
