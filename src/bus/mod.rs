//! Who is listening, and who hears which event. A hint, not the truth: what a listener misses it finds in the store.
//!
//! Owns the connected sockets and their bounded queues. A listener whose queue is full is cut off, never waited for: its queue
//! ends, its gateway session closes the transport, and the client asks for what it missed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::domain::{Event, SessionEnd, SessionId, SocketId, Target, UserId};

/// Events a listener may be behind before it is cut off.
const QUEUE: usize = 512;

/// Sockets that one user may have: a dozen devices with several tabs each.
const SOCKETS: usize = 128;

/// Which namespace a listener is connected to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// Chats, people, presence.
    Chat,
    /// Calls.
    Calls,
}

/// One connected socket as others see it.
#[derive(Clone, Copy, Debug)]
pub struct Listener {
    /// Whose.
    pub user: UserId,
    /// Its sign-in.
    pub session: SessionId,
    /// What it listens to.
    pub channel: Channel,
    /// It speaks the contract of the deployed clients.
    pub legacy: bool,
}

struct Entry {
    listener: Listener,
    /// `None` once it was cut off.
    queue: Option<mpsc::Sender<Event>>,
}

#[derive(Default)]
struct Listeners {
    last_id: u64,
    by_id: HashMap<SocketId, Entry>,
    by_user: HashMap<UserId, Vec<SocketId>>,
}

/// The bus. Cheap to clone.
#[derive(Clone, Default)]
pub struct Bus {
    /// Guards who is connected. Held for map look-ups and non-blocking sends alone.
    listeners: Arc<Mutex<Listeners>>,
}

impl Bus {
    /// Begins to listen; a user's first chat socket is told to everybody. Returns the socket's id and its events, or `None` if the
    /// user has too many sockets already.
    #[must_use]
    pub fn listen(&self, listener: Listener) -> Option<(SocketId, mpsc::Receiver<Event>)> {
        let (queue, events) = mpsc::channel(QUEUE);
        let mut all = self.lock();
        if all.by_user.get(&listener.user).map_or(0, Vec::len) >= SOCKETS {
            return None;
        }
        let first = listener.channel == Channel::Chat && !all.is_online(listener.user);
        all.last_id += 1;
        let id = SocketId(all.last_id);
        all.by_id.insert(
            id,
            Entry {
                listener,
                queue: Some(queue),
            },
        );
        all.by_user.entry(listener.user).or_default().push(id);
        if first {
            all.send_everybody(&Event::Online(listener.user));
        }
        Some((id, events))
    }

    /// Stops listening. Returns whether the user's last chat socket went with it, which is told to everybody.
    #[must_use]
    pub fn leave(&self, id: SocketId) -> bool {
        let mut all = self.lock();
        let Some(entry) = all.by_id.remove(&id) else {
            return false;
        };
        let user = entry.listener.user;
        if let Some(ids) = all.by_user.get_mut(&user) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                all.by_user.remove(&user);
            }
        }
        let last = entry.listener.channel == Channel::Chat && !all.is_online(user);
        if last {
            all.send_everybody(&Event::Offline(user));
        }
        last
    }

    /// Tells some users' chat sockets.
    pub fn tell_users(&self, users: &[UserId], event: &Event) {
        let mut all = self.lock();
        for user in users {
            for id in all.by_user.get(user).cloned().unwrap_or_default() {
                all.send(id, Channel::Chat, event);
            }
        }
    }

    /// Tells every chat socket.
    pub fn tell_everybody(&self, event: &Event) {
        self.lock().send_everybody(event);
    }

    /// Tells the call sockets of `to`, but not `except`.
    pub fn tell_call(&self, to: Target, except: Option<SocketId>, event: &Event) {
        let mut all = self.lock();
        let ids: Vec<SocketId> = match to {
            Target::Socket(id) => vec![id],
            Target::User(user) => all.by_user.get(&user).cloned().unwrap_or_default(),
            Target::Session(session) => {
                let of_session = |(id, entry): (&SocketId, &Entry)| {
                    (entry.listener.session == session).then_some(*id)
                };
                all.by_id.iter().filter_map(of_session).collect()
            }
        };
        for id in ids {
            if Some(id) != except {
                all.send(id, Channel::Calls, event);
            }
        }
    }

    /// Tells all sockets of a session that it is over.
    pub fn end_session(&self, session: SessionId, why: SessionEnd) {
        let mut all = self.lock();
        let of_session = |(id, entry): (&SocketId, &Entry)| {
            (entry.listener.session == session).then_some((*id, entry.listener.channel))
        };
        for (id, channel) in all.by_id.iter().filter_map(of_session).collect::<Vec<_>>() {
            all.send(id, channel, &Event::SessionEnded(why));
        }
    }

    /// Returns a user's sockets of one channel.
    #[must_use]
    pub fn sockets_of(&self, user: UserId, channel: Channel) -> Vec<(SocketId, Listener)> {
        let all = self.lock();
        let ids = all.by_user.get(&user).map_or(&[][..], Vec::as_slice);
        ids.iter()
            .filter_map(|id| all.by_id.get(id).map(|entry| (*id, entry.listener)))
            .filter(|(_, listener)| listener.channel == channel)
            .collect()
    }

    /// Counts the sockets of one channel.
    #[must_use]
    pub fn count(&self, channel: Channel) -> usize {
        let all = self.lock();
        let of_channel = |entry: &&Entry| entry.listener.channel == channel;
        all.by_id.values().filter(of_channel).count()
    }

    /// Returns everybody who is online.
    #[must_use]
    pub fn online(&self) -> Vec<UserId> {
        let all = self.lock();
        all.by_user
            .keys()
            .copied()
            .filter(|user| all.is_online(*user))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Listeners> {
        // Every change of the maps is complete before anything can panic.
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listeners {
    fn is_online(&self, user: UserId) -> bool {
        let ids = self.by_user.get(&user).map_or(&[][..], Vec::as_slice);
        ids.iter()
            .filter_map(|id| self.by_id.get(id))
            .any(|entry| entry.listener.channel == Channel::Chat)
    }

    fn send_everybody(&mut self, event: &Event) {
        for id in self.by_id.keys().copied().collect::<Vec<_>>() {
            self.send(id, Channel::Chat, event);
        }
    }

    fn send(&mut self, id: SocketId, channel: Channel, event: &Event) {
        let Some(entry) = self.by_id.get_mut(&id) else {
            return;
        };
        if entry.listener.channel != channel {
            return;
        }
        if let Some(queue) = &entry.queue
            && queue.try_send(event.clone()).is_err()
        {
            tracing::debug!(socket = id.0, "a listener was cut off");
            entry.queue = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(user: UserId, channel: Channel) -> Listener {
        Listener {
            user,
            session: SessionId::new(),
            channel,
            legacy: false,
        }
    }

    #[test]
    fn a_user_is_online_while_one_chat_socket_is_there() {
        let (bus, user) = (Bus::default(), UserId::new());
        let watcher = UserId::new();
        let (_, mut seen) = bus.listen(listener(watcher, Channel::Chat)).unwrap();
        let mut told = || std::iter::from_fn(|| seen.try_recv().ok()).count();
        told();
        let (_calls, _a) = bus.listen(listener(user, Channel::Calls)).unwrap();
        assert_eq!((bus.online(), told()), (vec![watcher], 0));
        let (one, _b) = bus.listen(listener(user, Channel::Chat)).unwrap();
        let (two, _c) = bus.listen(listener(user, Channel::Chat)).unwrap();
        assert_eq!(told(), 1);
        assert!(!bus.leave(one));
        assert!(bus.online().contains(&user));
        assert!(bus.leave(two));
        assert!(!bus.leave(two));
        assert_eq!((bus.online(), told()), (vec![watcher], 1));
    }

    #[test]
    fn a_listener_that_does_not_listen_is_cut_off_and_others_are_not() {
        let (bus, slow, quick) = (Bus::default(), UserId::new(), UserId::new());
        let (_, mut slow_events) = bus.listen(listener(slow, Channel::Chat)).unwrap();
        let (_, mut quick_events) = bus.listen(listener(quick, Channel::Chat)).unwrap();
        while slow_events.try_recv().is_ok() || quick_events.try_recv().is_ok() {}
        for _ in 0..=QUEUE {
            bus.tell_everybody(&Event::Online(slow));
            assert!(quick_events.try_recv().is_ok());
        }
        let mut heard = 0;
        while slow_events.try_recv().is_ok() {
            heard += 1;
        }
        assert_eq!(heard, QUEUE);
        assert_eq!(
            slow_events.try_recv().unwrap_err(),
            mpsc::error::TryRecvError::Disconnected
        );
    }

    #[test]
    fn a_user_has_a_bounded_number_of_sockets() {
        let (bus, user) = (Bus::default(), UserId::new());
        let all: Vec<_> = (0..=SOCKETS)
            .map(|_| bus.listen(listener(user, Channel::Chat)))
            .collect();
        assert!(all[SOCKETS].is_none() && all[SOCKETS - 1].is_some());
        assert!(bus.listen(listener(UserId::new(), Channel::Chat)).is_some());
    }

    #[test]
    fn a_call_event_reaches_its_target_alone() {
        let (bus, user, other) = (Bus::default(), UserId::new(), UserId::new());
        let (chat, mut chat_events) = bus.listen(listener(user, Channel::Chat)).unwrap();
        let (one, mut one_events) = bus.listen(listener(user, Channel::Calls)).unwrap();
        let (_, mut two_events) = bus.listen(listener(user, Channel::Calls)).unwrap();
        let (_, mut other_events) = bus.listen(listener(other, Channel::Calls)).unwrap();
        while chat_events.try_recv().is_ok() {}
        bus.tell_call(Target::User(user), Some(one), &Event::Online(user));
        assert!(two_events.try_recv().is_ok());
        bus.tell_call(Target::Socket(one), None, &Event::Online(user));
        assert!(one_events.try_recv().is_ok() && one_events.try_recv().is_err());
        bus.tell_call(Target::Socket(chat), None, &Event::Online(user));
        assert!(
            chat_events.try_recv().is_err()
                && other_events.try_recv().is_err()
                && two_events.try_recv().is_err()
        );
    }
}
