//! The rules of a call, in virtual time.

use proptest::prelude::*;
use serde_json::json;

use super::super::{CallId, CallKind, CallLeg, ChatId, UserName};
use std::sync::Arc;

use super::*;

const T0: UnixMillis = UnixMillis(1_700_000_000_000);
const CALLER: SocketId = SocketId(1);
const PHONE: SocketId = SocketId(2);
const LAPTOP: SocketId = SocketId(3);

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A call between two people, its clock, and what it said last.
struct World {
    call: Call,
    now: UnixMillis,
    caller: (UserId, SessionId),
    receiver: (UserId, SessionId),
    said: Vec<Effect>,
}

impl World {
    fn ringing() -> Self {
        let (caller, receiver) = (
            (UserId::new(), SessionId::new()),
            (UserId::new(), SessionId::new()),
        );
        let leg = |user, session| CallLeg {
            user,
            name: UserName::stored("x".into()),
            session,
        };
        let record = CallRecord {
            id: CallId::new(),
            chat: ChatId::new(),
            kind: CallKind::Voice,
            status: CallStatus::Ringing,
            reason: None,
            caller: leg(caller.0, Some(caller.1)),
            receiver: leg(receiver.0, None),
            created_at: T0,
            updated_at: T0,
            answered_at: None,
            ended_at: None,
            last_alive_at: T0,
        };
        let limits = Limits {
            ring: secs(45),
            rejoin: secs(30),
            caller_rejoin: secs(10),
        };
        let (call, said) = Call::ring(record, limits, T0);
        Self {
            call,
            now: T0,
            caller,
            receiver,
            said,
        }
    }

    /// Rings on two devices of the receiver; the caller's offer and one candidate are out.
    fn on_two_devices() -> Self {
        let mut world = Self::ringing();
        world.attach(PHONE).attach(LAPTOP);
        world
            .signal(true, CALLER, SignalKind::Offer, "offer")
            .unwrap();
        world
            .signal(true, CALLER, SignalKind::Candidate, "candidate")
            .unwrap();
        world
    }

    fn answered() -> Self {
        let mut world = Self::on_two_devices();
        world.accept(Some(PHONE)).unwrap();
        world
    }

    fn apply(&mut self, command: Command) -> Result<(), CallError> {
        self.said.clear();
        self.said = self.call.apply(command, self.now)?;
        Ok(())
    }

    fn attach(&mut self, socket: SocketId) -> &mut Self {
        let (user, session) = self.receiver;
        self.apply(Command::Attach {
            user,
            session,
            socket,
            legacy: false,
        })
        .unwrap();
        self
    }

    fn signal(
        &mut self,
        from_caller: bool,
        socket: SocketId,
        kind: SignalKind,
        what: &str,
    ) -> Result<(), CallError> {
        let (user, session) = if from_caller {
            self.caller
        } else {
            self.receiver
        };
        let payload = Arc::new(json!(what));
        self.apply(Command::Signal {
            user,
            session,
            socket,
            legacy: false,
            kind,
            payload,
        })
    }

    fn accept(&mut self, socket: Option<SocketId>) -> Result<(), CallError> {
        let (user, session) = self.receiver;
        self.apply(Command::Accept {
            user,
            session,
            socket,
        })
    }

    fn end(&mut self, by_caller: bool) -> Result<(), CallError> {
        let user = if by_caller {
            self.caller.0
        } else {
            self.receiver.0
        };
        self.apply(Command::End { user, socket: None })
    }

    /// Lets time pass, with every deadline on the way.
    fn pass(&mut self, span: Duration) {
        let until = self.now.plus(span);
        while let Some(deadline) = self.call.deadline().filter(|at| *at <= until) {
            self.now = deadline.max(self.now);
            self.apply(Command::Tick).unwrap();
        }
        self.now = until;
    }

    fn status(&self) -> CallStatus {
        self.call.record().status
    }

    fn reason(&self) -> Option<EndReason> {
        self.call.record().reason
    }

    /// The events that were said to `to`, by their variant.
    fn heard(&self, to: Target) -> Vec<String> {
        let emits = self.said.iter().filter_map(|effect| match effect {
            Effect::Emit(emit) if emit.to == to => Some(name(&emit.event)),
            Effect::Emit(_) | Effect::Save(_) => None,
        });
        emits.collect()
    }

    fn saved(&self) -> bool {
        matches!(self.said.first(), Some(Effect::Save(_)))
    }
}

fn name(event: &CallEvent) -> String {
    match event {
        CallEvent::Signal { payload, .. } => payload.as_str().unwrap_or("?").to_owned(),
        CallEvent::Ended { reason, .. } => format!("ended {}", reason.as_str()),
        CallEvent::Status { status, .. } => format!("status {}", status.as_str()),
        CallEvent::Ringing { devices, .. } => format!("rings on {devices}"),
        CallEvent::Peer { present, .. } => format!("peer {present}"),
        CallEvent::Incoming { expires_in, .. } => format!("incoming {expires_in}"),
        CallEvent::Initiated(_) => "initiated".into(),
        CallEvent::Accepted { .. } => "accepted".into(),
        CallEvent::Rejected(_) => "rejected".into(),
    }
}

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
fn a_living_call_says_so_in_its_row_every_ten_seconds() {
    let mut world = World::answered();
    world.pass(secs(35));
    assert_eq!(world.call.record().last_alive_at, T0.plus(secs(30)));
    assert_eq!(world.status(), CallStatus::Answered);
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
fn a_call_that_rang_out_while_the_server_was_down_was_over_when_it_was_due() {
    let mut world = World::on_two_devices();
    let hours_later = T0.plus(secs(7200));
    world.now = hours_later;
    world.call = Call::restore(world.call.record().clone(), world.call.limits, hours_later);
    world.apply(Command::Tick).unwrap();
    assert_eq!(
        (world.status(), world.reason()),
        (CallStatus::Missed, Some(EndReason::Missed))
    );
    assert_eq!(world.call.record().ended_at, Some(T0.plus(secs(45))));
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
fn an_answered_call_that_nobody_rejoins_after_a_restart_ended_when_it_was_alive_last() {
    let mut world = World::answered();
    world.pass(secs(47));
    let record = world.call.record().clone();
    world.now = world.now.plus(secs(3600));
    world.call = Call::restore(record, world.call.limits, world.now);
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
    world.call = Call::restore(world.call.record().clone(), world.call.limits, world.now);
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
    world.call = Call::restore(world.call.record().clone(), world.call.limits, world.now);
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

fn anything() -> impl Strategy<Value = (u8, bool, u64)> {
    (0u8..8, any::<bool>(), 1u64..6)
}

proptest! {
    #[test]
    fn whatever_is_done_the_row_is_true_and_the_call_ends(steps in prop::collection::vec(anything(), 0..60)) {
        let mut world = World::ringing();
        for (what, from_caller, n) in steps {
            let (user, session) = if from_caller { world.caller } else { world.receiver };
            let socket = SocketId(n);
            let payload = Arc::new(json!(n));
            let command = match what {
                0 => Command::Attach { user, session, socket, legacy: n > 3 },
                1 => Command::Detach(socket),
                2 => Command::Signal { user, session, socket, legacy: n > 3, kind: SignalKind::Offer, payload },
                3 => Command::Accept { user, session, socket: Some(socket) },
                4 => Command::Join { user, session, socket, legacy: n > 3 },
                5 => Command::Signal { user, session, socket, legacy: n > 3, kind: SignalKind::Answer, payload },
                6 if n == 1 => Command::End { user, socket: None },
                _ => { world.pass(secs(n * 3)); continue; }
            };
            let before = world.call.record().clone();
            let refused = world.apply(command).is_err();
            let after = world.call.record();
            if refused {
                prop_assert_eq!(&before.status, &after.status);
            }
            if before.status != after.status {
                prop_assert!(world.saved(), "a change of status is written before it is told");
            }
            prop_assert_eq!(after.status.is_live(), after.ended_at.is_none());
            prop_assert_eq!(after.status.is_live(), world.call.deadline().is_some());
            prop_assert_eq!(after.answered_at.is_some(), matches!(after.status, CallStatus::Answered | CallStatus::Ended));
            if !before.status.is_live() {
                prop_assert_eq!(before.status, after.status, "what is over stays over");
            }
        }
        for socket in 0..7 {
            world.apply(Command::Detach(SocketId(socket))).unwrap();
        }
        world.pass(secs(45));
        prop_assert!(!world.status().is_live(), "with nobody there it ends");
    }
}
