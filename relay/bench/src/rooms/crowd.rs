//! The people of one room, and the loop that lets them send and receive: one thread that never sleeps.

use super::{
    control::{News, Order, Told, What},
    hall::Hall,
    line::Line,
    load::{Camera, Load, TILE},
    person::Person,
};
use crate::figures::percentile;
use anyhow::{Context, bail};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

/// How long somebody who joins is waited for.
const JOIN: Duration = Duration::from_secs(10);

/// How long after joining the first packet is waited for, before the next one joins.
const FIRST: Duration = Duration::from_secs(3);

/// The loudest voice (RFC 6464); each has another.
const LOUDEST: i8 = -20;

/// The people of one room.
pub(crate) struct Crowd {
    hall: Hall,
    room: u64,
    load: Load,
    people: Vec<Member>,
    epoll: Epoll,
    /// Who may have more to read; epoll tells of each only once.
    readable: VecDeque<usize>,
    /// How much of the time somebody had something to do, since the last look.
    busy: Duration,
}

/// Somebody, and what the server said of it.
struct Member {
    person: Person,
    participant: u64,
    joined: bool,
    /// The number of its picture.
    picture: Option<u32>,
    /// Which layer it is sent of each picture.
    seen: HashMap<u32, u8>,
}

/// How far the room is from what was wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Pictures and sounds that go down to somebody, in the right layer.
    pub(crate) going: usize,
    /// Those that should.
    pub(crate) wanted: usize,
}

impl Crowd {
    /// Opens room `room`, empty.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn new(hall: Hall, room: u64, load: Load) -> anyhow::Result<Self> {
        Ok(Self {
            hall,
            room,
            load,
            people: Vec::new(),
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            readable: VecDeque::new(),
            busy: Duration::ZERO,
        })
    }

    /// Returns the server.
    pub(crate) fn hall(&self) -> &Hall {
        &self.hall
    }

    /// Ends the room and gives the server back.
    ///
    /// # Errors
    /// If it is gone.
    pub(crate) fn leave(mut self) -> anyhow::Result<Hall> {
        for at in 0..self.people.len() {
            self.order(at, What::Leave)?;
        }
        Ok(self.hall)
    }

    /// Lets everybody join, one after the other. Returns how long it took each from asking to the first packet, of those who had one to wait for.
    ///
    /// # Errors
    /// If somebody is refused, or not connected in time.
    pub(crate) fn join(&mut self) -> anyhow::Result<Vec<Duration>> {
        let mut joins = Vec::new();
        for at in 0..self.load.participants {
            let start = Instant::now();
            self.admit(at)?;
            self.run(JOIN, |crowd| crowd.people[at].person.is_connected())?;
            if !self.people[at].person.is_connected() {
                bail!("participant {at} is not connected within {JOIN:?}");
            }
            if (0..at.min(self.load.senders)).next().is_none() {
                continue;
            }
            self.run(FIRST, |crowd| crowd.people[at].person.heard.first.is_some())?;
            if let Some(first) = self.people[at].person.heard.first {
                joins.push(first - start);
            }
        }
        if self.load.camera == Camera::Layers {
            self.view()?;
        }
        Ok(joins)
    }

    /// Lets time go on until something holds; at most for so long.
    ///
    /// # Errors
    /// If the server is gone or breaks an agreement.
    pub(crate) fn run(
        &mut self,
        time: Duration,
        mut holds: impl FnMut(&Self) -> bool,
    ) -> anyhow::Result<()> {
        let end = Instant::now() + time;
        let mut now = Instant::now();
        while now < end && !holds(self) {
            let worked = self.turn(now)?;
            let then = now;
            now = Instant::now();
            if worked {
                self.busy += now - then;
            }
        }
        Ok(())
    }

    /// Returns how much of what should be seen and heard is.
    pub(crate) fn shown(&self) -> Shown {
        let now = Instant::now();
        let (mut going, mut wanted) = (0, 0);
        for (at, member) in self.people.iter().enumerate() {
            // The first are the loudest, and nobody hears itself.
            let heard = self.load.senders.min(self.load.audible);
            let sounds = heard - usize::from(at < heard);
            going += member.person.heard.living(false, now).min(sounds);
            wanted += sounds;
            let pictures = self.load.seen_by(at);
            let right = |publisher: &&usize| {
                let picture = self.people.get(**publisher)?.picture?;
                (*member.seen.get(&picture)? == self.load.seen_layer()).then_some(())
            };
            let right = pictures.iter().filter(|it| right(it).is_some()).count();
            going += right.min(member.person.heard.living(true, now));
            wanted += pictures.len();
        }
        Shown { going, wanted }
    }

    /// Returns everybody.
    pub(crate) fn people(&mut self) -> impl Iterator<Item = &mut Person> {
        self.people.iter_mut().map(|member| &mut member.person)
    }

    /// Returns how long somebody was at work since the last call, and how late packets left (the 99th percentile, in microseconds).
    pub(crate) fn take_busy(&mut self) -> (Duration, f64) {
        let mut lateness: Vec<u32> = self
            .people()
            .flat_map(|person| std::mem::take(&mut person.lateness))
            .collect();
        let late = percentile(&mut lateness, 99) / 1e3;
        (std::mem::take(&mut self.busy), late)
    }

    /// Lets somebody ask to join, and takes the answer.
    fn admit(&mut self, at: usize) -> anyhow::Result<()> {
        let user = format!("p{}-{at}", self.room);
        let line = Line::connect(&self.hall.server, self.load.line, &user)?;
        let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLET;
        self.epoll.add(&line, EpollEvent::new(flags, at as u64))?;
        let now = Instant::now();
        let mut person = Person::new(line, now)?;
        let sends = (at < self.load.senders).then(|| (LOUDEST - at as i8, self.load.camera));
        // Not all at the same moment: everybody has a clock of its own.
        let due = now + Duration::from_millis(20) * at as u32 * 7 / 100;
        let (offer, tracks) = person.offer(sends, due)?;
        self.people.push(Member {
            person,
            participant: self.room << 32 | at as u64,
            joined: false,
            picture: None,
            seen: HashMap::new(),
        });
        self.order(at, What::Join { offer, tracks })?;
        self.run(JOIN, |crowd| crowd.people[at].joined)?;
        if !self.people[at].joined {
            bail!("participant {at} has no answer within {JOIN:?}");
        }
        Ok(())
    }

    /// Tells the room what everybody has on the screen.
    fn view(&mut self) -> anyhow::Result<()> {
        for at in 0..self.people.len() {
            let publications = self
                .load
                .seen_by(at)
                .into_iter()
                .filter_map(|publisher| self.people[publisher].picture)
                .collect();
            self.order(
                at,
                What::View {
                    publications,
                    size: TILE,
                },
            )?;
        }
        Ok(())
    }

    fn order(&mut self, at: usize, what: What) -> anyhow::Result<()> {
        self.hall.order(&Order {
            room: self.room,
            participant: self.people[at].participant,
            what,
        })
    }

    /// Does everything that is to be done at this moment. Returns whether that was anything.
    fn turn(&mut self, now: Instant) -> anyhow::Result<bool> {
        let mut worked = false;
        while let Some(told) = self.hall.hear()? {
            worked = true;
            self.heed(told, now)?;
        }
        for member in self.people.iter_mut().filter(|member| member.joined) {
            worked |= member.person.work(now)?;
        }
        let mut events = [EpollEvent::empty(); 64];
        let ready = self.epoll.wait(&mut events, EpollTimeout::ZERO)?;
        for event in &events[..ready] {
            let at = event.data() as usize;
            if !self.readable.contains(&at) {
                self.readable.push_back(at);
            }
        }
        for _ in 0..self.readable.len() {
            let Some(at) = self.readable.pop_front() else {
                break;
            };
            worked = true;
            if self.people[at].person.receive(now)? {
                self.readable.push_back(at);
            }
        }
        Ok(worked)
    }

    fn heed(&mut self, told: Told, now: Instant) -> anyhow::Result<()> {
        let of = |member: &Member| member.participant == told.participant;
        let Some(at) = self.people.iter().position(of) else {
            // Of a room before this one.
            return Ok(());
        };
        let member = &mut self.people[at];
        match told.what {
            News::Joined {
                answer,
                publications,
            } => {
                member.person.take_answer(&answer, now)?;
                member.joined = true;
                let mid = member.person.camera_mid();
                member.picture = publications
                    .into_iter()
                    .find(|(of, _)| Some(of) == mid.as_ref())
                    .map(|(_, publication)| publication);
            }
            News::Offer { number, offer } => {
                let answer = member.person.answer(&offer, now);
                let answer = answer.with_context(|| format!("an offer for participant {at}"))?;
                self.order(at, What::Answer { number, answer })?;
            }
            News::Video { publication, layer } => {
                match layer {
                    Some(layer) => member.seen.insert(publication, layer),
                    None => member.seen.remove(&publication),
                };
            }
            News::Refused(why) => bail!("participant {at} is refused: {why}"),
            News::Gone(why) => bail!("the room lets participant {at} go: {why}"),
        }
        Ok(())
    }
}
