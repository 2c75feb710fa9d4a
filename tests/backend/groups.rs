//! Group calls as their people and their rows see them. The room is a real one; nothing is sent to it but an offer that a browser made.

use tokio::sync::mpsc::Receiver;
use zvonilka::bus::{Channel, Listener};
use zvonilka::domain::{
    Actor, CallId, CallKind, CallStatus, ChatId, EndReason, Event, GroupCommand, GroupEvent,
    GroupRefusal, Moderation, Outcome, Sdp, SocketId, Source, Speaker, Track,
};
use zvonilka::service::{CallRefused, Entered, Joins, RoomRefusal};

use crate::on_both;
use crate::support::World as Family;

const OFFER: &str = include_str!("../foreign/offer.sdp");

pub(crate) struct Device {
    pub(crate) socket: SocketId,
    events: Receiver<Event>,
}

/// Connects a device to calls, as the gateway does.
pub(crate) async fn device(world: &Family, actor: &Actor) -> Device {
    let listener = Listener {
        user: actor.user,
        session: actor.session,
        channel: Channel::Calls,
        legacy: false,
    };
    let (socket, events) = world.ground.bus.listen(listener).unwrap();
    world.calls.attached(actor, socket, false).await;
    Device { socket, events }
}

impl Device {
    pub(crate) fn hears(&mut self) -> Vec<GroupEvent> {
        let mut heard = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if let Event::Group(event) = event {
                heard.push(event);
            }
        }
        heard
    }

    fn rings(&mut self) -> bool {
        let heard = self.hears();
        (heard.iter()).any(|event| matches!(event, GroupEvent::Incoming { .. }))
    }
}

fn joins(device: &Device, offer: &str) -> Joins {
    let track = |mid: &str, source| Track {
        mid: mid.into(),
        source,
    };
    Joins {
        socket: device.socket,
        offer: Sdp(offer.into()),
        tracks: vec![track("0", Source::Microphone), track("1", Source::Camera)],
        muted: true,
        camera: false,
    }
}

impl Family {
    pub(crate) async fn family(&self, actor: &Actor) -> ChatId {
        self.chats.list(actor).await.unwrap()[0].id
    }

    pub(crate) async fn join(
        &self,
        actor: &Actor,
        id: CallId,
        at: &Device,
    ) -> Result<Entered, CallRefused> {
        self.calls.group_join(actor, id, joins(at, OFFER)).await
    }

    async fn leave(&self, actor: &Actor, id: CallId, entered: &Entered) {
        let speaker = Speaker {
            user: actor.user,
            session: actor.session,
            participant: entered.participant,
        };
        let leave = GroupCommand::Leave(speaker);
        (self.calls.group_command(actor.user, id, leave).await).unwrap();
    }

    async fn outcome(&self, asks: &Actor, id: CallId, of: &Actor) -> Outcome {
        let entry = self.calls.log_entry(asks, id).await.unwrap();
        entry.call.person(of.user).unwrap().outcome
    }
}

on_both! {
async fn a_group_call_rings_is_joined_and_ends_and_its_rows_say_so(world: World) {
    let (anna, boris, vera) = (world.member("Анна").await, world.member("Борис").await, world.member("Вера").await);
    let (at_anna, mut at_boris) = (device(&world, &anna).await, device(&world, &boris).await);
    let family = world.family(&anna).await;
    let (call, started) = world.calls.group_start(&anna, family, CallKind::Video).await.unwrap();
    assert!(started && at_boris.rings());
    assert!(!world.calls.is_busy(anna.user), "who started it is not in it yet");
    let mut late = device(&world, &vera).await;
    assert!(late.rings());
    let again = world.calls.group_start(&boris, family, CallKind::Voice).await.unwrap();
    assert_eq!((again.0.id, again.1), (call.id, false));

    let one = world.join(&anna, call.id, &at_anna).await.unwrap();
    assert!(one.answered.sdp.contains("a=ice-lite") && one.answered.publications.len() == 2);
    let two = world.join(&boris, call.id, &at_boris).await.unwrap();
    let entry = world.calls.log_entry(&vera, call.id).await.unwrap();
    assert_eq!(entry.call.status, CallStatus::Answered);
    let full = world.join(&vera, call.id, &late).await.unwrap_err();
    assert!(matches!(full, CallRefused::Group(GroupRefusal::Full { limit: 2 })));
    assert!(!world.calls.is_busy(vera.user), "who was not let in is in no call");
    assert!(matches!(world.calls.initiate(&vera, anna.user, CallKind::Voice).await, Err(CallRefused::Busy)));

    world.leave(&anna, call.id, &one).await;
    world.leave(&boris, call.id, &two).await;
    assert!(!world.calls.is_busy(anna.user));
    world.calls.group_command(vera.user, call.id, GroupCommand::Decline(vera.user)).await.unwrap();
    assert_eq!(world.outcome(&vera, call.id, &vera).await, Outcome::Declined);
    assert_eq!(world.outcome(&vera, call.id, &anna).await, Outcome::Joined);
}
}

on_both! {
async fn who_hangs_up_alone_cancels_and_what_is_over_says_so(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let at_anna = device(&world, &anna).await;
    let family = world.family(&anna).await;
    let (call, _) = world.calls.group_start(&anna, family, CallKind::Voice).await.unwrap();
    assert!(matches!(world.calls.delete(&anna, call.id).await, Err(CallRefused::StillLive)));
    let entered = world.join(&anna, call.id, &at_anna).await.unwrap();
    world.leave(&anna, call.id, &entered).await;
    let entry = world.calls.log_entry(&boris, call.id).await.unwrap();
    assert_eq!((entry.call.status, entry.call.reason), (CallStatus::Missed, Some(EndReason::Cancelled)));
    let over = world.join(&anna, call.id, &at_anna).await.unwrap_err();
    assert!(matches!(over, CallRefused::Group(GroupRefusal::Ended)));
    assert!(matches!(world.join(&anna, CallId::new(), &at_anna).await, Err(CallRefused::NotFound)));
    let (next, started) = world.calls.group_start(&anna, family, CallKind::Voice).await.unwrap();
    assert!(started && next.id != call.id);
    world.calls.delete(&anna, call.id).await.unwrap();
}
}

on_both! {
async fn of_two_who_start_one_at_once_both_find_the_same(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let family = world.family(&anna).await;
    let (one, other) = tokio::join!(
        world.calls.group_start(&anna, family, CallKind::Voice),
        world.calls.group_start(&boris, family, CallKind::Voice)
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.0.id, other.0.id);
    assert!(one.1 != other.1);
}
}

on_both! {
async fn an_offer_that_cannot_be_used_brings_nobody_in_and_takes_nobody_out(world: World) {
    let anna = world.member("Анна").await;
    let at_anna = device(&world, &anna).await;
    let family = world.family(&anna).await;
    let (call, _) = world.calls.group_start(&anna, family, CallKind::Voice).await.unwrap();
    let bad = |offer| world.calls.group_join(&anna, call.id, joins(&at_anna, offer));
    assert!(matches!(bad("v=0").await, Err(CallRefused::Room(RoomRefusal::BadDescription(_)))));
    assert!(!world.calls.is_busy(anna.user));
    world.join(&anna, call.id, &at_anna).await.unwrap();
    assert!(matches!(bad("").await, Err(CallRefused::Room(RoomRefusal::BadDescription(_)))));
    assert!(world.calls.is_busy(anna.user), "the device that was in it still is");
}
}

on_both! {
async fn a_stranger_sees_and_reaches_no_group_call(world: World) {
    let (anna, boris, vera) = (world.member("Анна").await, world.member("Борис").await, world.member("Вера").await);
    let chat = world.chats.private(&anna, boris.user).await.unwrap();
    let mut stranger = device(&world, &vera).await;
    let (call, _) = world.calls.group_start(&anna, chat.id, CallKind::Voice).await.unwrap();
    assert!(matches!(world.calls.group_start(&vera, chat.id, CallKind::Voice).await, Err(CallRefused::NotInChat)));
    assert!(matches!(world.calls.group_start(&vera, ChatId::new(), CallKind::Voice).await, Err(CallRefused::NoSuchChat)));
    let refused = world.join(&vera, call.id, &stranger).await.unwrap_err();
    assert!(matches!(refused, CallRefused::Group(GroupRefusal::Stranger)));
    let refused = world.calls.group_moderate(&vera, call.id, Moderation::Lock(true)).await.unwrap_err();
    assert!(matches!(refused, CallRefused::Group(GroupRefusal::Stranger)));
    assert!(matches!(world.calls.log_entry(&vera, call.id).await, Err(CallRefused::Refused(_))));
    assert!(stranger.hears().is_empty());
    let at_anna = device(&world, &anna).await;
    world.join(&anna, call.id, &at_anna).await.unwrap();
    world.calls.group_invite(&anna, call.id, vera.user).await.unwrap();
    assert!(stranger.rings());
    world.join(&vera, call.id, &stranger).await.unwrap();
}
}

on_both! {
async fn who_registers_while_a_call_goes_on_sees_it_and_may_join(world: World) {
    let anna = world.member("Анна").await;
    let family = world.family(&anna).await;
    let (call, _) = world.calls.group_start(&anna, family, CallKind::Voice).await.unwrap();
    let boris = world.member("Борис").await;
    let mut at_boris = device(&world, &boris).await;
    assert!(matches!(at_boris.hears()[..], [GroupEvent::Changed(_)]));
    world.join(&boris, call.id, &at_boris).await.unwrap();
    assert_eq!(world.outcome(&boris, call.id, &boris).await, Outcome::Joined);
}
}

on_both! {
async fn after_a_restart_a_group_call_goes_on_for_those_who_come_back(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let (at_anna, at_boris) = (device(&world, &anna).await, device(&world, &boris).await);
    let family = world.family(&anna).await;
    let (call, _) = world.calls.group_start(&anna, family, CallKind::Voice).await.unwrap();
    let entered = world.join(&anna, call.id, &at_anna).await.unwrap();
    world.join(&boris, call.id, &at_boris).await.unwrap();
    world.ground.tasks.stop().await;

    let world = world.restarted();
    assert_eq!(world.calls.restore().await.unwrap(), 1);
    assert!(world.calls.is_busy(anna.user) && world.calls.is_busy(boris.user));
    let mut back = device(&world, &anna).await;
    let heard = back.hears();
    let shows_nobody = |event: &GroupEvent| matches!(event, GroupEvent::Changed(view) | GroupEvent::Grown(view) if view.participants.is_empty());
    assert!(!heard.is_empty() && heard.iter().all(shows_nobody), "{heard:?}");
    let speaker = Speaker { user: anna.user, session: anna.session, participant: entered.participant };
    let (_, resumed) = world.calls.group_resume(call.id, speaker, back.socket).await.unwrap();
    assert!(!resumed);
    world.join(&anna, call.id, &back).await.unwrap();
    assert_eq!(world.calls.log_entry(&boris, call.id).await.unwrap().call.status, CallStatus::Answered);
}
}

on_both! {
async fn who_signs_out_or_leaves_the_family_leaves_the_call(world: World) {
    let (anna, boris, vera) = (world.member("Анна").await, world.member("Борис").await, world.member("Вера").await);
    let (at_anna, at_boris) = (device(&world, &anna).await, device(&world, &boris).await);
    let mut at_vera = device(&world, &vera).await;
    let family = world.family(&anna).await;
    let (call, _) = world.calls.group_start(&anna, family, CallKind::Voice).await.unwrap();
    world.join(&anna, call.id, &at_anna).await.unwrap();
    world.join(&boris, call.id, &at_boris).await.unwrap();
    world.people.remove(&anna, boris.user).await.unwrap();
    assert!(!world.calls.is_busy(boris.user));
    world.calls.gone(anna.user, Some(anna.session)).await;
    assert!(!world.calls.is_busy(anna.user));
    let row = world.calls.log_entry(&vera, call.id).await.unwrap().call;
    assert!(row.people.iter().all(|person| !person.is_inside()));
    assert_eq!(row.status, CallStatus::Answered, "somebody may still come");
    assert!(at_vera.rings());
}
}
