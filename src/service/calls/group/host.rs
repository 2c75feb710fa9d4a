//! The task of one live group call: takes commands, reports of its room and the passing of time to the machine; saves, asks the room, tells.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};

use super::super::live::RETRY;
use super::super::scribe::GroupBefore;
use super::super::{CallRefused, Calls};
use super::Entered;
use crate::bus::Channel;
use crate::domain::{
    Answered, Audience, CallError, CallForm, CallLeg, CallRecord, CallStatus, Event, GroupCall,
    GroupCommand, GroupEffect, GroupEvent, GroupRecord, GroupRequest, GroupView, Joining, Newcomer,
    ParticipantId, PublicationId, RoomAsk, RoomReport, Sdp, SessionId, Speaker, Step, Target, Tile,
    Track, UnixMillis, UserId, UserName,
};
use crate::service::journal::Part;
use crate::store::{self as repo, StoreError};

/// Where an answer goes.
pub(in super::super) type Reply<T> = oneshot::Sender<Result<T, CallRefused>>;

/// A description and what its lines carry.
type Offer = (Sdp, Vec<Track>);

/// What is asked of a group call.
pub(in super::super) enum GroupAsk {
    /// What it looks like.
    Look(Reply<Arc<GroupView>>),
    /// Carry out a command.
    Command(GroupCommand, Reply<Arc<GroupView>>),
    /// Carry out what nobody would say again, whatever it takes.
    Notice(GroupCommand, Reply<()>),
    /// Let a device in.
    Enter(Newcomer, Offer, Reply<Entered>),
    /// A participant's offer.
    Offer(Speaker, Offer, Reply<Answered>),
    /// A participant's answer to an offer of the room.
    Answer(Speaker, (u32, Sdp), Reply<()>),
    /// What a participant shows.
    View(Speaker, Vec<Tile>, Reply<()>),
    /// A participant's candidate.
    Candidate(Speaker, Reply<()>),
}

/// Where the call hears.
pub(in super::super) struct Ends {
    pub(in super::super) asks: mpsc::Receiver<GroupAsk>,
    pub(in super::super) reports: mpsc::Receiver<RoomReport>,
}

/// How a call between two becomes a group call.
pub(in super::super) struct Growth {
    /// Who of the two invites.
    pub(in super::super) by: UserId,
    /// Whom, and whether they are in another call.
    pub(in super::super) third: (UserId, UserName, bool),
}

/// Runs the call until it is over. `first` is what its start brought about; its row is written.
pub(in super::super) async fn run(
    calls: Calls,
    call: GroupCall,
    mut ends: Ends,
    first: Vec<GroupEffect>,
) {
    // A step of the wall clock does not touch a call: its time is that of its start plus what really passed.
    let (started, began) = (Instant::now(), calls.ground.clock.now());
    let now = || began.plus(started.elapsed());
    let mut host = Host { calls, call };
    let stopping = host.calls.ground.tasks.clone();
    host.carry_out(first).await;
    while let Some(deadline) = host.call.deadline() {
        let due = started + deadline.since(began);
        tokio::select! {
            biased;
            () = stopping.stopped() => return,
            () = sleep_until(due) => {
                host.by_itself(GroupCommand::Tick, now().max(deadline)).await;
            }
            Some(report) = ends.reports.recv() => {
                host.by_itself(GroupCommand::Room(report), now()).await;
            }
            ask = ends.asks.recv() => {
                let Some(ask) = ask else { break };
                host.serve(ask, now()).await;
            }
        }
    }
    let record = host.call.record();
    host.calls.lock().remove(record.id);
    let reason = record.reason.map_or("", crate::domain::EndReason::as_str);
    let tally = &host.calls.ground.tally;
    tally.call_ended(CallForm::Group, record.reason);
    tracing::info!(call = %record.id, reason, seconds = record.duration_secs(), "group call ended");
}

struct Host {
    calls: Calls,
    call: GroupCall,
}

impl Host {
    async fn serve(&mut self, ask: GroupAsk, now: UnixMillis) {
        // Whoever asked may have gone.
        match ask {
            GroupAsk::Look(reply) => drop(reply.send(Ok(Arc::new(self.call.view())))),
            GroupAsk::Command(command, reply) => {
                let done = self.command(command, now).await;
                if self.call.deadline().is_none() {
                    // Its chat may call again before whoever ended it knows that it is over.
                    self.calls.lock().remove(self.call.record().id);
                }
                drop(reply.send(done.map(|()| Arc::new(self.call.view()))));
            }
            GroupAsk::Notice(command, reply) => {
                self.by_itself(command, now).await;
                drop(reply.send(Ok(())));
            }
            GroupAsk::Enter(newcomer, offer, reply) => {
                let entered = self.enter(newcomer, offer, now).await;
                // Whoever was not let in is in no call.
                self.calls.lock().note_group(&self.call);
                drop(reply.send(entered));
            }
            GroupAsk::Offer(speaker, offer, reply) => {
                drop(reply.send(self.offer(speaker, offer, now).await));
            }
            GroupAsk::Answer(speaker, answer, reply) => {
                drop(reply.send(self.answer(speaker, answer, now).await));
            }
            GroupAsk::View(speaker, tiles, reply) => {
                drop(reply.send(self.view(speaker, tiles, now).await));
            }
            GroupAsk::Candidate(speaker, reply) => {
                let counted = self.call.request(&speaker, GroupRequest::Candidate, now);
                drop(reply.send(counted.map_err(CallRefused::from)));
            }
        }
    }

    async fn command(&mut self, command: GroupCommand, now: UnixMillis) -> Result<(), CallRefused> {
        let by = match &command {
            GroupCommand::Invite { by, .. } | GroupCommand::Moderate { by, .. } => Some(*by),
            GroupCommand::Attach { .. }
            | GroupCommand::Detach(_)
            | GroupCommand::Joined { .. }
            | GroupCommand::Offered { .. }
            | GroupCommand::Answered { .. }
            | GroupCommand::Leave(_)
            | GroupCommand::Decline(_)
            | GroupCommand::Gone { .. }
            | GroupCommand::Close
            | GroupCommand::Room(_)
            | GroupCommand::Tick => None,
            GroupCommand::Switch { speaker, .. } => {
                self.call.request(speaker, GroupRequest::Switch, now)?;
                None
            }
            GroupCommand::Resume { speaker, .. } => {
                self.call.request(speaker, GroupRequest::Resume, now)?;
                None
            }
        };
        if let Some(by) = by {
            self.call.paced(by, now)?;
        }
        let (before, was) = (self.call.clone(), GroupBefore::of(&self.call, &command));
        let effects = self.call.apply(command, now)?;
        if let Err(error) = self.save(&effects).await {
            self.call = before;
            return Err(error.into());
        }
        was.note(&self.calls.ground.journal, &self.call, &effects);
        self.carry_out(effects).await;
        Ok(())
    }

    /// Does what nobody asked for, whatever it takes.
    async fn by_itself(&mut self, command: GroupCommand, now: UnixMillis) {
        let was = GroupBefore::of(&self.call, &command);
        let effects = match self.call.apply(command, now) {
            Ok(effects) => effects,
            Err(refusal) => {
                return tracing::debug!(call = %self.call.record().id, %refusal, "nothing was done");
            }
        };
        while let Err(error) = self.save(&effects).await {
            tracing::error!(call = %self.call.record().id, %error, "a group call's row could not be written");
            tokio::select! {
                () = self.calls.ground.tasks.stopped() => return,
                () = sleep(RETRY) => {}
            }
        }
        was.note(&self.calls.ground.journal, &self.call, &effects);
        self.carry_out(effects).await;
    }

    async fn enter(
        &mut self,
        newcomer: Newcomer,
        (offer, tracks): Offer,
        now: UnixMillis,
    ) -> Result<Entered, CallRefused> {
        let id = self.call.record().id;
        self.call.paced(newcomer.user, now)?;
        self.call.admits(newcomer.user)?;
        // A sign-in that ends meanwhile is taken out after this; one that has ended is not to come in.
        let ground = &self.calls.ground;
        let mut tx = ground.db.read().await?;
        let signed_in = repo::sessions::live(&mut tx, newcomer.session, ground.clock.now()).await?;
        drop(tx);
        let signed_in = signed_in.ok_or(CallRefused::SignedOut)?;
        let part = Part {
            call: id,
            user: newcomer.user,
            session: newcomer.session,
        };
        self.calls.lock().claim_place(newcomer.user, id)?;
        let participant = ParticipantId::new();
        let joining = Joining {
            participant,
            offer,
            tracks,
            silenced: newcomer.silenced(),
        };
        // A device of theirs that is in the room leaves it when this one is in.
        let media = self.calls.ground.media.clone();
        let answered = media.enter_room(id, joining).await?;
        let joined = GroupCommand::Joined {
            newcomer,
            participant,
            publications: publications(&answered),
        };
        if let Err(refused) = self.command(joined, now).await {
            media.tell_room(id, RoomAsk::Leave(participant)).await;
            return Err(refused);
        }
        self.calls.ground.journal.joins(signed_in.relay_name, part);
        Ok(Entered {
            participant,
            answered,
            call: Arc::new(self.call.view()),
        })
    }

    async fn offer(
        &mut self,
        speaker: Speaker,
        offer: Offer,
        now: UnixMillis,
    ) -> Result<Answered, CallRefused> {
        self.call.request(&speaker, GroupRequest::Offer, now)?;
        let (id, participant) = (self.call.record().id, speaker.participant);
        let media = &self.calls.ground.media;
        let answered = media.offer_to_room(id, participant, offer).await?;
        let offered = GroupCommand::Offered {
            participant,
            publications: publications(&answered),
        };
        self.command(offered, now).await?;
        Ok(answered)
    }

    async fn answer(
        &mut self,
        speaker: Speaker,
        (number, answer): (u32, Sdp),
        now: UnixMillis,
    ) -> Result<(), CallRefused> {
        self.call.request(&speaker, GroupRequest::Answer, now)?;
        let (id, participant) = (self.call.record().id, speaker.participant);
        let media = &self.calls.ground.media;
        media.answer_room(id, participant, (number, answer)).await?;
        let answered = GroupCommand::Answered {
            participant,
            number,
        };
        self.command(answered, now).await
    }

    async fn view(
        &mut self,
        speaker: Speaker,
        tiles: Vec<Tile>,
        now: UnixMillis,
    ) -> Result<(), CallRefused> {
        self.call.request(&speaker, GroupRequest::View, now)?;
        let (id, participant) = (self.call.record().id, speaker.participant);
        let media = &self.calls.ground.media;
        Ok(media.view_room(id, participant, tiles).await?)
    }

    async fn save(&self, effects: &[GroupEffect]) -> Result<(), StoreError> {
        let last = effects.iter().rev().find_map(|effect| match effect {
            GroupEffect::Save(record) => Some(record),
            GroupEffect::Room(_) | GroupEffect::Retire(_) | GroupEffect::Emit(..) => None,
        });
        if let Some(record) = last {
            let mut tx = self.calls.ground.db.write().await?;
            repo::group_calls::update(&mut tx, record).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn carry_out(&self, effects: Vec<GroupEffect>) {
        if !effects.is_empty() {
            self.calls.lock().note_group(&self.call);
        }
        let (ground, id) = (&self.calls.ground, self.call.record().id);
        for effect in effects {
            match effect {
                GroupEffect::Save(_) => {}
                GroupEffect::Room(ask) => ground.media.tell_room(id, ask).await,
                GroupEffect::Retire(session) => self.retire(session).await,
                GroupEffect::Emit(to, event) => self.tell(to, event),
            }
        }
    }

    fn tell(&self, to: Audience, event: GroupEvent) {
        let (bus, event) = (&self.calls.ground.bus, Event::Group(event));
        match to {
            Audience::Socket(socket) => bus.tell_call(Target::Socket(socket), None, &event),
            Audience::Session(session) => bus.tell_call(Target::Session(session), None, &event),
            Audience::User { user, except } => {
                if let Event::Group(GroupEvent::Incoming { .. }) = &event {
                    self.note_rings(user);
                }
                bus.tell_call(Target::User(user), except, &event);
            }
            Audience::Participants => {
                for socket in self.call.sockets() {
                    bus.tell_call(Target::Socket(socket), None, &event);
                }
            }
            Audience::Everybody => {
                for user in self.call.audience() {
                    bus.tell_call(Target::User(*user), None, &event);
                }
            }
        }
    }

    /// Writes down on which sign-ins it rings for somebody.
    fn note_rings(&self, user: UserId) {
        let (ground, id) = (&self.calls.ground, self.call.record().id);
        let sockets = ground.bus.sockets_of(user, Channel::Calls);
        let ours = sockets.iter().filter(|(_, listener)| !listener.legacy);
        let sessions: BTreeSet<_> = ours.map(|(_, listener)| listener.session).collect();
        for session in sessions {
            let (who, rang) = ((user, Some(session)), Step::Rang { old: false });
            ground.journal.step(id, Some(who), rang);
        }
    }

    /// Ends what a sign-in that is in no call any more holds on the relay.
    async fn retire(&self, session: SessionId) {
        let (ground, id) = (&self.calls.ground, self.call.record().id);
        let row = async {
            let mut tx = ground.db.read().await?;
            repo::sessions::relay_name(&mut tx, session).await
        };
        match row.await {
            Ok(Some(row)) => match ground.media.name(row.user_id, &row.relay_name) {
                Ok(name) => {
                    ground.media.leave(id, &name);
                    ground.journal.leaves(row.relay_name);
                }
                Err(error) => {
                    tracing::error!(%session, %error, "a sign-in's relay name is damaged");
                }
            },
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%session, %error, "what a sign-in holds on the relay stays");
            }
        }
    }
}

fn publications(answered: &Answered) -> Vec<PublicationId> {
    let published = answered.publications.iter();
    published.map(|published| published.publication).collect()
}

/// Makes an answered call between two a group call, in the database and in the table, and rings for the third.
pub(in super::super) async fn grow(
    calls: &Calls,
    record: &CallRecord,
    growth: Growth,
    now: UnixMillis,
) -> Result<Arc<GroupView>, CallRefused> {
    match record.status {
        CallStatus::Answered => {}
        CallStatus::Ringing => return Err(CallError::NotAccepted.into()),
        CallStatus::Ended | CallStatus::Missed | CallStatus::Rejected => {
            return Err(CallError::Ended.into());
        }
    }
    for CallLeg { user, session, .. } in [&record.caller, &record.receiver] {
        let mut sockets = calls.ground.bus.sockets_of(*user, Channel::Calls);
        sockets.retain(|(_, listener)| Some(listener.session) == *session);
        if sockets.is_empty() {
            return Err(CallRefused::PeerAway);
        }
        if sockets.iter().all(|(_, listener)| listener.legacy) {
            return Err(CallRefused::PeerTooOld);
        }
    }
    let mut tx = calls.ground.db.write().await?;
    let chat_name = repo::chats::name(&mut tx, record.chat).await?;
    let grown = GroupRecord::grown(record, chat_name.unwrap_or_default(), now);
    let Growth { by, third } = growth;
    let (call, effects) = GroupCall::grow(grown, calls.group_limits, by, third, now)?;
    match repo::group_calls::grow(&mut tx, call.record()).await {
        // Their chat has another group call, which they may join.
        Err(StoreError::Taken(_)) => return Err(CallRefused::Already),
        written => written?,
    }
    tx.commit().await?;
    let (live, ends) = calls.live_group(&call);
    calls.lock().grow(live);
    tracing::info!(call = %record.id, "a call between two became a group call");
    let view = Arc::new(call.view());
    (calls.ground.tasks).start(run(calls.clone(), call, ends, effects));
    Ok(view)
}
