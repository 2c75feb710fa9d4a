//! Group calls: starting, joining, what participants ask of their room, inviting, moderating, the history.
//!
//! Owns who may reach which call. What is allowed in it is `GroupCall`'s; the task of each is `host`.

mod host;

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::live::Ask;
use super::table::LiveGroup;
use super::{CallRefused, Calls, QUEUE};
use crate::domain::{
    Actor, Answered, Authority, Before, CallEntry, CallError, CallId, CallKind, ChatId, GroupCall,
    GroupCommand, GroupRecord, GroupRefusal, GroupView, Moderation, Newcomer, ParticipantId, Sdp,
    SocketId, Speaker, Step, Tile, Track, UserId,
};
use crate::media::Reports;
use crate::store::{self as repo, StoreError, Tx};

pub(super) use host::{GroupAsk, Growth, Reply, grow};

/// Reports of a room that may wait for its call.
const REPORTS: usize = 1024;

/// How a device comes into a group call.
#[derive(Clone, Debug)]
pub struct Joins {
    /// Its socket.
    pub socket: SocketId,
    /// Its offer.
    pub offer: Sdp,
    /// What the offer's lines carry.
    pub tracks: Vec<Track>,
    /// The microphone is off.
    pub muted: bool,
    /// The camera is on.
    pub camera: bool,
}

/// What a device that came into a group call must know.
#[derive(Clone, Debug)]
pub struct Entered {
    /// What it is called from here on.
    pub participant: ParticipantId,
    /// What the room answers to its offer.
    pub answered: Answered,
    /// The call.
    pub call: Arc<GroupView>,
}

impl Calls {
    /// Hears what rooms report until the server stops.
    pub fn listen(&self, mut reports: Reports) {
        let this = self.clone();
        self.ground.tasks.start(async move {
            let stopped = this.ground.tasks.clone();
            loop {
                let next = tokio::select! {
                    biased;
                    () = stopped.stopped() => return,
                    next = reports.next() => next,
                };
                let Some((call, report)) = next else { return };
                let group = this.lock().groups.get(&call).cloned();
                if let Some(group) = group {
                    // The call may have ended meanwhile.
                    drop(group.reports.send(report).await);
                }
            }
        });
    }

    /// Takes up the group calls that a stop or a crash interrupted. Returns how many.
    pub(super) async fn restore_groups(&self) -> Result<usize, CallRefused> {
        let mut tx = self.ground.db.read().await?;
        let records = repo::group_calls::live(&mut tx).await?;
        let count = records.len();
        for record in records {
            let members = repo::chats::member_ids(&mut tx, record.chat).await?;
            let now = self.ground.clock.now();
            let members = members.into_iter();
            let (call, effects) = GroupCall::restore(record, self.group_limits, members, now);
            let (live, ends) = self.live_group(&call);
            self.lock().groups.insert(live.id, live);
            self.lock().note_group(&call);
            let id = call.record().id;
            self.ground.journal.step(id, None, Step::Restarted);
            self.ground
                .tasks
                .start(host::run(self.clone(), call, ends, effects));
        }
        Ok(count)
    }

    /// Starts a group call in a chat of the actor, or finds the living one. Says whether it was started. The actor is not in it yet.
    ///
    /// # Errors
    /// [`CallRefused::NoSuchChat`], [`CallRefused::NotInChat`]; [`CallRefused::Already`] if the actor is in a call on another device;
    /// [`GroupRefusal::TooMuch`].
    pub async fn group_start(
        &self,
        actor: &Actor,
        chat: ChatId,
        kind: CallKind,
    ) -> Result<(Arc<GroupView>, bool), CallRefused> {
        let place = self.place_of(actor.user);
        if place.is_some_and(|place| !place.is_spoken_for_by(actor)) {
            return Err(CallRefused::Already);
        }
        if self.starts.check_key(&actor.user).is_err() {
            return Err(GroupRefusal::TooMuch.into());
        }
        let (this, actor) = (self.clone(), actor.clone());
        self.ground
            .tasks
            .finish(async move { this.start_group(&actor, chat, kind).await })
            .await?
    }

    async fn start_group(
        &self,
        actor: &Actor,
        chat: ChatId,
        kind: CallKind,
    ) -> Result<(Arc<GroupView>, bool), CallRefused> {
        let mut tx = self.ground.db.write().await?;
        let found = repo::chats::of_user(&mut tx, actor.user, Some(chat)).await?;
        let Some(seen) = found.into_iter().next() else {
            return Err(match repo::chats::kind(&mut tx, chat).await? {
                Some(_) => CallRefused::NotInChat,
                None => CallRefused::NoSuchChat,
            });
        };
        let now = self.ground.clock.now();
        let others = seen
            .members
            .into_iter()
            .filter(|member| member.id != actor.user);
        let record = GroupRecord::start(
            (chat, seen.name),
            kind,
            (actor.user, actor.name.clone()),
            others.map(|member| (member.id, member.name)),
            now,
        );
        let people = record.people.iter().map(|person| person.user);
        let busy: BTreeSet<_> = people.filter(|user| self.is_busy(*user)).collect();
        let (call, effects) = GroupCall::start(record, self.group_limits, &busy, now);
        let (live, ends) = self.live_group(&call);
        // Whoever starts one at the same time finds this one; the entry goes again if the row cannot be written.
        let claimed = self.lock().claim_chat(live)?;
        if let Some(id) = claimed {
            drop(tx);
            let call = self.ask_group(actor.user, id, GroupAsk::Look).await?;
            return Ok((call, false));
        }
        let (id, view) = (call.record().id, Arc::new(call.view()));
        let written = async {
            repo::group_calls::insert(&mut tx, call.record()).await?;
            tx.commit().await
        };
        if let Err(error) = written.await {
            self.lock().remove(id);
            return Err(error.into());
        }
        tracing::info!(call = %id, kind = kind.as_str(), "group call started");
        let (by, video) = ((actor.user, actor.session), kind == CallKind::Video);
        self.ground.journal.begin(id, by, video);
        self.ground
            .tasks
            .start(host::run(self.clone(), call, ends, effects));
        Ok((view, true))
    }

    /// Brings a device of the actor into a group call. A call that this very sign-in is in ends for it first.
    ///
    /// # Errors
    /// [`CallRefused::NotFound`], [`CallRefused::Already`], or why the call or its room refuses.
    pub async fn group_join(
        &self,
        actor: &Actor,
        id: CallId,
        joins: Joins,
    ) -> Result<Entered, CallRefused> {
        let group = self.group(id).await?;
        if !group.audience.contains(&actor.user) {
            let mut tx = self.ground.db.read().await?;
            let member = repo::chats::membership(&mut tx, group.chat, actor.user).await?;
            member.ok_or(GroupRefusal::Stranger)?;
        }
        if let Some(place) = self.place_of(actor.user)
            && place.id() != id
        {
            if !place.is_spoken_for_by(actor) {
                return Err(CallRefused::Already);
            }
            self.depart(place, actor).await;
        }
        let newcomer = Newcomer {
            user: actor.user,
            name: actor.name.clone(),
            session: actor.session,
            socket: joins.socket,
            muted: joins.muted,
            camera: joins.camera,
        };
        let offer = (joins.offer, joins.tracks);
        let enter = |reply| GroupAsk::Enter(newcomer, offer, reply);
        self.ask_live(&group, enter).await
    }

    /// Takes a participant's offer: what it publishes from here on, or an ICE restart.
    ///
    /// # Errors
    /// Why the call or its room refuses.
    pub async fn group_offer(
        &self,
        id: CallId,
        speaker: Speaker,
        (offer, tracks): (Sdp, Vec<Track>),
    ) -> Result<Answered, CallRefused> {
        let ask = |reply| GroupAsk::Offer(speaker, (offer, tracks), reply);
        self.ask_group(speaker.user, id, ask).await
    }

    /// Takes a participant's answer to offer `number` of its room.
    ///
    /// # Errors
    /// Why the call or its room refuses.
    pub async fn group_answer(
        &self,
        id: CallId,
        speaker: Speaker,
        (number, answer): (u32, Sdp),
    ) -> Result<(), CallRefused> {
        let ask = |reply| GroupAsk::Answer(speaker, (number, answer), reply);
        self.ask_group(speaker.user, id, ask).await
    }

    /// Counts a participant's candidate, which the room does not need.
    ///
    /// # Errors
    /// [`GroupRefusal::TooMuch`], or why the call refuses.
    pub async fn group_candidate(&self, id: CallId, speaker: Speaker) -> Result<(), CallRefused> {
        let ask = |reply| GroupAsk::Candidate(speaker, reply);
        self.ask_group(speaker.user, id, ask).await
    }

    /// Says what a participant shows.
    ///
    /// # Errors
    /// Why the call or its room refuses.
    pub async fn group_view(
        &self,
        id: CallId,
        speaker: Speaker,
        tiles: Vec<Tile>,
    ) -> Result<(), CallRefused> {
        let ask = |reply| GroupAsk::View(speaker, tiles, reply);
        self.ask_group(speaker.user, id, ask).await
    }

    /// Lets a new socket speak on for a participant. Says whether there still is that participant.
    ///
    /// # Errors
    /// Why the call refuses.
    pub async fn group_resume(
        &self,
        id: CallId,
        speaker: Speaker,
        socket: SocketId,
    ) -> Result<(Arc<GroupView>, bool), CallRefused> {
        let command = GroupCommand::Resume { speaker, socket };
        match self.group_command(speaker.user, id, command).await {
            Ok(call) => Ok((call, true)),
            Err(CallRefused::Group(GroupRefusal::NoSuchParticipant)) => {
                let look = self.ask_group(speaker.user, id, GroupAsk::Look);
                Ok((look.await?, false))
            }
            Err(refused) => Err(refused),
        }
    }

    /// Rings for one more person. A call between two becomes a group call.
    ///
    /// # Errors
    /// [`CallRefused::NoSuchUser`], [`CallRefused::PeerTooOld`], or why the call refuses.
    pub async fn group_invite(
        &self,
        actor: &Actor,
        id: CallId,
        user: UserId,
    ) -> Result<Arc<GroupView>, CallRefused> {
        let mut tx = self.ground.db.read().await?;
        let found = repo::users::by_id(&mut tx, user).await?;
        let name = found.ok_or(CallRefused::NoSuchUser)?.name;
        let admin = is_admin(&mut tx, actor).await?;
        drop(tx);
        let busy = self.place_of(user).is_some_and(|place| place.id() != id);
        let private = self.lock().calls.get(&id).cloned();
        let Some(private) = private else {
            let command = GroupCommand::Invite {
                by: actor.user,
                admin,
                user,
                name,
                busy,
            };
            return self.group_command(actor.user, id, command).await;
        };
        if !private.has(actor.user) {
            return Err(CallError::Forbidden.into());
        }
        if private.has(user) {
            return Err(CallRefused::Busy);
        }
        let (reply, answer) = oneshot::channel();
        let growth = Growth {
            by: actor.user,
            third: (user, name, busy),
        };
        let asked = private.inbox.try_send(Ask::Grow(growth, reply));
        asked.map_err(|_| CallRefused::Overrun)?;
        answer.await.map_err(|_| CallError::Ended)?
    }

    /// Mutes or removes somebody, locks or unlocks the call.
    ///
    /// # Errors
    /// [`GroupRefusal::NotModerator`], or why the call refuses.
    pub async fn group_moderate(
        &self,
        actor: &Actor,
        id: CallId,
        action: Moderation,
    ) -> Result<Arc<GroupView>, CallRefused> {
        let by = actor.user;
        let admin = is_admin(&mut self.ground.db.read().await?, actor).await?;
        let command = GroupCommand::Moderate { by, admin, action };
        self.group_command(actor.user, id, command).await
    }

    /// Carries out somebody's command on a group call.
    ///
    /// # Errors
    /// [`CallRefused::NotFound`], or why the call refuses.
    pub async fn group_command(
        &self,
        user: UserId,
        id: CallId,
        command: GroupCommand,
    ) -> Result<Arc<GroupView>, CallRefused> {
        let ask = |reply| GroupAsk::Command(command, reply);
        self.ask_group(user, id, ask).await
    }

    /// Returns the actor's calls of both forms, newest first, and whether there are older ones.
    ///
    /// # Errors
    /// [`CallRefused`] of the store.
    pub async fn log(
        &self,
        actor: &Actor,
        before: Option<Before>,
        limit: i64,
    ) -> Result<(Vec<CallEntry>, bool), CallRefused> {
        let mut tx = self.ground.db.read().await?;
        let mut calls = repo::group_calls::log(&mut tx, actor.user, before, limit + 1).await?;
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = calls.len() > limit;
        calls.truncate(limit);
        Ok((calls, more))
    }

    /// Returns one call of either form that the actor has to do with; for the operator any.
    ///
    /// # Errors
    /// [`CallRefused::NotFound`]; [`CallError::Forbidden`] for anybody else's.
    pub async fn log_entry(
        &self,
        by: impl Into<Authority<'_>>,
        id: CallId,
    ) -> Result<CallEntry, CallRefused> {
        let by = by.into();
        let entry = repo::group_calls::entry(&mut self.ground.db.read().await?, id).await?;
        let entry = entry.ok_or(CallRefused::NotFound)?;
        let own = match by {
            Authority::Actor(actor) => entry.call.person(actor.user).is_some(),
            Authority::Operator => true,
        };
        own.then_some(entry)
            .ok_or_else(|| CallError::Forbidden.into())
    }

    /// Shows a socket that came the living group calls that its user may join.
    pub(super) async fn show_groups(&self, actor: &Actor, socket: SocketId) {
        let (user, session) = (actor.user, actor.session);
        let all: Vec<_> = self.lock().groups.values().cloned().collect();
        let (mut seen, others): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|group| group.audience.contains(&user));
        if !others.is_empty() {
            match self.chats_of(user).await {
                Ok(chats) => {
                    seen.extend(others.into_iter().filter(|g| chats.contains(&g.chat)));
                }
                Err(error) => tracing::error!(%error, "a socket was not shown all group calls"),
            }
        }
        for group in seen {
            let attach = GroupCommand::Attach {
                user,
                session,
                socket,
            };
            self.tell_group(&group, attach).await;
        }
    }

    async fn chats_of(&self, user: UserId) -> Result<BTreeSet<ChatId>, StoreError> {
        let revs = repo::chats::revs(&mut self.ground.db.read().await?, user).await?;
        Ok(revs.into_iter().map(|(chat, _)| chat).collect())
    }

    /// Gives a notice that must not be lost, and waits until it is taken.
    pub(super) async fn tell_group(&self, group: &LiveGroup, command: GroupCommand) {
        let (reply, answer) = oneshot::channel();
        if group
            .inbox
            .send(GroupAsk::Notice(command, reply))
            .await
            .is_ok()
        {
            // It may end meanwhile: then there is nothing to take notice of.
            drop(answer.await);
        }
    }

    /// The living group calls that somebody may see.
    pub(super) fn groups_of(&self, user: UserId) -> Vec<LiveGroup> {
        let table = self.lock();
        let groups = table.groups.values();
        let seen = groups.filter(|group| group.audience.contains(&user));
        seen.cloned().collect()
    }

    async fn group(&self, id: CallId) -> Result<LiveGroup, CallRefused> {
        let live = self.lock().groups.get(&id).cloned();
        if let Some(live) = live {
            return Ok(live);
        }
        let entry = repo::group_calls::entry(&mut self.ground.db.read().await?, id).await?;
        let over = entry.is_some_and(|entry| !entry.call.status.is_live());
        Err(if over {
            GroupRefusal::Ended.into()
        } else {
            CallRefused::NotFound
        })
    }

    async fn ask_group<T>(
        &self,
        user: UserId,
        id: CallId,
        ask: impl FnOnce(Reply<T>) -> GroupAsk + Send,
    ) -> Result<T, CallRefused> {
        let group = self.group(id).await?;
        if !group.audience.contains(&user) {
            // A stranger's request does not even take a place in the queue.
            return Err(GroupRefusal::Stranger.into());
        }
        self.ask_live(&group, ask).await
    }

    async fn ask_live<T>(
        &self,
        group: &LiveGroup,
        ask: impl FnOnce(Reply<T>) -> GroupAsk + Send,
    ) -> Result<T, CallRefused> {
        let (reply, answer) = oneshot::channel();
        match group.inbox.try_send(ask(reply)) {
            Ok(()) => {
                if let Ok(answer) = answer.await {
                    return answer;
                }
            }
            Err(mpsc::error::TrySendError::Full(_)) => return Err(CallRefused::Overrun),
            Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
        // It is over, unless the whole server is: then the call goes on after the restart.
        Err(if self.ground.tasks.are_stopping() {
            CallRefused::Overrun
        } else {
            GroupRefusal::Ended.into()
        })
    }

    fn live_group(&self, call: &GroupCall) -> (LiveGroup, host::Ends) {
        let (inbox, asks) = mpsc::channel(QUEUE);
        let (sender, reports) = mpsc::channel(REPORTS);
        let record = call.record();
        let live = LiveGroup {
            id: record.id,
            chat: record.chat,
            inbox,
            reports: sender,
            audience: Arc::new(call.audience().clone()),
            inside: call.inside(),
        };
        (live, host::Ends { asks, reports })
    }
}

/// Whether the actor is an administrator now: its socket may be older than its role.
async fn is_admin(tx: &mut Tx, actor: &Actor) -> Result<bool, StoreError> {
    let user = repo::users::by_id(tx, actor.user).await?;
    Ok(user.is_some_and(|user| user.is_admin))
}
