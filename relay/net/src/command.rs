//! What other threads ask of a worker, and the bounded queue by which they do.

use crate::{
    counters::Published,
    door::{Arrival, PlaceId},
};
use mio::Waker;
use sfu::{Ask, Refusal, Reply};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
    mpsc::{SyncSender, TrySendError},
};
use tokio::sync::oneshot;
use turn::{AllocationId, AllocationView, SessionName};

/// Something that another thread asks of the worker.
#[derive(Debug)]
pub(crate) enum Command {
    Revoke(SessionName),
    End(AllocationId, oneshot::Sender<bool>),
    List(oneshot::Sender<Vec<AllocationView>>),
    Ask(Box<Ask>, oneshot::Sender<Result<Reply, Refusal>>),
    Adopt(Box<Arrival>),
    /// The place of this stream is wanted, unless it makes use of it.
    Evict(PlaceId),
}

/// Why the relay was not told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Too many commands wait; later it will do.
    #[error("the relay is busy")]
    Busy,
    /// The relay has stopped, and with it every allocation.
    #[error("the relay has stopped")]
    Stopped,
}

/// Why a room did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// The room refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many commands wait; later it will do.
    #[error("the relay is busy")]
    Busy,
    /// The relay has stopped, and with it every room.
    #[error("the relay has stopped")]
    Stopped,
}

impl From<CommandError> for RoomError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Busy => Self::Busy,
            CommandError::Stopped => Self::Stopped,
        }
    }
}

/// The way to a worker, from any thread.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) commands: SyncSender<Command>,
    pub(crate) waker: Arc<Waker>,
    pub(crate) shared: Arc<Shared>,
}

/// What the worker shares with those who have a link to it.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) counters: Published,
    pub(crate) stop: AtomicBool,
    /// Commands that wait.
    pub(crate) waiting: AtomicU64,
}

impl Link {
    /// Gives the worker a command.
    pub(crate) fn command(&self, command: Command) -> Result<(), CommandError> {
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        self.commands.try_send(command).map_err(|error| {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => CommandError::Busy,
                TrySendError::Disconnected(_) => CommandError::Stopped,
            }
        })?;
        self.waker.wake().map_err(|_| CommandError::Stopped)
    }
}
