//! Peers inside this process: reached by relayed clients without a socket.

use std::{fmt, net::SocketAddr, sync::Arc, time::Instant};
use turn::WorkerId;

/// A peer inside this process, at the media addresses of the server: its external addresses with the ports of the listeners.
///
/// Each worker has one and drives it: datagrams and time go in, then [`Insider::poll_transmit`] is asked until it is `None`.
pub trait Insider: Send {
    /// Takes a datagram that the client behind `relayed` sent to the media address `to`. Returns `false` if it is nobody's.
    fn handle_datagram(
        &mut self,
        relayed: SocketAddr,
        to: SocketAddr,
        datagram: &[u8],
        now: Instant,
    ) -> bool;

    /// Puts the next datagram to a relayed client into `payload`, which is empty, and returns from which media address to which relayed address it goes.
    fn poll_transmit(&mut self, payload: &mut Vec<u8>) -> Option<(SocketAddr, SocketAddr)>;

    /// Does what is due.
    fn handle_timeout(&mut self, now: Instant);

    /// Returns when [`Insider::handle_timeout`] has something to do.
    fn next_deadline(&self) -> Option<Instant>;
}

/// Makes the [`Insider`] of each worker.
#[derive(Clone)]
pub struct Insiders(Arc<dyn Fn(WorkerId) -> Box<dyn Insider> + Send + Sync>);

impl Insiders {
    /// Takes what makes them.
    pub fn new(make: impl Fn(WorkerId) -> Box<dyn Insider> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    pub(crate) fn of(&self, worker: WorkerId) -> Box<dyn Insider> {
        (self.0)(worker)
    }
}

impl fmt::Debug for Insiders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Insiders(..)")
    }
}
