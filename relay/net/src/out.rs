//! The ways out of a worker: to clients, to peers, to other workers and into the rooms.

use crate::{
    allocation_log::log,
    allocations::Teller,
    egress::{Egress, Route},
    rings::{Outgoing, Record},
    rooms::Rooms,
    sockets::{SocketId, Sockets},
    streams::Streams,
};
use sfu::Path;
use std::net::SocketAddr;
use turn::{AllocationEvent, FiveTuple, Now, Output, ToClient, ToPeer, Transport, Via};

pub(crate) struct Out {
    pub(crate) sockets: Sockets,
    pub(crate) egress: Egress,
    pub(crate) streams: Streams,
    pub(crate) rings: Outgoing,
    pub(crate) rooms: Option<Box<Rooms>>,
    /// Hears of the lives of allocations.
    pub(crate) allocations: Teller,
    /// Relayed addresses that have ended, for the rooms to hear of.
    pub(crate) ended: Vec<SocketAddr>,
    /// Datagrams between relayed clients and rooms that were nobody's.
    pub(crate) astray: u64,
}

impl Out {
    /// Sends the payload in `datagram` on its way to a peer.
    pub(crate) fn send_to_peer(&mut self, to_peer: ToPeer, datagram: &[u8], now: Now) {
        let payload = &datagram[to_peer.payload];
        match to_peer.via {
            Via::Socket {
                port,
                peer,
                dont_fragment,
            } => {
                let route = Route {
                    socket: SocketId::Relay(port),
                    destination: peer.get(),
                    source: None,
                    dont_fragment,
                };
                self.egress.push(&self.sockets, route, [&[], payload, &[]]);
            }
            Via::Hairpin(to) => self.send_to_client(&to, payload),
            Via::Worker { worker, on, from } => {
                let record = Record::Relayed { on, from, payload };
                self.rings.push(worker, &record);
            }
            Via::Inside { from, to } => {
                let taken = self.rooms.as_mut().is_some_and(|rooms| {
                    let path = rooms.path(sfu::Via::Relay, from, to);
                    rooms.take(&path, payload, &mut self.rings, now.mono)
                });
                self.astray += u64::from(!taken);
            }
        }
    }

    /// Sends a peer's payload to a client.
    pub(crate) fn send_to_client(&mut self, to: &ToClient, payload: &[u8]) {
        let parts = [to.frame.head(), payload, to.frame.padding()];
        match to.to.transport {
            Transport::Udp => self.datagram(&to.to, parts),
            Transport::Tcp | Transport::Tls => self.streams.relay(&to.to, parts),
        }
    }

    /// Sends a datagram of a room to a participant over UDP or TCP.
    pub(crate) fn send_media(&mut self, transport: Transport, path: &Path, datagram: &[u8]) {
        let to = FiveTuple {
            transport,
            client: path.remote,
            server: path.local,
        };
        match transport {
            Transport::Udp => self.datagram(&to, [&[], datagram, &[]]),
            Transport::Tcp | Transport::Tls => self.streams.send_media(&to, datagram),
        }
    }

    /// Does what the server asks for, until it asks for nothing.
    pub(crate) fn drain(&mut self, server: &mut turn::Server) {
        while let Some(output) = server.poll_output() {
            match output {
                Output::Transmit(transmit) => match transmit.to.transport {
                    Transport::Udp => self.datagram(&transmit.to, [&[], &transmit.message, &[]]),
                    Transport::Tcp | Transport::Tls => {
                        self.streams.answer(&transmit.to, &transmit.message);
                    }
                },
                Output::Bind(port) => server.handle_bound(port, self.sockets.bind(port)),
                Output::Unbind(port) => {
                    self.egress.flush(&self.sockets);
                    self.sockets.unbind(port);
                }
                Output::Event(event) => {
                    log(&event);
                    if let (Some(_), AllocationEvent::Ended { relayed, .. }) = (&self.rooms, &event)
                    {
                        self.ended.extend(relayed);
                    }
                    self.allocations.tell(event);
                }
            }
        }
    }

    /// Tells the server of the ICMP errors that were met.
    pub(crate) fn hand_icmp(&mut self, server: &mut turn::Server, now: Now) {
        while let Some((port, error)) = self.egress.take_icmp() {
            server.handle_icmp(port, error, now);
            self.drain(server);
        }
    }

    fn datagram(&mut self, to: &FiveTuple, parts: [&[u8]; 3]) {
        let (socket, source) = self.sockets.listener(to.server);
        let route = Route {
            socket,
            destination: to.client,
            source,
            dont_fragment: false,
        };
        self.egress.push(&self.sockets, route, parts);
    }
}
