//! What has come: each datagram and frame from its source to the server, and on to where that says.

use super::{Source, Work, Worker};
use crate::{
    door::canonical,
    ingress::BATCH,
    out::Out,
    sockets::SocketId,
    streams::{Ending, StreamId, most},
};
use std::{io, net::SocketAddr};
use stun::{DatagramClass, stream::Next};
use turn::{Family, FiveTuple, Now, PeerAddr, RelayedPort, Transport};

/// Batches that one socket may hand over in one round, so that it cannot keep the others waiting.
const SOCKET_TURN: usize = 16;

/// Reads that one stream may have in one round.
const STREAM_TURN: usize = 4;

/// Bytes that one ring may hand over in one round.
const RING_TURN: usize = 1 << 17;

impl Work {
    /// Hands over what `source` has received. Returns whether there may be more.
    pub(super) fn read(&mut self, source: Source, now: Now) -> bool {
        match source {
            Source::Socket(id) => self.read_socket(id, now),
            Source::Stream(id) => (0..STREAM_TURN).all(|_| {
                let filled = self.worker.out.streams.read(id, &mut self.scratch);
                filled.is_some_and(|filled| {
                    let bytes = &self.scratch[..filled];
                    take_frames(&mut self.worker, id, bytes, now)
                })
            }),
        }
    }

    fn read_socket(&mut self, id: SocketId, now: Now) -> bool {
        let mut failed = 0;
        for _ in 0..SOCKET_TURN {
            let Some(socket) = self.worker.out.sockets.get(id) else {
                return false;
            };
            let local = socket.local_addr();
            let messages = match self.ingress.receive(socket) {
                Ok(messages) => messages,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(error) => {
                    tracing::debug!(%error, "cannot receive");
                    failed += 1;
                    continue;
                }
            };
            for at in 0..messages {
                match id {
                    SocketId::Listener(_) => self.take_from_clients(at, local, now),
                    SocketId::Relay(port) => self.take_from_peers(at, port, now),
                }
            }
            if messages < BATCH {
                return false;
            }
        }
        // A socket that does nothing but fail waits for its next event, and does not keep the thread busy.
        failed < SOCKET_TURN
    }

    fn take_from_clients(&mut self, at: usize, local: SocketAddr, now: Now) {
        let (meta, datagrams) = self.ingress.message(at);
        let server = meta.dst_ip.unwrap_or(local.ip()).to_canonical();
        let from = FiveTuple {
            transport: Transport::Udp,
            client: canonical(meta.addr),
            server: SocketAddr::new(server, local.port()),
        };
        let worker = &mut self.worker;
        for datagram in datagrams {
            self.counters.ingress.add(Transport::Udp, datagram.len());
            match DatagramClass::of(datagram) {
                DatagramClass::Stun | DatagramClass::ChannelData => {}
                DatagramClass::Dtls | DatagramClass::Rtp | DatagramClass::Unknown => {
                    self.counters.unknown += 1;
                    continue;
                }
            }
            if let Some(to_peer) = worker.server.handle_client(from, datagram, now) {
                self.relayed += 1;
                worker.out.send_to_peer(to_peer, datagram, now);
            }
            worker.out.drain(&mut worker.server);
        }
    }

    fn take_from_peers(&mut self, at: usize, port: RelayedPort, now: Now) {
        let (meta, datagrams) = self.ingress.message(at);
        let from = PeerAddr::from(meta.addr);
        for datagram in datagrams {
            self.relayed += 1;
            self.counters.ingress.add(Transport::Udp, datagram.len());
            let Worker { server, out, .. } = &mut self.worker;
            take_from_peer(server, out, (port, from), datagram, now);
        }
    }

    /// Takes what other workers have handed over. Returns whether there is more.
    pub(super) fn hear(&mut self, now: Now) -> bool {
        let Worker {
            incoming,
            server,
            out,
            ..
        } = &mut self.worker;
        let mut more = false;
        for ring in 0..incoming.rings() {
            let waiting = incoming.waiting(ring);
            more |= waiting > RING_TURN;
            let mut left = waiting.min(RING_TURN);
            while left > 0
                && let Some((port, from, payload, taken)) = incoming.next(ring)
            {
                left = left.saturating_sub(taken);
                self.relayed += 1;
                take_from_peer(server, out, (port, from), payload, now);
            }
        }
        more
    }

    /// Lets the inside do what is due, and sends what it has to send.
    pub(super) fn look_inside(&mut self, now: Now) {
        let worker = &mut self.worker;
        let Some(inside) = &mut worker.out.inside else {
            return;
        };
        if inside
            .next_deadline()
            .is_some_and(|deadline| deadline <= now.mono)
        {
            inside.handle_timeout(now.mono);
        }
        loop {
            self.payload.clear();
            let inside = worker.out.inside.as_mut();
            let Some((from, to)) =
                inside.and_then(|inside| inside.poll_transmit(&mut self.payload))
            else {
                return;
            };
            self.relayed += 1;
            worker.take_from_inside(from, to, &self.payload, now);
        }
    }
}

impl Worker {
    /// Takes a datagram from the inside to a relayed address, on whichever worker that is.
    fn take_from_inside(&mut self, from: SocketAddr, to: SocketAddr, payload: &[u8], now: Now) {
        let on = RelayedPort {
            family: Family::of(to.ip()),
            port: to.port(),
        };
        let from = PeerAddr::from(from);
        match self.registry.worker_of(on) {
            Some(worker) if worker == self.id => {
                take_from_peer(&mut self.server, &mut self.out, (on, from), payload, now);
            }
            Some(worker) => self.out.rings.push(worker, on, from, payload),
            None => self.out.astray += 1,
        }
    }
}

/// Takes a payload that came to a relayed port from a peer.
fn take_from_peer(
    server: &mut turn::Server,
    out: &mut Out,
    (on, from): (RelayedPort, PeerAddr),
    payload: &[u8],
    now: Now,
) {
    if let Some(to) = server.handle_peer(on, from, payload, now) {
        out.send_to_client(&to, payload);
    }
    out.drain(server);
}

/// Hands the whole frames in `bytes` to the server, and keeps the rest for later. Returns whether the stream goes on.
pub(super) fn take_frames(worker: &mut Worker, id: StreamId, bytes: &[u8], now: Now) -> bool {
    let mut rest = bytes;
    loop {
        // An answer that found no room may have ended it.
        let Some(from) = worker.out.streams.five_tuple(id) else {
            return false;
        };
        let most = most(worker.server.has_allocation(&from));
        match stun::stream::next(rest, most) {
            Ok(Next::Frame { length, padding }) => {
                let frame = &rest[..length];
                worker.out.streams.heard(id, length, now.mono);
                if let Some(to_peer) = worker.server.handle_client(from, frame, now) {
                    worker.out.send_to_peer(to_peer, frame, now);
                }
                worker.out.drain(&mut worker.server);
                rest = &rest[length + padding..];
            }
            Ok(Next::Missing { .. }) => {
                worker.out.streams.keep(id, rest);
                return true;
            }
            Err(error) => {
                tracing::debug!(%error, "a stream carries no TURN");
                worker.out.streams.end(id, Ending::Garbage);
                return false;
            }
        }
    }
}
