//! Waiting until no call goes on, so that the server can be stopped without anybody noticing.

use tokio::time::{Duration, sleep};

use super::Calls;

/// How often it is looked whether a call goes on.
const LOOK: Duration = Duration::from_millis(500);
/// How long no call is taken after the last has ended: the server is about to be stopped.
const STOPPING: Duration = Duration::from_secs(60);

/// New calls are refused while this is held.
struct Closed(Calls);

impl Closed {
    fn new(calls: &Calls) -> Self {
        calls.lock().drains += 1;
        Self(calls.clone())
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.lock().drains -= 1;
    }
}

impl Calls {
    /// Takes no new calls, and returns when those that go on are over; for a minute then none is taken either. If nobody waits for it any more, new calls are
    /// taken again at once.
    pub async fn drain(&self) {
        let closed = Closed::new(self);
        while self.lock().has_calls() {
            sleep(LOOK).await;
        }
        self.ground.tasks.start_until_stop(async move {
            sleep(STOPPING).await;
            drop(closed);
        });
    }
}
