//! Socket.IO: the two namespaces, one session for each connected socket, wire names of commands and events.
//!
//! The library runs a task for each event, so two could swap. Here a handler only puts the event into its session's bounded inbox, and one
//! task for each session works it off in order. A session that cannot keep up has its transport closed; its client comes back by
//! itself and asks for what it missed.

mod calls;
mod chat;
mod group;
mod group_wire;
mod inbox;
mod session;
mod wire;

use std::future::ready;
use std::time::Duration;

use serde_json::Value;
use socketioxide::extract::{AckSender, Event, SocketRef, TryData};
use socketioxide::layer::SocketIoLayer;
use socketioxide::{SocketIo, TransportType};

use crate::bus::{Bus, Channel};
use crate::service::{Auth, Calls, Chats, People, Tasks};

use inbox::Incoming;
use session::Session;

/// Packets the library may hold for a client that does not read. Behind them the session waits.
const OUTBOX: usize = 32;
/// Longest packet a client may send, in bytes: the longest message in the costliest spelling, with room.
const LONGEST_PACKET: usize = 1 << 20;

/// What sessions need.
#[derive(Clone)]
pub struct Gateway {
    /// Who a token stands for.
    pub auth: Auth,
    /// Presence.
    pub people: People,
    /// Chats.
    pub chats: Chats,
    /// Calls.
    pub calls: Calls,
    /// Events.
    pub bus: Bus,
    /// Sessions say goodbye before the server stops.
    pub tasks: Tasks,
    /// Longest message, in characters.
    pub message_limit: usize,
}

/// Builds the Socket.IO layer. Websocket alone: with polling, whoever learns a `socket.id` can send as that user.
#[must_use]
pub fn layer(gateway: Gateway) -> (SocketIoLayer, SocketIo) {
    let (layer, io) = SocketIo::builder()
        .transports([TransportType::Websocket])
        .max_buffer_size(OUTBOX)
        .max_payload(LONGEST_PACKET as u64)
        .ws_max_message_size(LONGEST_PACKET)
        .ws_max_frame_size(LONGEST_PACKET)
        .connect_timeout(Duration::from_secs(10))
        .build_layer();
    for (path, channel) in [("/", Channel::Chat), ("/calls", Channel::Calls)] {
        let gateway = gateway.clone();
        io.ns(
            path,
            move |socket: SocketRef, TryData::<Value>(handshake)| {
                connect(&gateway, channel, &socket, handshake.unwrap_or(Value::Null));
                ready(())
            },
        );
    }
    (layer, io)
}

/// Handlers do their work as they are called, in the order of the packets; the future they must return is done already.
fn connect(gateway: &Gateway, channel: Channel, socket: &SocketRef, handshake: Value) {
    let (inbox, incoming) = inbox::inbox();
    let session = Session::new(
        gateway.clone(),
        channel,
        socket.clone(),
        handshake,
        incoming,
    );
    let (gone, transport) = (session.gone(), session.transport());
    socket.on_disconnect(move || {
        gone.cancel();
        ready(())
    });
    socket.on_fallback(
        move |Event(name): Event,
              TryData::<Value>(data),
              one: AckSender,
              two: AckSender,
              three: AckSender| {
            // An event without an argument cannot be decoded: it has none.
            let incoming = Incoming {
                name: name.to_string(),
                data: data.unwrap_or(Value::Null),
                acks: [one, two, three],
            };
            if inbox.put(incoming).is_err() {
                tracing::debug!("a client sent faster than it can be served");
                transport.cancel();
            }
            ready(())
        },
    );
    if !socket.connected() {
        // It went before anybody could hear of it.
        session.gone().cancel();
    }
    gateway.tasks.start(session.run());
}
