//! Once it was answered: who speaks for each side, who may be away for how long, how it ends.

use super::*;

#[test]
fn a_call_lasts_from_the_answer_to_the_end() {
    let mut world = World::on_two_devices();
    world.pass(secs(7));
    world.accept(Some(PHONE)).unwrap();
    world.pass(secs(125));
    world.end(false).unwrap();
    let record = world.call.record();
    assert_eq!(record.status, CallStatus::Ended);
    assert_eq!(record.duration_secs(), Some(125));
    assert_eq!(world.end(true), Err(CallError::Ended));
}

#[test]
fn a_side_that_vanishes_ends_the_call_as_of_when_it_was_lost() {
    let mut world = World::answered();
    world.pass(secs(60));
    world.apply(Command::Detach(PHONE)).unwrap();
    assert_eq!(world.heard(Target::Socket(CALLER)), ["peer false"]);
    world.pass(secs(29));
    assert_eq!(world.status(), CallStatus::Answered);
    world.pass(secs(1));
    assert_eq!(
        (world.status(), world.reason()),
        (CallStatus::Ended, Some(EndReason::Lost))
    );
    assert_eq!(world.call.record().duration_secs(), Some(60));
}

#[test]
fn a_side_that_comes_back_in_time_goes_on() {
    let mut world = World::answered();
    world.apply(Command::Detach(PHONE)).unwrap();
    world.pass(secs(20));
    let (user, session) = world.receiver;
    let back = SocketId(20);
    world
        .apply(Command::Join {
            user,
            session,
            socket: back,
            legacy: false,
        })
        .unwrap();
    assert_eq!(world.heard(Target::Socket(CALLER)), ["peer true"]);
    world.pass(secs(600));
    assert_eq!(world.status(), CallStatus::Answered);
    world
        .signal(true, CALLER, SignalKind::Offer, "restart")
        .unwrap();
    assert_eq!(world.heard(Target::Socket(back)), ["restart"]);
}

#[test]
fn a_deployed_client_that_reconnects_needs_no_word_to_go_on() {
    let mut world = World::answered();
    world.apply(Command::Detach(PHONE)).unwrap();
    let (user, session) = world.receiver;
    let socket = SocketId(20);
    world
        .apply(Command::Attach {
            user,
            session: SessionId::new(),
            socket,
            legacy: true,
        })
        .unwrap();
    assert!(
        world.said.is_empty(),
        "another sign-in is not the one that was lost"
    );
    world
        .apply(Command::Attach {
            user,
            session,
            socket,
            legacy: true,
        })
        .unwrap();
    assert_eq!(world.heard(Target::Socket(CALLER)), ["peer true"]);
}

#[test]
fn a_deployed_client_that_joins_takes_no_call_away() {
    let mut world = World::answered();
    let (user, session) = (world.receiver.0, SessionId::new());
    let socket = LAPTOP;
    world
        .apply(Command::Join {
            user,
            session,
            socket,
            legacy: true,
        })
        .unwrap();
    assert!(world.said.is_empty());
    world
        .signal(false, PHONE, SignalKind::Candidate, "mine")
        .unwrap();
}

#[test]
fn a_deployed_client_whose_connection_broke_unnoticed_speaks_on_through_its_new_socket() {
    let mut world = World::answered();
    let (user, session) = world.receiver;
    let fresh = SocketId(40);
    world
        .apply(Command::Signal {
            user,
            session,
            socket: fresh,
            legacy: true,
            kind: SignalKind::Offer,
            payload: Arc::new(json!("restart")),
        })
        .unwrap();
    assert_eq!(
        world.heard(Target::Socket(CALLER)),
        ["peer true", "restart"]
    );
    world.apply(Command::Detach(PHONE)).unwrap();
    world
        .signal(true, CALLER, SignalKind::Answer, "answer")
        .unwrap();
    assert_eq!(
        world.heard(Target::Socket(fresh)),
        ["answer"],
        "the old socket's end is no news"
    );
}

#[test]
fn joining_on_another_device_moves_the_call_there() {
    let mut world = World::answered();
    let user = world.receiver.0;
    let session = SessionId::new();
    world
        .apply(Command::Join {
            user,
            session,
            socket: LAPTOP,
            legacy: false,
        })
        .unwrap();
    assert_eq!(
        world.heard(Target::Socket(PHONE)),
        ["ended answered_elsewhere"]
    );
    assert_eq!(
        world.signal(false, PHONE, SignalKind::Candidate, "late"),
        Err(CallError::OtherDevice)
    );
    assert_eq!(world.call.record().receiver.session, Some(session));
}

#[test]
fn a_sign_in_that_is_over_hangs_up() {
    let mut world = World::answered();
    let (user, session) = world.caller;
    world
        .apply(Command::Gone {
            user,
            session: Some(SessionId::new()),
        })
        .unwrap();
    assert_eq!(world.status(), CallStatus::Answered);
    world
        .apply(Command::Gone {
            user,
            session: Some(session),
        })
        .unwrap();
    assert_eq!(
        (world.status(), world.reason()),
        (CallStatus::Ended, Some(EndReason::HangUp))
    );
}

#[test]
fn a_call_that_the_operator_ends_is_over_for_both_and_says_so() {
    let mut world = World::answered();
    world.apply(Command::Close).unwrap();
    assert_eq!(
        (world.status(), world.reason()),
        (CallStatus::Ended, Some(EndReason::Closed))
    );
    assert_eq!(world.apply(Command::Close), Err(CallError::Ended));
    let mut world = World::ringing();
    world.apply(Command::Close).unwrap();
    assert_eq!(
        (world.status(), world.reason()),
        (CallStatus::Missed, Some(EndReason::Closed))
    );
}
