//! Calls: starting, answering, ending, signaling, history. Each live call is one task, the only owner of its [`Call`], or of its `GroupCall`.
//!
//! Owns the table of live calls and who is in which. A call's row is written before anybody hears of the change.

mod drain;
mod group;
mod live;
mod operator;
mod refused;
mod scribe;
mod speakers;
mod story;
mod table;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::{mpsc, oneshot};

use crate::bus::Channel;
use crate::domain::{
    Actor, Call, CallError, CallId, CallKind, CallLeg, CallLimits, CallRecord, CallStatus, Command,
    GroupCommand, GroupLimits, Page, SessionId, SocketId, Step, UserId,
};
use crate::store as repo;

use super::Ground;
use super::chats::{self, ChatError};
use live::Ask;
use speakers::Speakers;
use table::{Place, Table};

pub use group::{Entered, Joins};
pub use refused::CallRefused;

/// Commands that may wait for one call.
const QUEUE: usize = 256;

/// How long calls wait.
#[derive(Clone, Copy, Debug)]
pub struct CallsConfig {
    /// How long a call rings.
    pub ring: Duration,
    /// How long an answered call waits for a lost side.
    pub rejoin: Duration,
    /// Most participants of a group call.
    pub group_participants: usize,
}

/// How long a ringing call waits for its caller.
const CALLER_REJOIN: Duration = Duration::from_secs(10);
/// How long a group call goes on with nobody in it.
const EMPTY: Duration = Duration::from_secs(10);

/// How many group calls somebody starts at once, and one more each second: each rings for a whole chat.
const STARTS: Quota = Quota::per_second(NonZeroU32::MIN)
    .allow_burst(NonZeroU32::new(10).expect("ten is not nothing"));

/// What a socket that joined a call must know.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The call.
    pub call: CallRecord,
    /// The server has lost the caller's offer.
    pub resend_offer: bool,
}

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct Calls {
    ground: Ground,
    limits: CallLimits,
    group_limits: GroupLimits,
    /// How often each user has started group calls lately.
    starts: Arc<DefaultKeyedRateLimiter<UserId>>,
    /// Guards which calls live and who is in them. Held for look-ups alone.
    table: Arc<Mutex<Table>>,
}

impl Calls {
    /// Builds them; no call lives yet.
    #[must_use]
    pub fn new(ground: Ground, config: CallsConfig) -> Self {
        let limits = CallLimits {
            ring: config.ring,
            rejoin: config.rejoin,
            caller_rejoin: CALLER_REJOIN,
        };
        let group_limits = GroupLimits {
            ring: config.ring,
            rejoin: config.rejoin,
            empty: EMPTY,
            participants: config.group_participants,
        };
        Self {
            ground,
            limits,
            group_limits,
            starts: Arc::new(RateLimiter::keyed(STARTS)),
            table: Arc::default(),
        }
    }

    /// Takes up the calls that a stop or a crash interrupted.
    ///
    /// # Errors
    /// [`CallRefused`] of the store.
    pub async fn restore(&self) -> Result<usize, CallRefused> {
        let mut tx = self.ground.db.read().await?;
        let records = repo::calls::live(&mut tx, None).await?;
        let count = records.len();
        for record in records {
            self.ground.journal.step(record.id, None, Step::Restarted);
            let (call, effects) = Call::restore(record, self.limits, self.ground.clock.now());
            let mut speakers = Speakers::default();
            let media = &self.ground.media;
            speakers.learn(media, &mut tx, &effects).await?;
            let (inbox, asks) = mpsc::channel(QUEUE);
            self.lock().insert(&call, inbox);
            self.ground
                .tasks
                .start(live::run(self.clone(), call, asks, speakers, effects));
        }
        drop(tx);
        Ok(count + self.restore_groups().await?)
    }

    /// Calls somebody. A call that this very sign-in is in ends first, once nothing else stands against the new one.
    ///
    /// # Errors
    /// [`CallRefused::WithSelf`], [`CallRefused::NoSuchUser`], [`CallRefused::Busy`], [`CallRefused::Already`].
    pub async fn initiate(
        &self,
        actor: &Actor,
        target: UserId,
        kind: CallKind,
    ) -> Result<CallRecord, CallRefused> {
        if actor.user == target {
            return Err(CallRefused::WithSelf);
        }
        if self.lock().drains > 0 {
            return Err(CallRefused::Stopping);
        }
        let own = self.place_of(actor.user);
        let theirs = self.place_of(target).map(|place| place.id());
        let with_them = match &own {
            Some(Place::Private(id, _)) => Some(*id),
            Some(Place::Group(_)) | None => None,
        };
        if theirs.is_some() && theirs != with_them {
            return Err(CallRefused::Busy);
        }
        if let Some(place) = own {
            if !place.is_spoken_for_by(actor) {
                // It rings here, or goes on on another device.
                return Err(if theirs.is_some() {
                    CallRefused::Busy
                } else {
                    CallRefused::Already
                });
            }
            let mut tx = self.ground.db.read().await?;
            if repo::users::by_id(&mut tx, target).await?.is_none() {
                return Err(CallRefused::NoSuchUser);
            }
            drop(tx);
            self.depart(place, actor).await;
        }
        let (this, actor) = (self.clone(), actor.clone());
        self.ground
            .tasks
            .finish(async move { this.start(&actor, target, kind).await })
            .await?
    }

    /// Takes the actor out of the call that its sign-in is in.
    async fn depart(&self, place: Place, actor: &Actor) {
        let (user, session) = (actor.user, Some(actor.session));
        // It may have ended meanwhile: either way it is over.
        match place {
            Place::Private(id, _) => {
                self.quietly(id, Command::End { user, socket: None }).await;
            }
            Place::Group(group) => {
                self.tell_group(&group, GroupCommand::Gone { user, session })
                    .await;
            }
        }
    }

    async fn start(
        &self,
        actor: &Actor,
        target: UserId,
        kind: CallKind,
    ) -> Result<CallRecord, CallRefused> {
        let now = self.ground.clock.now();
        let mut tx = self.ground.db.write().await?;
        let receiver = repo::users::by_id(&mut tx, target)
            .await?
            .ok_or(CallRefused::NoSuchUser)?;
        let (chat, chat_made) =
            match chats::find_or_make_private(&mut tx, actor.user, target, now).await {
                Ok(found) => found,
                Err(ChatError::Store(error)) => return Err(error.into()),
                Err(_) => return Err(CallRefused::NoSuchUser),
            };
        let record = CallRecord {
            id: CallId::new(),
            chat,
            kind,
            status: CallStatus::Ringing,
            reason: None,
            caller: CallLeg {
                user: actor.user,
                name: actor.name.clone(),
                session: Some(actor.session),
            },
            receiver: CallLeg {
                user: target,
                name: receiver.name,
                session: None,
            },
            created_at: now,
            updated_at: now,
            answered_at: None,
            ended_at: None,
            last_alive_at: now,
        };
        let (call, effects) = Call::ring(record.clone(), self.limits, now);
        let mut speakers = Speakers::default();
        let media = &self.ground.media;
        speakers.learn(media, &mut tx, &effects).await?;
        let (inbox, asks) = mpsc::channel(QUEUE);
        // Both are busy from here on; the entry goes again if the row cannot be written.
        self.lock().claim(&call, inbox, actor.user)?;
        let written = async {
            repo::calls::insert(&mut tx, &record).await?;
            tx.commit().await
        };
        if let Err(error) = written.await {
            self.lock().remove(record.id);
            return Err(error.into());
        }
        tracing::info!(call = %record.id, kind = kind.as_str(), "call started");
        let (by, video) = ((actor.user, actor.session), kind == CallKind::Video);
        self.ground.journal.begin(record.id, by, video);
        self.ground
            .tasks
            .start(live::run(self.clone(), call, asks, speakers, effects));
        if chat_made {
            chats::announce(&self.ground, chat, true).await;
        }
        for (socket, listener) in self.ground.bus.sockets_of(target, Channel::Calls) {
            let (user, session, legacy) = (listener.user, listener.session, listener.legacy);
            self.quietly(
                record.id,
                Command::Attach {
                    user,
                    session,
                    socket,
                    legacy,
                },
            )
            .await;
        }
        Ok(record)
    }

    /// Carries out the receiver's or either side's command on a call.
    ///
    /// # Errors
    /// [`CallRefused::NotFound`], or why the call refuses.
    pub async fn command(&self, id: CallId, command: Command) -> Result<Joined, CallRefused> {
        self.ask(id, command).await
    }

    async fn ask(&self, id: CallId, command: Command) -> Result<Joined, CallRefused> {
        let live = self.lock().calls.get(&id).cloned();
        if let Some(live) = live {
            if command.user().is_some_and(|user| !live.has(user)) {
                // A stranger's request does not even take a place in the queue.
                return Err(CallError::Forbidden.into());
            }
            let (reply, answer) = oneshot::channel();
            let ask = Ask::Command(command.clone(), reply);
            match live.inbox.try_send(ask) {
                Ok(()) => {
                    if let Ok(answer) = answer.await {
                        return answer;
                    }
                }
                Err(mpsc::error::TrySendError::Full(_)) => return Err(CallRefused::Overrun),
                Err(mpsc::error::TrySendError::Closed(_)) => {}
            }
        }
        if let Command::End { user, .. } = command {
            // It may have become a group call before whoever hangs up could know: then they are not to be awaited there.
            let group = self.lock().groups.get(&id).cloned();
            if let Some(group) =
                group.filter(|group| group.inside.iter().any(|(its, _)| *its == user))
            {
                self.tell_group(&group, GroupCommand::Decline(user)).await;
                return Err(CallError::Ended.into());
            }
        }
        // It is over: its row says how, and the machine refuses as it would have.
        let record = self.record(id).await?;
        let (mut call, _) = Call::restore(record, self.limits, self.ground.clock.now());
        if call.record().status.is_live() {
            return Err(CallRefused::Overrun);
        }
        call.apply(command, self.ground.clock.now())?;
        Ok(Joined {
            call: call.record().clone(),
            resend_offer: false,
        })
    }

    async fn record(&self, id: CallId) -> Result<CallRecord, CallRefused> {
        repo::calls::by_id(&mut self.ground.db.read().await?, id)
            .await?
            .ok_or(CallRefused::NotFound)
    }

    /// Returns a call that the actor takes part in.
    ///
    /// # Errors
    /// [`CallRefused::NotFound`]; [`CallError::Forbidden`] for anybody else's.
    pub async fn get(&self, actor: &Actor, id: CallId) -> Result<CallRecord, CallRefused> {
        let record = self.record(id).await?;
        if record.has(actor.user) {
            Ok(record)
        } else {
            Err(CallError::Forbidden.into())
        }
    }

    /// Returns the actor's calls, newest first.
    ///
    /// # Errors
    /// [`CallRefused`] of the store.
    pub async fn history(&self, actor: &Actor, page: Page) -> Result<Vec<CallRecord>, CallRefused> {
        Ok(repo::calls::history(&mut self.ground.db.read().await?, actor.user, page).await?)
    }

    /// Returns the actor's calls that ring or go on.
    ///
    /// # Errors
    /// [`CallRefused`] of the store.
    pub async fn active(&self, actor: &Actor) -> Result<Vec<CallRecord>, CallRefused> {
        Ok(repo::calls::live(&mut self.ground.db.read().await?, Some(actor.user)).await?)
    }

    /// Removes a call that is over from the history.
    ///
    /// # Errors
    /// [`CallRefused::NotAdmin`], [`CallRefused::NotFound`], [`CallRefused::StillLive`].
    pub async fn delete(&self, actor: &Actor, id: CallId) -> Result<(), CallRefused> {
        if !actor.is_admin {
            return Err(CallRefused::NotAdmin);
        }
        let mut tx = self.ground.db.write().await?;
        let entry = repo::group_calls::entry(&mut tx, id)
            .await?
            .ok_or(CallRefused::NotFound)?;
        if entry.call.status.is_live() {
            return Err(CallRefused::StillLive);
        }
        repo::calls::delete(&mut tx, id).await?;
        Ok(tx.commit().await?)
    }

    /// A socket of a user came: if a call of theirs rings or waits for them, it learns so, and of the group calls that they may join.
    pub async fn attached(&self, actor: &Actor, socket: SocketId, legacy: bool) {
        if let Some(Place::Private(id, _)) = self.place_of(actor.user) {
            let (user, session) = (actor.user, actor.session);
            self.quietly(
                id,
                Command::Attach {
                    user,
                    session,
                    socket,
                    legacy,
                },
            )
            .await;
        }
        if !legacy {
            self.show_groups(actor, socket).await;
        }
    }

    /// A socket of a user is gone.
    pub async fn detached(&self, user: UserId, socket: SocketId) {
        match self.place_of(user) {
            Some(Place::Private(id, _)) => self.quietly(id, Command::Detach(socket)).await,
            Some(Place::Group(group)) => {
                self.tell_group(&group, GroupCommand::Detach(socket)).await;
            }
            None => {}
        }
    }

    /// A user, or one sign-in of theirs, was ended by the server.
    pub async fn gone(&self, user: UserId, session: Option<SessionId>) {
        if let Some(Place::Private(id, _)) = self.place_of(user) {
            self.quietly(id, Command::Gone { user, session }).await;
        }
        for group in self.groups_of(user) {
            self.tell_group(&group, GroupCommand::Gone { user, session })
                .await;
        }
    }

    /// Gives a notice that must not be lost, and waits until it is taken.
    async fn quietly(&self, id: CallId, command: Command) {
        let live = self.lock().calls.get(&id).cloned();
        let Some(live) = live else { return };
        let (reply, answer) = oneshot::channel();
        if live.inbox.send(Ask::Command(command, reply)).await.is_ok()
            && let Ok(Err(error)) = answer.await
        {
            tracing::debug!(call = %id, %error, "a call did not take a notice");
        }
    }

    /// Says whether a user is in a call.
    #[must_use]
    pub fn is_busy(&self, user: UserId) -> bool {
        self.lock().is_busy(user)
    }

    fn place_of(&self, user: UserId) -> Option<Place> {
        self.lock().place_of(user)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Every change of the maps is complete before anything can panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
