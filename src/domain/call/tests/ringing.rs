//! While it rings: who hears of it, who answers, how it ends unanswered.

use super::*;

#[test]
fn a_device_that_comes_while_it_rings_gets_the_offer_and_its_candidates_in_order() {
    let mut world = World::on_two_devices();
    world.pass(secs(5));
    world.attach(SocketId(9));
    assert_eq!(
        world.heard(Target::Socket(SocketId(9))),
        ["incoming 40000", "offer", "candidate"]
    );
    assert_eq!(world.heard(Target::Socket(CALLER)), ["rings on 3"]);
}

#[test]
fn a_device_that_comes_twice_rings_once() {
    let mut world = World::ringing();
    world.attach(PHONE).attach(PHONE);
    assert!(world.said.is_empty());
}

#[test]
fn one_device_answers_and_the_others_stop() {
    let mut world = World::on_two_devices();
    world.accept(Some(PHONE)).unwrap();
    assert!(
        world.saved(),
        "the row is written before anybody hears of it"
    );
    assert_eq!(world.status(), CallStatus::Answered);
    assert_eq!(
        world.heard(Target::Socket(LAPTOP)),
        ["ended answered_elsewhere"]
    );
    assert_eq!(
        world.heard(Target::Socket(PHONE)),
        Vec::<String>::new(),
        "the one that answered goes on"
    );
    assert_eq!(world.heard(Target::Socket(CALLER)), ["accepted"]);
    assert_eq!(
        world.accept(Some(LAPTOP)),
        Err(CallError::AnsweredElsewhere)
    );
    assert_eq!(
        world.accept(Some(PHONE)),
        Ok(()),
        "asking twice is no fault"
    );
}

#[test]
fn only_the_device_that_answered_may_send_the_answer() {
    let mut world = World::on_two_devices();
    let early = world.signal(false, PHONE, SignalKind::Answer, "answer");
    assert_eq!(early, Err(CallError::NotAccepted));
    world.accept(Some(PHONE)).unwrap();
    let other = world.signal(false, LAPTOP, SignalKind::Answer, "answer");
    assert_eq!(other, Err(CallError::OtherDevice));
    world
        .signal(false, PHONE, SignalKind::Answer, "answer")
        .unwrap();
    assert_eq!(world.heard(Target::Socket(CALLER)), ["answer"]);
}

#[test]
fn a_stranger_reaches_nobody() {
    let mut world = World::on_two_devices();
    let (user, session, socket) = (UserId::new(), SessionId::new(), SocketId(66));
    let payload = Arc::new(json!("x"));
    let commands = [
        Command::Accept {
            user,
            session,
            socket: Some(socket),
        },
        Command::Reject { user, socket: None },
        Command::End { user, socket: None },
        Command::Join {
            user,
            session,
            socket,
            legacy: false,
        },
        Command::Signal {
            user,
            session,
            socket,
            legacy: false,
            kind: SignalKind::Offer,
            payload,
        },
    ];
    for command in commands {
        assert_eq!(world.apply(command), Err(CallError::Forbidden));
        assert!(world.said.is_empty());
    }
    world
        .apply(Command::Attach {
            user,
            session,
            socket,
            legacy: true,
        })
        .unwrap();
    assert!(world.said.is_empty());
}

#[test]
fn nobody_answers_and_it_is_missed_after_45_s() {
    let mut world = World::on_two_devices();
    world.pass(secs(44));
    assert_eq!(world.status(), CallStatus::Ringing);
    world.pass(secs(1));
    assert_eq!(
        (world.status(), world.reason()),
        (CallStatus::Missed, Some(EndReason::Missed))
    );
    assert_eq!(
        world.call.record().duration_secs(),
        None,
        "it was never answered"
    );
    assert_eq!(
        world.heard(Target::User(world.receiver.0)),
        ["status missed", "ended missed"]
    );
    assert_eq!(world.call.deadline(), None);
}

#[test]
fn it_rings_its_full_time_on_no_device_at_all() {
    let mut world = World::ringing();
    world.pass(secs(44));
    assert_eq!(world.status(), CallStatus::Ringing);
    world.attach(PHONE);
    assert_eq!(world.heard(Target::Socket(PHONE)), ["incoming 1000"]);
}

#[test]
fn a_declined_call_is_rejected_and_the_caller_hears_so() {
    let mut world = World::on_two_devices();
    let user = world.receiver.0;
    assert_eq!(
        world.apply(Command::Reject {
            user: world.caller.0,
            socket: None
        }),
        Err(CallError::Forbidden)
    );
    world
        .apply(Command::Reject {
            user,
            socket: Some(PHONE),
        })
        .unwrap();
    assert_eq!(
        (world.status(), world.reason()),
        (CallStatus::Rejected, Some(EndReason::Rejected))
    );
    assert_eq!(
        world.heard(Target::User(world.caller.0)),
        ["rejected", "status rejected", "ended rejected"]
    );
    assert_eq!(
        world.apply(Command::Reject { user, socket: None }),
        Err(CallError::Ended)
    );
}

#[test]
fn a_caller_who_gives_up_leaves_a_missed_call() {
    let mut world = World::on_two_devices();
    world.end(true).unwrap();
    assert_eq!(
        (world.status(), world.reason()),
        (CallStatus::Missed, Some(EndReason::Cancelled))
    );
}

#[test]
fn a_living_call_says_so_in_its_row_every_ten_seconds() {
    let mut world = World::answered();
    world.pass(secs(35));
    assert_eq!(world.call.record().last_alive_at, T0.plus(secs(30)));
    assert_eq!(world.status(), CallStatus::Answered);
}

#[test]
fn who_accepts_through_rest_before_its_socket_is_there_gets_the_offer_then() {
    let mut world = World::ringing();
    world
        .signal(true, CALLER, SignalKind::Offer, "offer")
        .unwrap();
    world.accept(None).unwrap();
    world
        .signal(true, CALLER, SignalKind::Candidate, "late")
        .unwrap();
    let (user, session) = world.receiver;
    let socket = PHONE;
    world
        .apply(Command::Attach {
            user,
            session,
            socket,
            legacy: true,
        })
        .unwrap();
    assert_eq!(world.heard(Target::Socket(PHONE)), ["offer", "late"]);
    world
        .signal(true, CALLER, SignalKind::Candidate, "later")
        .unwrap();
    assert_eq!(world.heard(Target::Socket(PHONE)), ["later"]);
}

#[test]
fn a_caller_who_vanishes_while_it_rings_has_ten_seconds() {
    let mut world = World::on_two_devices();
    world.apply(Command::Detach(CALLER)).unwrap();
    world.pass(secs(10));
    assert_eq!(
        (world.status(), world.reason()),
        (CallStatus::Missed, Some(EndReason::Cancelled))
    );
}

#[test]
fn a_call_accepted_through_rest_is_bound_by_the_first_socket_of_that_sign_in() {
    let mut world = World::on_two_devices();
    world.accept(None).unwrap();
    assert_eq!(world.status(), CallStatus::Answered);
    assert_eq!(
        world.heard(Target::Socket(PHONE)),
        Vec::<String>::new(),
        "its sign-in accepted"
    );
    world
        .signal(true, CALLER, SignalKind::Candidate, "late")
        .unwrap();
    assert_eq!(world.heard(Target::Session(world.receiver.1)), ["late"]);
    world
        .signal(false, PHONE, SignalKind::Answer, "answer")
        .unwrap();
    assert_eq!(
        world.signal(false, LAPTOP, SignalKind::Answer, "answer"),
        Err(CallError::OtherDevice)
    );
}

#[test]
fn a_call_keeps_no_more_candidates_than_a_browser_makes() {
    let mut world = World::on_two_devices();
    let mut refused = 0;
    for _ in 0..500 {
        refused += usize::from(
            world
                .signal(true, CALLER, SignalKind::Candidate, "flood")
                .is_err(),
        );
    }
    assert!(refused > 200);
    world
        .signal(true, CALLER, SignalKind::Offer, "new")
        .unwrap();
    world.attach(SocketId(30));
    assert_eq!(
        world.heard(Target::Socket(SocketId(30))).len(),
        2,
        "a new offer replaces all"
    );
}

#[test]
fn a_caller_that_moves_to_another_device_while_it_rings_is_asked_for_its_own_offer() {
    let mut world = World::on_two_devices();
    let (user, session, socket) = (world.caller.0, SessionId::new(), SocketId(9));
    world
        .apply(Command::Join {
            user,
            session,
            socket,
            legacy: false,
        })
        .unwrap();
    assert!(world.call.wants_offer(user));
    world.caller.1 = session;
    world.attach(SocketId(10));
    assert_eq!(
        world.heard(Target::Socket(SocketId(10))),
        ["incoming 45000"],
        "the offer before was another device's"
    );
    world
        .signal(true, socket, SignalKind::Offer, "its own")
        .unwrap();
    assert_eq!(world.heard(Target::Socket(PHONE)), ["its own"]);
}
