//! Work that must come to its end.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Runs use cases detached from whoever asked for them, and can wait for all.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    last_call: CancellationToken,
    stop: CancellationToken,
}

/// A use case panicked; the layer that logs panics has said where.
#[derive(Debug, thiserror::Error)]
#[error("a task panicked")]
pub struct Panicked;

impl Tasks {
    /// Runs `work` to its end even if the caller is dropped meanwhile.
    ///
    /// # Errors
    /// [`Panicked`] if it panicked.
    pub async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Panicked> {
        self.tracker.spawn(work).await.map_err(|_| Panicked)
    }

    /// Starts `work` on its own.
    pub fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(work);
    }

    /// Starts `work` that has no end of its own; it is dropped when the server stops.
    pub fn start_until_stop(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.start(async move {
            stop.run_until_cancelled(work).await;
        });
    }

    /// Returns once the server stops; work without an end of its own then ends.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// The server is about to stop: nobody is to be sent to it any more.
    pub fn call_last(&self) {
        self.last_call.cancel();
    }

    /// Says whether the server is about to stop.
    #[must_use]
    pub fn is_last_call(&self) -> bool {
        self.last_call.is_cancelled()
    }

    /// Says whether the server stops.
    #[must_use]
    pub fn are_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Stops what has no end of its own and waits for the rest.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
