//! The rules of a call, in virtual time: the world they are told in, and what holds whatever is done.

mod answered;
mod relayed;
mod restart;
mod ringing;

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
            Effect::Emit(_) | Effect::Save(_) | Effect::Relay(_) => None,
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
