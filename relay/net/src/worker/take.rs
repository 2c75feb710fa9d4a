//! What has come: each datagram and frame from its source to the server or the rooms, and on to where they say.

use super::{Source, Work, Worker};
use crate::{
    door::Spoken,
    door::canonical,
    ingress::BATCH,
    out::Out,
    rings::Record,
    rooms::Rooms,
    sockets::SocketId,
    streams::{Ending, MOST_ICE, StreamId, most},
};
use sfu::{Path, Taken, Via};
use std::{io, net::SocketAddr, time::Instant};
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
        let Worker {
            server: turn, out, ..
        } = &mut self.worker;
        let path = |rooms: &Rooms| rooms.path(Via::Udp, from.client, from.server);
        let path = out.rooms.as_deref().map(path);
        for datagram in datagrams {
            self.counters.ingress.add(Transport::Udp, datagram.len());
            let class = DatagramClass::of(datagram);
            if class != DatagramClass::ChannelData
                && let (Some(rooms), Some(path)) = (&mut out.rooms, &path)
                && rooms.take(path, datagram, &mut out.rings, now.mono)
            {
                self.relayed += u64::from(class == DatagramClass::Rtp);
                continue;
            }
            match class {
                DatagramClass::Stun | DatagramClass::ChannelData => {}
                DatagramClass::Dtls | DatagramClass::Rtp | DatagramClass::Unknown => {
                    self.counters.unknown += 1;
                    continue;
                }
            }
            if let Some(to_peer) = turn.handle_client(from, datagram, now) {
                self.relayed += 1;
                out.send_to_peer(to_peer, datagram, now);
            }
            out.drain(turn);
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
                && let Some((sender, record, taken)) = incoming.next(ring)
            {
                left = left.saturating_sub(taken);
                match record {
                    Record::Relayed { on, from, payload } => {
                        self.relayed += 1;
                        take_from_peer(server, out, (on, from), payload, now);
                    }
                    Record::Media { .. }
                    | Record::Mine(_)
                    | Record::NotMine(_)
                    | Record::Closed(_) => {
                        self.relayed += u64::from(matches!(record, Record::Media { .. }));
                        if let Some(rooms) = &mut out.rooms {
                            rooms.take_record(sender, &record, &mut out.rings, now.mono);
                        }
                    }
                }
            }
        }
        more
    }

    /// Lets the rooms do what is due, sends what they have to send and tells what they have to tell. Returns the time at which they did.
    pub(super) fn serve_rooms(&mut self, now: Now) -> Instant {
        let worker = &mut self.worker;
        let Some(mut rooms) = worker.out.rooms.take() else {
            return now.mono;
        };
        while let Some(relayed) = worker.out.ended.pop() {
            rooms.allocation_ended(relayed, &mut worker.out.rings, now.mono);
        }
        // What they send is stamped with the time it leaves at, for their estimates of what a link carries: by now a handshake may have taken a while.
        let served = Instant::now();
        rooms.handle_timeout(served);
        while let Some(transmit) = rooms.poll_transmit() {
            let (path, datagram) = (&transmit.path, transmit.payload);
            match path.via {
                Via::Udp => worker.out.send_media(Transport::Udp, path, datagram),
                Via::Tcp => worker.out.send_media(Transport::Tcp, path, datagram),
                Via::Relay => worker.send_to_relayed(path, datagram, now),
            }
        }
        rooms.tell();
        worker.out.rooms = Some(rooms);
        served
    }
}

impl Worker {
    /// Takes a datagram of a room to a relayed address, on whichever worker that is.
    fn send_to_relayed(&mut self, path: &Path, payload: &[u8], now: Now) {
        let on = RelayedPort {
            family: Family::of(path.remote.ip()),
            port: path.remote.port(),
        };
        let from = PeerAddr::from(path.local);
        match self.registry.worker_of(on) {
            Some(worker) if worker == self.id => {
                take_from_peer(&mut self.server, &mut self.out, (on, from), payload, now);
            }
            Some(worker) => {
                let record = Record::Relayed { on, from, payload };
                self.out.rings.push(worker, &record);
            }
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

/// Hands the whole frames in `bytes` to the server or the rooms, and keeps the rest for later. Returns whether the stream goes on.
pub(super) fn take_frames(worker: &mut Worker, id: StreamId, bytes: &[u8], now: Now) -> bool {
    match worker.out.streams.spoken(id) {
        Some(Spoken::Turn) => take_turn_frames(worker, id, bytes, now),
        Some(Spoken::Ice) => take_ice_frames(&mut worker.out, id, bytes, now),
        None => false,
    }
}

fn take_turn_frames(worker: &mut Worker, id: StreamId, bytes: &[u8], now: Now) -> bool {
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

/// Takes frames of ICE-TCP: each has its length in two bytes before it (RFC 4571 section 2). Who says what no participant would is let go.
fn take_ice_frames(out: &mut Out, id: StreamId, bytes: &[u8], now: Now) -> bool {
    let (Some(from), Some(rooms)) = (out.streams.five_tuple(id), &mut out.rooms) else {
        return false;
    };
    let path = rooms.path(Via::Tcp, from.client, from.server);
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        if length > MOST_ICE {
            out.streams.end(id, Ending::Garbage);
            return false;
        }
        let Some((frame, next)) = after.split_at_checked(length) else {
            break;
        };
        out.streams.heard(id, length, now.mono);
        if rooms.take_frame(&path, frame, now.mono) == Taken::Nobody {
            out.streams.end(id, Ending::Stranger);
            return false;
        }
        rest = next;
    }
    out.streams.keep(id, rest);
    true
}
