//! Calls as their people and their rows see them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::Receiver;
use zvonilka::bus::{Channel, Listener};
use zvonilka::domain::{
    Actor, CallError, CallEvent, CallKind, CallStatus, Command, EndReason, Event, Page, SignalKind,
    SocketId, UserId,
};
use zvonilka::service::CallRefused;

use crate::on_both;
use crate::support::{World as Family, eventually};

struct Device {
    socket: SocketId,
    events: Receiver<Event>,
}

/// Connects a device to calls, as the gateway does.
async fn device(world: &Family, actor: &Actor) -> Device {
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
    fn hears(&mut self) -> Vec<CallEvent> {
        let mut heard = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if let Event::Call(event) = event {
                heard.push(event);
            }
        }
        heard
    }

    fn rings(&mut self) -> bool {
        self.hears()
            .iter()
            .any(|event| matches!(event, CallEvent::Incoming { .. }))
    }
}

fn offer(actor: &Actor, device: &Device) -> Command {
    Command::Signal {
        user: actor.user,
        session: actor.session,
        socket: device.socket,
        legacy: false,
        kind: SignalKind::Offer,
        payload: Arc::new(json!({"type": "offer", "sdp": "v=0"})),
    }
}

fn accept(actor: &Actor, device: &Device) -> Command {
    Command::Accept {
        user: actor.user,
        session: actor.session,
        socket: Some(device.socket),
    }
}

on_both! {
async fn a_call_rings_is_answered_and_ends_and_its_row_says_so(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let (mut phone, mut laptop) = (device(&world, &boris).await, device(&world, &boris).await);
    let caller = device(&world, &anna).await;
    let call = world.calls.initiate(&anna, boris.user, CallKind::Voice).await.unwrap();
    assert_eq!(call.status, CallStatus::Ringing);
    assert!(phone.rings() && laptop.rings());
    world.calls.command(call.id, offer(&anna, &caller)).await.unwrap();
    let mut tablet = device(&world, &boris).await;
    let late = tablet.hears();
    assert!(matches!(late[..], [CallEvent::Incoming { .. }, CallEvent::Signal { kind: SignalKind::Offer, .. }]), "{late:?}");

    world.calls.command(call.id, accept(&boris, &phone)).await.unwrap();
    assert_eq!(world.calls.get(&anna, call.id).await.unwrap().status, CallStatus::Answered);
    for other in [&mut laptop, &mut tablet] {
        assert!(other.hears().iter().any(|event| matches!(event, CallEvent::Ended { reason: EndReason::AnsweredElsewhere, .. })));
    }
    assert!(!phone.hears().iter().any(|event| matches!(event, CallEvent::Ended { .. })));
    let lost = world.calls.command(call.id, accept(&boris, &laptop)).await.unwrap_err();
    assert!(matches!(lost, CallRefused::Refused(CallError::AnsweredElsewhere)));

    let ended = world.calls.command(call.id, Command::End { user: anna.user, socket: None }).await.unwrap();
    assert_eq!(ended.call.status, CallStatus::Ended);
    let row = world.calls.get(&boris, call.id).await.unwrap();
    assert_eq!((row.status, row.reason), (CallStatus::Ended, Some(EndReason::HangUp)));
    assert!(row.duration_secs().is_some());
    assert!(!world.calls.is_busy(anna.user) && !world.calls.is_busy(boris.user));
    let again = world.calls.command(call.id, Command::End { user: anna.user, socket: None }).await.unwrap_err();
    assert!(matches!(again, CallRefused::Refused(CallError::Ended)));
}
}

on_both! {
async fn while_the_last_calls_are_waited_for_none_begins_and_none_ends(world: World) {
    let (anna, boris, vera) = (world.member("Анна").await, world.member("Борис").await, world.member("Вера").await);
    let call = world.calls.initiate(&anna, boris.user, CallKind::Voice).await.unwrap();
    let waits = tokio::spawn({ let calls = world.calls.clone(); async move { calls.drain().await } });
    eventually(|| async { matches!(world.calls.initiate(&vera, boris.user, CallKind::Voice).await, Err(CallRefused::Stopping)) }).await;
    assert!(matches!(world.calls.initiate(&anna, vera.user, CallKind::Voice).await, Err(CallRefused::Stopping)));
    assert!(world.calls.is_busy(boris.user), "the call goes on");
    waits.abort();
    eventually(|| async { matches!(world.calls.initiate(&vera, boris.user, CallKind::Voice).await, Err(CallRefused::Busy)) }).await;

    let waits = tokio::spawn({ let calls = world.calls.clone(); async move { calls.drain().await } });
    eventually(|| async { matches!(world.calls.initiate(&vera, boris.user, CallKind::Voice).await, Err(CallRefused::Stopping)) }).await;
    world.calls.command(call.id, Command::End { user: anna.user, socket: None }).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), waits).await.unwrap().unwrap();
    assert!(matches!(world.calls.initiate(&vera, boris.user, CallKind::Voice).await, Err(CallRefused::Stopping)), "it is stopped now");
}
}

on_both! {
async fn a_stranger_sees_and_reaches_no_call(world: World) {
    let (anna, boris, vera) = (world.member("Анна").await, world.member("Борис").await, world.member("Вера").await);
    let mut phone = device(&world, &boris).await;
    let stranger = device(&world, &vera).await;
    let call = world.calls.initiate(&anna, boris.user, CallKind::Video).await.unwrap();
    phone.hears();
    for command in [accept(&vera, &stranger), offer(&vera, &stranger), Command::End { user: vera.user, socket: None }] {
        let refused = world.calls.command(call.id, command).await.unwrap_err();
        assert!(matches!(refused, CallRefused::Refused(CallError::Forbidden)));
    }
    assert!(phone.hears().is_empty());
    assert!(matches!(world.calls.get(&vera, call.id).await, Err(CallRefused::Refused(CallError::Forbidden))));
    assert!(world.calls.history(&vera, Page::first(50)).await.unwrap().is_empty());
    assert!(world.calls.active(&vera).await.unwrap().is_empty());
    assert_eq!(world.calls.active(&anna).await.unwrap().len(), 1);
}
}

on_both! {
async fn who_is_in_a_call_is_busy(world: World) {
    let (anna, boris, vera) = (world.member("Анна").await, world.member("Борис").await, world.member("Вера").await);
    world.calls.initiate(&anna, boris.user, CallKind::Voice).await.unwrap();
    assert!(matches!(world.calls.initiate(&vera, boris.user, CallKind::Voice).await, Err(CallRefused::Busy)));
    assert!(matches!(world.calls.initiate(&vera, vera.user, CallKind::Voice).await, Err(CallRefused::WithSelf)));
    assert!(matches!(world.calls.initiate(&vera, UserId::new(), CallKind::Voice).await, Err(CallRefused::NoSuchUser)));
    assert!(!world.calls.is_busy(vera.user), "a refused call leaves nobody busy");
    let elsewhere = world.sign_in("Анна").await;
    let elsewhere = world.auth.authenticate(&elsewhere.access, false).await.unwrap();
    assert!(matches!(world.calls.initiate(&elsewhere, vera.user, CallKind::Voice).await, Err(CallRefused::Already)));
    let next = world.calls.initiate(&anna, vera.user, CallKind::Voice).await.unwrap();
    assert!(!world.calls.is_busy(boris.user), "a new call from the same device ends the first");
    assert_eq!(world.calls.active(&anna).await.unwrap().iter().map(|call| call.id).collect::<Vec<_>>(), [next.id]);
}
}

on_both! {
async fn a_call_that_cannot_be_made_ends_none(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let (vera, gleb) = (world.member("Вера").await, world.member("Глеб").await);
    let phone = device(&world, &boris).await;
    let call = world.calls.initiate(&anna, boris.user, CallKind::Voice).await.unwrap();
    world.calls.command(call.id, accept(&boris, &phone)).await.unwrap();
    world.calls.initiate(&vera, gleb.user, CallKind::Voice).await.unwrap();
    assert!(matches!(world.calls.initiate(&anna, gleb.user, CallKind::Voice).await, Err(CallRefused::Busy)));
    assert!(matches!(world.calls.initiate(&boris, UserId::new(), CallKind::Voice).await, Err(CallRefused::NoSuchUser)));
    assert_eq!(world.calls.get(&anna, call.id).await.unwrap().status, CallStatus::Answered);
    world.calls.command(world.calls.active(&vera).await.unwrap()[0].id, Command::End { user: vera.user, socket: None }).await.unwrap();
    // The receiver's own device may leave the call it accepted for another one, as the caller's may.
    world.calls.initiate(&boris, gleb.user, CallKind::Voice).await.unwrap();
    assert_eq!(world.calls.get(&anna, call.id).await.unwrap().status, CallStatus::Ended);
}
}

on_both! {
async fn who_is_being_called_cannot_call_until_that_is_settled(world: World) {
    let (anna, boris, vera) = (world.member("Анна").await, world.member("Борис").await, world.member("Вера").await);
    world.calls.initiate(&anna, boris.user, CallKind::Voice).await.unwrap();
    assert!(matches!(world.calls.initiate(&boris, anna.user, CallKind::Voice).await, Err(CallRefused::Busy)));
    assert!(matches!(world.calls.initiate(&boris, vera.user, CallKind::Voice).await, Err(CallRefused::Already)));
}
}

on_both! {
async fn of_two_who_call_one_at_once_one_gets_through(world: World) {
    let (anna, boris, vera) = (world.member("Анна").await, world.member("Борис").await, world.member("Вера").await);
    let (one, other) = tokio::join!(
        world.calls.initiate(&anna, vera.user, CallKind::Voice),
        world.calls.initiate(&boris, vera.user, CallKind::Voice)
    );
    assert!(one.is_ok() != other.is_ok());
    assert_eq!(world.calls.active(&vera).await.unwrap().len(), 1);
}
}

on_both! {
async fn after_a_restart_a_call_goes_on_for_those_who_come_back(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let phone = device(&world, &boris).await;
    let call = world.calls.initiate(&anna, boris.user, CallKind::Voice).await.unwrap();
    world.calls.command(call.id, accept(&boris, &phone)).await.unwrap();
    world.ground.tasks.stop().await;

    let world = world.restarted();
    assert_eq!(world.calls.restore().await.unwrap(), 1);
    assert!(world.calls.is_busy(anna.user));
    let (mut at_anna, mut at_boris) = (device(&world, &anna).await, device(&world, &boris).await);
    for (who, device) in [(&anna, &at_anna), (&boris, &at_boris)] {
        let command = Command::Join { user: who.user, session: who.session, socket: device.socket, legacy: false };
        let joined = world.calls.command(call.id, command).await.unwrap();
        assert_eq!((joined.call.status, joined.resend_offer), (CallStatus::Answered, false));
    }
    at_anna.hears();
    at_boris.hears();
    world.calls.command(call.id, offer(&anna, &at_anna)).await.unwrap();
    assert!(matches!(at_boris.hears()[..], [CallEvent::Signal { .. }]));
}
}

on_both! {
async fn a_call_that_rang_for_too_long_over_a_restart_is_missed(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let call = world.calls.initiate(&anna, boris.user, CallKind::Voice).await.unwrap();
    world.ground.tasks.stop().await;
    world.pass(Duration::from_secs(60));
    let world = world.restarted();
    world.calls.restore().await.unwrap();
    eventually(|| async { world.calls.get(&anna, call.id).await.unwrap().status == CallStatus::Missed }).await;
    eventually(|| async { !world.calls.is_busy(anna.user) }).await;
}
}

on_both! {
async fn leaving_the_family_ends_ones_call(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let phone = device(&world, &boris).await;
    let call = world.calls.initiate(&anna, boris.user, CallKind::Voice).await.unwrap();
    world.calls.command(call.id, accept(&boris, &phone)).await.unwrap();
    assert!(matches!(world.calls.delete(&anna, call.id).await, Err(CallRefused::StillLive)));
    world.people.remove(&anna, boris.user).await.unwrap();
    let row = world.calls.get(&anna, call.id).await.unwrap();
    assert_eq!((row.status, row.reason), (CallStatus::Ended, Some(EndReason::HangUp)));
    assert!(matches!(world.calls.delete(&boris, call.id).await, Err(CallRefused::NotAdmin)));
    world.calls.delete(&anna, call.id).await.unwrap();
    assert!(matches!(world.calls.get(&anna, call.id).await, Err(CallRefused::NotFound)));
}
}
