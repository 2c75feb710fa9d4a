//! The rules of a group call, in virtual time: the world they are told in, and what holds whatever is done.

mod grown;
mod inside;
mod moderation;
mod restart;
mod ringing;
mod told;

use proptest::prelude::*;

use super::super::{CallKind, ChatId, PublicationId, RoomReport, Source};
use super::*;

const T0: UnixMillis = UnixMillis(1_700_000_000_000);
const LIMIT: usize = 3;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

const fn limits() -> GroupLimits {
    GroupLimits {
        ring: secs(45),
        rejoin: secs(30),
        empty: secs(10),
        participants: LIMIT,
    }
}

/// Somebody with one device.
#[derive(Clone, Copy)]
struct Person {
    user: UserId,
    session: SessionId,
    socket: SocketId,
    participant: ParticipantId,
}

/// A call of five people, its clock, and what it said last.
struct World {
    call: GroupCall,
    now: UnixMillis,
    people: Vec<Person>,
    said: Vec<GroupEffect>,
}

/// Who started it, and the others.
const ANNA: usize = 0;
const BORIS: usize = 1;
const VERA: usize = 2;
const GLEB: usize = 3;
const DASHA: usize = 4;

impl World {
    fn ringing() -> Self {
        Self::with_busy(&[])
    }

    fn with_busy(busy: &[usize]) -> Self {
        let people: Vec<_> = (1..=5).map(Person::new).collect();
        let named = |person: &Person| (person.user, UserName::stored("x".into()));
        let record = GroupRecord::start(
            (ChatId::new(), "Семья".into()),
            CallKind::Video,
            named(&people[ANNA]),
            people[1..].iter().map(named),
            T0,
        );
        let busy = busy.iter().map(|at| people[*at].user).collect();
        let (call, said) = GroupCall::start(record, limits(), &busy, T0);
        Self {
            call,
            now: T0,
            people,
            said,
        }
    }

    /// Who started it and one more are in it.
    fn answered() -> Self {
        let mut world = Self::ringing();
        world.join(ANNA).unwrap();
        world.join(BORIS).unwrap();
        world
    }

    fn apply(&mut self, command: GroupCommand) -> Result<(), GroupRefusal> {
        self.said.clear();
        self.said = self.call.apply(command, self.now)?;
        Ok(())
    }

    fn join(&mut self, who: usize) -> Result<(), GroupRefusal> {
        let person = self.people[who];
        self.join_as(person)
    }

    fn join_as(&mut self, person: Person) -> Result<(), GroupRefusal> {
        self.call.admits(person.user)?;
        let newcomer = Newcomer {
            user: person.user,
            name: UserName::stored("x".into()),
            session: person.session,
            socket: person.socket,
            muted: false,
            camera: true,
        };
        let publications = vec![PublicationId(person.socket.0 as u32)];
        self.apply(GroupCommand::Joined {
            newcomer,
            participant: person.participant,
            publications,
        })
    }

    fn attach(&mut self, person: Person, socket: SocketId) {
        let Person { user, session, .. } = person;
        let attach = GroupCommand::Attach {
            user,
            session,
            socket,
        };
        self.apply(attach).unwrap();
    }

    fn leave(&mut self, who: usize) -> Result<(), GroupRefusal> {
        let speaker = self.people[who].speaker();
        self.apply(GroupCommand::Leave(speaker))
    }

    fn gone(&mut self, who: usize) {
        let report = RoomReport::Gone(self.people[who].participant);
        self.apply(GroupCommand::Room(report)).unwrap();
    }

    fn moderate(&mut self, who: usize, action: Moderation) -> Result<(), GroupRefusal> {
        let (by, admin) = (self.people[who].user, false);
        self.apply(GroupCommand::Moderate { by, admin, action })
    }

    fn invite(&mut self, by: usize, who: usize) -> Result<(), GroupRefusal> {
        self.apply(GroupCommand::Invite {
            by: self.people[by].user,
            admin: false,
            user: self.people[who].user,
            name: UserName::stored("x".into()),
            busy: false,
        })
    }

    /// Lets time pass, with every deadline on the way. What was said on the way is all there.
    fn pass(&mut self, span: Duration) {
        let until = self.now.plus(span);
        let mut said = Vec::new();
        while let Some(deadline) = self.call.deadline().filter(|at| *at <= until) {
            self.now = deadline.max(self.now);
            self.apply(GroupCommand::Tick).unwrap();
            said.append(&mut self.said);
        }
        self.now = until;
        self.said = said;
    }

    fn user(&self, who: usize) -> UserId {
        self.people[who].user
    }

    fn outcome(&self, who: usize) -> Outcome {
        self.call.record().person(self.user(who)).unwrap().outcome
    }

    fn status(&self) -> (CallStatus, Option<EndReason>) {
        (self.call.record().status, self.call.record().reason)
    }

    /// Who is in the room, in order.
    fn inside(&self) -> Vec<usize> {
        let view = self.call.view();
        let at = |user| self.people.iter().position(|p| p.user == user).unwrap();
        view.participants.iter().map(|p| at(p.user)).collect()
    }

    /// The events that were said to `to`, by name.
    fn heard(&self, to: Audience) -> Vec<String> {
        let emits = self.said.iter().filter_map(|effect| match effect {
            GroupEffect::Emit(its, event) if *its == to => Some(name(event)),
            GroupEffect::Emit(..)
            | GroupEffect::Save(_)
            | GroupEffect::Room(_)
            | GroupEffect::Retire(_) => None,
        });
        emits.collect()
    }

    fn user_heard(&self, who: usize) -> Vec<String> {
        let user = self.user(who);
        self.heard(Audience::User { user, except: None })
    }

    fn asked_of_room(&self) -> Vec<RoomAsk> {
        let asks = self.said.iter().filter_map(|effect| match effect {
            GroupEffect::Room(ask) => Some(*ask),
            GroupEffect::Save(_) | GroupEffect::Retire(_) | GroupEffect::Emit(..) => None,
        });
        asks.collect()
    }

    fn retired(&self) -> Vec<SessionId> {
        let sessions = self.said.iter().filter_map(|effect| match effect {
            GroupEffect::Retire(session) => Some(*session),
            GroupEffect::Save(_) | GroupEffect::Room(_) | GroupEffect::Emit(..) => None,
        });
        sessions.collect()
    }

    /// Whether the row is written, before anything else.
    fn saved_first(&self) -> bool {
        matches!(self.said.first(), Some(GroupEffect::Save(_)))
    }
}

impl Person {
    fn new(socket: u64) -> Self {
        Self {
            user: UserId::new(),
            session: SessionId::new(),
            socket: SocketId(socket),
            participant: ParticipantId::new(),
        }
    }

    const fn speaker(&self) -> Speaker {
        Speaker {
            user: self.user,
            session: self.session,
            participant: self.participant,
        }
    }

    /// Another device of the same person, with a sign-in of its own.
    fn other_device(&self, socket: u64) -> Self {
        Self {
            user: self.user,
            ..Self::new(socket)
        }
    }
}

fn name(event: &GroupEvent) -> String {
    match event {
        GroupEvent::Incoming { expires_in, .. } => format!("incoming {expires_in}"),
        GroupEvent::Notice(_) => "notice".into(),
        GroupEvent::Changed(_) => "changed".into(),
        GroupEvent::Ended { reason, .. } => format!("ended {}", reason.as_str()),
        GroupEvent::StopRinging { why, .. } => format!("stop {}", why.as_str()),
        GroupEvent::Grown(_) => "grown".into(),
        GroupEvent::Offer { number, .. } => format!("offer {number}"),
        GroupEvent::Seats { seats, .. } => format!("seats {}", seats.len()),
        GroupEvent::Speakers { speakers, .. } => format!("speakers {}", speakers.len()),
        GroupEvent::Quality { links, .. } => format!("quality {}", links.len()),
        GroupEvent::Video { publication, .. } => format!("video {}", publication.0),
        GroupEvent::Layers { wanted, .. } => format!("layers {wanted}"),
        GroupEvent::Moved(_) => "moved".into(),
        GroupEvent::Removed(_) => "removed".into(),
    }
}

proptest! {
    #[test]
    fn whatever_is_done_the_row_is_true_and_the_call_ends(steps in prop::collection::vec((0u8..12, 0usize..5, 1u64..9), 0..60)) {
        let mut world = World::with_busy(&[DASHA]);
        for (what, who, n) in steps {
            let mut person = world.people[who];
            let before = world.call.record().clone();
            let refused = match what {
                0 => {
                    person.participant = ParticipantId::new();
                    world.people[who] = person;
                    world.join(who).is_err()
                }
                1 => world.leave(who).is_err(),
                2 => { world.gone_if_alive(who); false }
                3 => world.apply(GroupCommand::Decline(person.user)).is_err(),
                4 => world.invite(n as usize % 5, who).is_err(),
                5 => world.moderate(ANNA, Moderation::Remove(person.user)).is_err(),
                6 => world.moderate(who, Moderation::Lock(n > 4)).is_err(),
                7 => world.moderate(ANNA, Moderation::Mute(person.user)).is_err(),
                8 => world.apply(GroupCommand::Gone { user: person.user, session: (n > 2).then_some(person.session) }).is_err(),
                9 => { world.call = world.restored(); false }
                10 => world.apply(GroupCommand::Detach(person.socket)).is_err(),
                _ => { world.pass(secs(n * 3)); false }
            };
            let (after, view) = (world.call.record(), world.call.view());
            if refused {
                prop_assert_eq!(before.status, after.status);
                prop_assert_eq!(&before.people, &after.people);
            }
            prop_assert_eq!(after.status.is_live(), after.ended_at.is_none());
            prop_assert_eq!(after.status.is_live(), world.call.deadline().is_some());
            prop_assert_eq!(after.answered_at.is_some(), matches!(after.status, CallStatus::Answered | CallStatus::Ended));
            prop_assert!(view.participants.len() <= LIMIT);
            if !before.status.is_live() {
                prop_assert_eq!(before.status, after.status, "what is over stays over");
                prop_assert!(world.call.inside().is_empty());
            }
            for person in &after.people {
                let inside = world.call.inside().iter().any(|(user, _)| *user == person.user);
                prop_assert_eq!(person.is_inside(), inside);
                prop_assert!(person.outcome == Outcome::Joined || person.joined_at.is_none());
                let rings = view.ringing.contains(&person.user);
                prop_assert!(!rings || !inside, "who is in it is not rung");
            }
        }
        for who in 0..5 {
            world.gone_if_alive(who);
        }
        world.pass(secs(120));
        prop_assert!(!world.call.record().status.is_live(), "with nobody there it ends");
        prop_assert!(world.call.record().people.iter().all(|person| !person.is_inside()));
    }
}

impl World {
    fn gone_if_alive(&mut self, who: usize) {
        if self.call.deadline().is_some() {
            self.gone(who);
        }
    }

    /// The same call after a restart: what is not in its row is lost.
    fn restored(&self) -> GroupCall {
        let record = self.call.record().clone();
        let members = self.people.iter().map(|person| person.user);
        GroupCall::restore(record, limits(), members, self.now).0
    }
}

fn silenced(person: &Person, silenced: bool) -> RoomAsk {
    RoomAsk::Silence {
        participant: person.participant,
        source: Source::Microphone,
        silenced,
    }
}
