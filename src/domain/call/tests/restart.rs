//! What becomes of a call whose server stopped or died.

use super::*;

#[test]
fn a_call_that_rang_out_while_the_server_was_down_was_over_when_it_was_due() {
    let mut world = World::on_two_devices();
    let hours_later = T0.plus(secs(7200));
    world.now = hours_later;
    world.call = Call::restore(world.call.record().clone(), world.call.limits, hours_later).0;
    world.apply(Command::Tick).unwrap();
    assert_eq!(
        (world.status(), world.reason()),
        (CallStatus::Missed, Some(EndReason::Missed))
    );
    assert_eq!(world.call.record().ended_at, Some(T0.plus(secs(45))));
}

#[test]
fn an_answered_call_that_nobody_rejoins_after_a_restart_ended_when_it_was_alive_last() {
    let mut world = World::answered();
    world.pass(secs(47));
    let record = world.call.record().clone();
    world.now = world.now.plus(secs(3600));
    world.call = Call::restore(record, world.call.limits, world.now).0;
    world.pass(secs(30));
    assert_eq!(
        (world.status(), world.reason()),
        (CallStatus::Ended, Some(EndReason::Lost))
    );
    assert_eq!(world.call.record().duration_secs(), Some(40));
}

#[test]
fn an_answered_call_that_both_rejoin_after_a_restart_goes_on() {
    let mut world = World::answered();
    world.call = Call::restore(world.call.record().clone(), world.call.limits, world.now).0;
    for ((user, session), socket) in [(world.caller, CALLER), (world.receiver, PHONE)] {
        world
            .apply(Command::Join {
                user,
                session,
                socket,
                legacy: false,
            })
            .unwrap();
    }
    world.pass(secs(600));
    assert_eq!(world.status(), CallStatus::Answered);
}

#[test]
fn a_ringing_call_asks_its_caller_for_the_offer_after_a_restart() {
    let mut world = World::on_two_devices();
    world.pass(secs(20));
    world.call = Call::restore(world.call.record().clone(), world.call.limits, world.now).0;
    let (user, session) = world.caller;
    world
        .apply(Command::Join {
            user,
            session,
            socket: CALLER,
            legacy: false,
        })
        .unwrap();
    assert!(world.call.wants_offer(user));
    world
        .signal(true, CALLER, SignalKind::Offer, "again")
        .unwrap();
    assert!(!world.call.wants_offer(user));
    world.pass(secs(25));
    assert_eq!(
        world.status(),
        CallStatus::Missed,
        "its 45 s are those from the first ring"
    );
}
