//! One connected socket: who it is, its events in order, and what it is told.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use socketioxide::SendError;
use socketioxide::SocketError;
use socketioxide::extract::{AckSender, SocketRef};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::inbox::{Incoming, Outgoing};
use super::{Gateway, calls, chat, wire};
use crate::bus::{Channel, Listener};
use crate::domain::{Actor, Event, SocketId};
use crate::service::AuthError;

/// The version of our own protocol that this server speaks.
const PROTOCOL: i64 = 1;
/// How long a client may leave what it was sent unread before its transport is closed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a full outbox is looked at again.
const LOOK: Duration = Duration::from_millis(20);

/// How long a client that was sent away may keep its transport: it may hold the other namespace, which is sent away as well.
const LINGER: Duration = Duration::from_secs(2);

/// The socket is gone, or was given up.
pub(super) struct Gone;

/// A refusal as clients hear it.
pub(super) struct Refusal {
    /// Stable.
    pub(super) code: &'static str,
    /// In English.
    pub(super) message: String,
}

/// What came of a client's event.
pub(super) enum Answer {
    /// An event for the sender; deployed clients' acknowledgements are not called.
    Event(&'static str, Value),
    /// A result for the acknowledgement.
    Result(Value),
    /// Nothing at all (deployed clients' unknown events).
    Nothing,
}

/// One connected socket.
pub(super) struct Session {
    pub(super) gateway: Gateway,
    channel: Channel,
    socket: SocketRef,
    handshake: Value,
    incoming: Outgoing,
    gone: CancellationToken,
    transport: CancellationToken,
}

/// Who a session speaks for.
pub(super) struct Speaker {
    pub(super) actor: Actor,
    pub(super) socket: SocketId,
    /// It speaks the contract of the deployed clients.
    pub(super) legacy: bool,
}

impl Session {
    pub(super) fn new(
        gateway: Gateway,
        channel: Channel,
        socket: SocketRef,
        handshake: Value,
        incoming: Outgoing,
    ) -> Self {
        // Put there by whoever accepted the connection.
        let transport = socket
            .req_parts()
            .extensions
            .get::<CancellationToken>()
            .cloned()
            .unwrap_or_default();
        Self {
            gateway,
            channel,
            socket,
            handshake,
            incoming,
            gone: CancellationToken::new(),
            transport,
        }
    }

    /// Cancelled when the socket is gone.
    pub(super) fn gone(&self) -> CancellationToken {
        self.gone.clone()
    }

    /// Closes the connection below, so that the client comes back by itself.
    pub(super) fn transport(&self) -> CancellationToken {
        self.transport.clone()
    }

    /// Runs until the socket is gone.
    pub(super) async fn run(mut self) {
        let legacy = self
            .handshake
            .get("protocol")
            .and_then(Value::as_i64)
            .is_none_or(|version| version < PROTOCOL);
        let token = self
            .handshake
            .get("token")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned();
        let actor = match self.gateway.auth.authenticate(&token, true).await {
            Ok(actor) => actor,
            Err(AuthError::Store(error)) => {
                tracing::error!(%error, "a socket could not be let in");
                self.transport.cancel();
                return;
            }
            Err(_) => return self.refuse(legacy, "auth.token").await,
        };
        let listener = Listener {
            user: actor.user,
            session: actor.session,
            channel: self.channel,
            legacy,
        };
        let Some((socket, events)) = self.gateway.bus.listen(listener) else {
            tracing::warn!(user = %listener.user, "a user has too many sockets; one more was refused");
            self.transport.cancel();
            return;
        };
        let speaker = Speaker {
            actor,
            socket,
            legacy,
        };
        if let Err(Gone) = self.greet(&speaker, &token).await {
            self.transport.cancel();
        } else if let Err(Gone) = self.serve(&speaker, events).await {
            self.transport.cancel();
        }
        self.leave(&speaker).await;
    }

    /// Sends the client away for good, as Nest does after it let it in; closes the transport if it stays.
    async fn refuse(&self, legacy: bool, code: &'static str) {
        let told = legacy
            || self
                .emit("session_ended", &json!({ "code": code }))
                .await
                .is_ok();
        let linger = if told && self.socket.clone().disconnect().is_ok() {
            LINGER
        } else {
            Duration::ZERO
        };
        let transport = self.transport.clone();
        tokio::spawn(async move {
            sleep(linger).await;
            transport.cancel();
        });
    }

    async fn greet(&self, speaker: &Speaker, token: &str) -> Result<(), Gone> {
        // A session that ended before this socket listened told it nothing.
        match self.gateway.auth.authenticate(token, true).await {
            Ok(_) => {}
            Err(AuthError::Store(_)) => return Err(Gone),
            Err(_) => {
                self.refuse(speaker.legacy, "auth.token").await;
                return Ok(());
            }
        }
        match self.channel {
            Channel::Calls => {
                self.gateway
                    .calls
                    .attached(&speaker.actor, speaker.socket, speaker.legacy)
                    .await
            }
            Channel::Chat => {
                if !speaker.legacy {
                    let revs = self
                        .gateway
                        .chats
                        .revs(&speaker.actor)
                        .await
                        .map_err(|error| {
                            tracing::error!(%error, "a socket could not be greeted");
                            Gone
                        })?;
                    let ready = json!({
                        "protocol": PROTOCOL,
                        "capabilities": [],
                        "userId": speaker.actor.user,
                        "online": self.gateway.bus.online(),
                        "revs": revs.iter().map(|(id, rev)| (id.to_string(), *rev)).collect::<std::collections::BTreeMap<_, _>>(),
                    });
                    self.emit("ready", &ready).await?;
                }
            }
        }
        Ok(())
    }

    async fn serve(
        &mut self,
        speaker: &Speaker,
        mut events: mpsc::Receiver<Event>,
    ) -> Result<(), Gone> {
        loop {
            tokio::select! {
                biased;
                () = self.gone.cancelled() => return Ok(()),
                () = self.gateway.tasks.stopped() => return Ok(()),
                event = events.recv() => match event {
                    Some(Event::SessionEnded(why)) => {
                        self.refuse(speaker.legacy, why.code()).await;
                        return Ok(());
                    }
                    Some(event) => {
                        if let Some((name, value)) = wire::event(&event, speaker.legacy) {
                            self.emit(name, &value).await?;
                        }
                    }
                    // Cut off by the bus: it fell behind.
                    None => return Err(Gone),
                },
                incoming = self.incoming.next() => {
                    let Some(incoming) = incoming else { return Ok(()) };
                    self.handle(speaker, incoming).await?;
                }
            }
        }
    }

    async fn handle(&self, speaker: &Speaker, incoming: Incoming) -> Result<(), Gone> {
        let Incoming { name, data, acks } = incoming;
        let answer = match self.channel {
            Channel::Chat => chat::handle(&self.gateway, speaker, &name, &data).await,
            Channel::Calls => calls::handle(&self.gateway, speaker, &name, data).await,
        };
        match answer {
            Ok(Answer::Nothing) => Ok(()),
            Ok(Answer::Event(name, value)) if speaker.legacy => self.emit(name, &value).await,
            Ok(Answer::Event(_, value)) => self.acknowledge(acks, &json!({ "ok": value })).await,
            Ok(Answer::Result(value)) => self.acknowledge(acks, &json!({ "ok": value })).await,
            Err(refusal) => {
                let error =
                    json!({ "error": { "code": refusal.code, "message": refusal.message } });
                self.acknowledge(acks, &error).await?;
                if speaker.legacy {
                    self.emit("error", &refusal.message).await
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Sends an event; waits while the client does not read, but not for ever.
    async fn emit(&self, name: &str, value: &(impl Serialize + Sync)) -> Result<(), Gone> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.socket.emit(name, &(value,)) {
                Ok(()) => return Ok(()),
                Err(SendError::Socket(SocketError::InternalChannelFull))
                    if Instant::now() < until =>
                {
                    tokio::select! {
                        () = self.gone.cancelled() => return Err(Gone),
                        () = sleep(LOOK) => {}
                    }
                }
                Err(_) => return Err(Gone),
            }
        }
    }

    /// Calls the client's acknowledgement, if it asked for one; waits for room as [`Session::emit`] does: shortly for a client that
    /// asks faster than answers go out, then for one that does not read.
    async fn acknowledge(&self, acks: [AckSender; 3], value: &Value) -> Result<(), Gone> {
        for (ack, wait) in acks.into_iter().zip([2 * LOOK, PATIENCE / 2, PATIENCE / 2]) {
            match ack.send(&(value,)) {
                Ok(()) => return Ok(()),
                Err(SendError::Socket(SocketError::InternalChannelFull)) => {
                    tokio::select! {
                        () = self.gone.cancelled() => return Err(Gone),
                        () = sleep(wait) => {}
                    }
                }
                Err(_) => return Err(Gone),
            }
        }
        Err(Gone)
    }

    async fn leave(&self, speaker: &Speaker) {
        let last = self.gateway.bus.leave(speaker.socket);
        match self.channel {
            Channel::Calls => {
                self.gateway
                    .calls
                    .detached(speaker.actor.user, speaker.socket)
                    .await
            }
            Channel::Chat if last => {
                if let Err(error) = self.gateway.people.went(speaker.actor.user).await {
                    tracing::error!(%error, "when somebody went could not be kept");
                }
            }
            Channel::Chat => {}
        }
    }
}
