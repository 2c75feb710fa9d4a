//! The bounded inbox of one session: events in the order they came, limited in number and in bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use socketioxide::extract::AckSender;
use tokio::sync::mpsc;

/// Events that may wait.
const EVENTS: usize = 512;
/// Bytes, about, that they may hold together.
const BYTES: usize = 4 << 20;

/// One event from a client.
pub(super) struct Incoming {
    /// Its name.
    pub(super) name: String,
    /// Its first argument; null if there is none.
    pub(super) data: Value,
    /// Where the acknowledgement goes, if the client asked for one. The library's sender is used up by a try that finds no room, so
    /// there is one for each try.
    pub(super) acks: [AckSender; 3],
}

/// The inbox is full, or its session is gone.
pub(super) struct Full;

/// Puts events in.
#[derive(Clone)]
pub(super) struct Inbox {
    queue: mpsc::Sender<(usize, Incoming)>,
    waiting: Arc<AtomicUsize>,
}

/// Takes events out.
pub(super) struct Outgoing {
    queue: mpsc::Receiver<(usize, Incoming)>,
    waiting: Arc<AtomicUsize>,
}

/// Makes an inbox.
pub(super) fn inbox() -> (Inbox, Outgoing) {
    let (sender, receiver) = mpsc::channel(EVENTS);
    let waiting = Arc::new(AtomicUsize::new(0));
    (
        Inbox {
            queue: sender,
            waiting: Arc::clone(&waiting),
        },
        Outgoing {
            queue: receiver,
            waiting,
        },
    )
}

impl Inbox {
    /// Puts one in.
    pub(super) fn put(&self, incoming: Incoming) -> Result<(), Full> {
        let weight = weight(&incoming.data) + incoming.name.len();
        if self.waiting.fetch_add(weight, Ordering::Relaxed) + weight > BYTES {
            return Err(Full);
        }
        self.queue.try_send((weight, incoming)).map_err(|_| Full)
    }
}

impl Outgoing {
    /// Takes the next one; `None` once the socket's handlers are gone.
    pub(super) async fn next(&mut self) -> Option<Incoming> {
        let (weight, incoming) = self.queue.recv().await?;
        self.waiting.fetch_sub(weight, Ordering::Relaxed);
        Some(incoming)
    }
}

/// About how many bytes a value holds.
pub(super) fn weight(value: &Value) -> usize {
    const EACH: usize = 32;
    EACH + match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| name.len() + weight(value))
            .sum(),
    }
}
