//! The door for TCP: accepts connections, finds out what they are, and hands those of TURN and ICE to the workers, and those of HTTP to who serves pages.
//!
//! Owns the listeners, a thread with a runtime, and each connection until its first bytes have told what it is. One task a connection; none lasts longer
//! than [`PATIENCE`].

mod places;
mod sort;

pub use places::{PageLimits, StreamLimits};
pub(crate) use places::{Place, PlaceId, Places};

use crate::{
    command::{Command, Link},
    https::Https,
    tls::Tls,
};
use places::Full;
use rustls::ServerConnection;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
pub(crate) use sort::Opened;
use sort::{Sorted, sort};
use std::{
    io,
    net::{IpAddr, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::{
    net::TcpListener,
    runtime,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::LocalSet,
    time,
};
use tokio_rustls::TlsAcceptor;
use turn::{FiveTuple, Transport};

/// How long a connection may take to say what it is, with its TLS handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections that may wait for a place where it is crowded, and how often and how long each does.
const WAITING: usize = 64;
const WAITS: u8 = 4;
const WAIT: Duration = Duration::from_millis(25);

/// How long nothing is accepted after the system refused to.
const BACK_OFF: Duration = Duration::from_millis(200);

/// How often that is logged at most.
const COMPLAIN: Duration = Duration::from_secs(10);

/// After so long without an answer a connection is dead, whether data waits to be acknowledged or not.
const DEAD: Duration = Duration::from_secs(30);

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Bytes that the kernel keeps beyond what is on its way, so that what is written is not old before it leaves.
const UNSENT: u32 = 128 << 10;

/// A listener and what is spoken there.
#[derive(Debug)]
pub(crate) struct Entrance {
    pub(crate) listener: std::net::TcpListener,
    pub(crate) spoken: Served,
}

/// What is spoken at an entrance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Served {
    /// TURN over TLS.
    TurnOverTls,
    /// TURN, with TLS and without, and ICE, which knows no TLS.
    Media,
    /// That, and HTTP over TLS.
    All,
}

/// What is spoken on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// TURN, over TCP or TLS.
    Turn,
    /// ICE and the media after it, framed by RFC 4571.
    Ice,
}

/// A stream on its way to a worker.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) socket: TcpStream,
    pub(crate) tls: Option<Box<ServerConnection>>,
    pub(crate) five_tuple: FiveTuple,
    pub(crate) spoken: Spoken,
    /// What has been read already.
    pub(crate) read: Vec<u8>,
    pub(crate) place: Place,
}

/// What the door counts.
#[derive(Debug, Default)]
pub(crate) struct DoorCounters {
    /// Connections that were closed at once as there were too many in all.
    pub(crate) full: AtomicU64,
    /// … or too many of their prefix.
    pub(crate) full_prefix: AtomicU64,
    /// Connections that had not said what they are when others wanted their places.
    pub(crate) crowded: AtomicU64,
    /// Connections that were neither TURN nor ICE, failed, or took too long to say what they are.
    pub(crate) unsorted: AtomicU64,
}

/// What every task of the door needs.
pub(crate) struct Inside {
    tls: Option<Tls>,
    /// Of streams of TURN and ICE.
    places: Arc<Places>,
    /// Of whatever comes where pages are served, until it turns out to be a stream.
    page_places: Arc<Places>,
    pages: mpsc::Sender<Https>,
    counters: Arc<DoorCounters>,
    workers: Arc<[Link]>,
    next: AtomicUsize,
    waiting: Arc<Semaphore>,
    /// Whether there are rooms that ICE leads to.
    rooms: bool,
}

/// A door that is open. It closes when this is dropped.
#[derive(Debug)]
pub(crate) struct Door {
    close: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Entrance {
    /// Listens on `address`; an unspecified IPv6 address takes IPv4 too unless `only_v6`.
    pub(crate) fn bind(address: SocketAddr, only_v6: bool, spoken: Served) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        if address.is_ipv6() {
            socket.set_only_v6(only_v6)?;
        }
        // A port on which closed connections still linger can be had again at once.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self {
            listener: socket.into(),
            spoken,
        })
    }
}

impl Door {
    /// Opens it: from now on connections are accepted.
    pub(crate) fn open(entrances: Vec<Entrance>, inside: Inside) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (close, closed) = oneshot::channel();
        let inside = Arc::new(inside);
        let entrances: Vec<_> = {
            let _context = runtime.enter();
            entrances
                .into_iter()
                .map(|entrance| Ok((TcpListener::from_std(entrance.listener)?, entrance.spoken)))
                .collect::<io::Result<_>>()?
        };
        let serve = move || {
            let tasks = LocalSet::new();
            for (listener, spoken) in entrances {
                tasks.spawn_local(accept(listener, spoken, Arc::clone(&inside)));
            }
            // An error says that the sender is gone, which closes the door too.
            let _ = tasks.block_on(&runtime, closed);
        };
        let thread = thread::Builder::new()
            .name("relay-door".into())
            .spawn(serve)?;
        Ok(Self {
            close: Some(close),
            thread: Some(thread),
        })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        drop(self.close.take());
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the relay's door panicked");
        }
    }
}

async fn accept(listener: TcpListener, spoken: Served, inside: Arc<Inside>) {
    let places = match spoken {
        Served::TurnOverTls | Served::Media => &inside.places,
        Served::All => &inside.page_places,
    };
    let mut complained: Option<Instant> = None;
    loop {
        match listener.accept().await {
            Ok((socket, client)) => match places.take(client.ip()) {
                Ok(place) => {
                    tokio::task::spawn_local(serve(socket, place, spoken, Arc::clone(&inside)));
                }
                Err(full) if spoken == Served::All => inside.counters.refuse(full),
                Err(full) => match Arc::clone(&inside.waiting).try_acquire_owned() {
                    Ok(turn) => {
                        let inside = Arc::clone(&inside);
                        tokio::task::spawn_local(wait(socket, client.ip(), spoken, inside, turn));
                    }
                    Err(_) => inside.counters.refuse(full),
                },
            },
            Err(error) if of_one_connection(&error) => {}
            Err(error) => {
                if complained.is_none_or(|last| last.elapsed() >= COMPLAIN) {
                    complained = Some(Instant::now());
                    tracing::warn!(%error, "cannot accept connections");
                }
                time::sleep(BACK_OFF).await;
            }
        }
    }
}

/// Waits for the place of a stream that makes no use of it.
async fn wait(
    socket: tokio::net::TcpStream,
    client: IpAddr,
    spoken: Served,
    inside: Arc<Inside>,
    turn: OwnedSemaphorePermit,
) {
    let mut waits = 0;
    loop {
        let full = match inside.places.take(client) {
            Ok(place) => {
                drop(turn);
                return serve(socket, place, spoken, inside).await;
            }
            Err(full) => full,
        };
        if waits == WAITS {
            return inside.counters.refuse(full);
        }
        waits += 1;
        if let Some((worker, id)) = inside.places.make_room(full, client)
            && let Err(error) = inside.workers[worker].command(Command::Evict(id))
        {
            tracing::debug!(%error, "a stream is not told to go");
        }
        time::sleep(WAIT).await;
    }
}

async fn serve(socket: tokio::net::TcpStream, place: Place, at: Served, inside: Arc<Inside>) {
    let tls = inside.tls.as_ref().map(|tls| match at {
        Served::TurnOverTls | Served::Media => &tls.turn,
        Served::All => &tls.pages,
    });
    let arrived = tokio::select! {
        arrived = time::timeout(PATIENCE, sort(socket, tls)) => arrived,
        () = place.wanted() => return count(&inside.counters.crowded),
    };
    let plain = at != Served::TurnOverTls;
    let workers = &inside.workers;
    let (opened, spoken, worker) = match arrived {
        Ok(Ok(Sorted::Turn(opened))) if plain || opened.tls.is_some() => {
            let next = inside.next.fetch_add(1, Ordering::Relaxed) % workers.len();
            (opened, Spoken::Turn, next)
        }
        Ok(Ok(Sorted::Ice(opened, owner)))
            if plain && inside.rooms && usize::from(owner) < workers.len() =>
        {
            (opened, Spoken::Ice, usize::from(owner))
        }
        Ok(Ok(Sorted::Http(opened))) if at == Served::All => {
            return inside.pages(opened, tls, place);
        }
        Ok(Ok(Sorted::Acme)) => return,
        Ok(Ok(
            Sorted::Turn(other)
            | Sorted::Ice(other, _)
            | Sorted::Http(other)
            | Sorted::Other(other),
        )) => {
            tracing::debug!(
                tls = other.tls.is_some(),
                "a connection is of no protocol served here"
            );
            return count(&inside.counters.unsorted);
        }
        Err(_) => {
            tracing::debug!("a connection did not say in time what it is");
            return count(&inside.counters.unsorted);
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "a connection ended before it began");
            return count(&inside.counters.unsorted);
        }
    };
    let place = match inside.place_of_stream(at, place, &opened) {
        Ok(place) => place,
        Err(full) => return inside.counters.refuse(full),
    };
    let arrival = match arrival(opened, spoken, place) {
        Ok(arrival) => arrival,
        Err(error) => {
            tracing::debug!(%error, "a connection cannot be served");
            return count(&inside.counters.unsorted);
        }
    };
    if !arrival.place.moves_to(worker) {
        return count(&inside.counters.crowded);
    }
    let adopt = Command::Adopt(Box::new(arrival));
    if workers[worker].command(adopt).is_err() {
        count(&inside.counters.full);
    }
}

impl Inside {
    pub(crate) fn new(
        tls: Option<Tls>,
        (places, page_places): (Arc<Places>, Arc<Places>),
        pages: mpsc::Sender<Https>,
        counters: Arc<DoorCounters>,
        workers: Arc<[Link]>,
        rooms: bool,
    ) -> Self {
        Self {
            tls,
            places,
            page_places,
            pages,
            counters,
            workers,
            next: AtomicUsize::new(0),
            waiting: Arc::new(Semaphore::new(WAITING)),
            rooms,
        }
    }

    /// Returns the place that a stream is to have, which came in by one of the places for pages if it came where those are served.
    fn place_of_stream(&self, at: Served, place: Place, opened: &Opened) -> Result<Place, Full> {
        match (at, opened.socket.peer_addr()) {
            (Served::All, Ok(client)) => self.places.take(client.ip()),
            (Served::All, Err(_)) | (Served::TurnOverTls | Served::Media, _) => Ok(place),
        }
    }

    /// Hands a connection of HTTP to who serves it.
    fn pages(&self, opened: Opened, tls: Option<&TlsAcceptor>, place: Place) {
        let Some(tls) = tls else { return };
        match Https::new(opened, tls.clone(), place) {
            Ok(https) => {
                if self.pages.try_send(https).is_err() {
                    count(&self.counters.full);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a connection cannot be served");
                count(&self.counters.unsorted);
            }
        }
    }
}

fn arrival(opened: Opened, spoken: Spoken, place: Place) -> io::Result<Arrival> {
    let Opened { socket, tls, read } = opened;
    let socket = socket.into_std()?;
    let options = SockRef::from(&socket);
    options.set_tcp_nodelay(true)?;
    options.set_tcp_user_timeout(Some(DEAD))?;
    options.set_tcp_notsent_lowat(UNSENT)?;
    options.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(DEAD)
            .with_interval(DEAD / 3)
            .with_retries(3),
    )?;
    Ok(Arrival {
        five_tuple: FiveTuple {
            transport: if tls.is_some() {
                Transport::Tls
            } else {
                Transport::Tcp
            },
            client: canonical(socket.peer_addr()?),
            server: canonical(socket.local_addr()?),
        },
        spoken,
        socket,
        tls,
        read,
        place,
    })
}

impl DoorCounters {
    fn refuse(&self, full: Full) {
        count(match full {
            Full::InAll => &self.full,
            Full::OfPrefix => &self.full_prefix,
        });
    }
}

/// Returns an IPv4 address in IPv6 clothes as what it is; an IPv6 address keeps its scope.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::new(ip.into(), address.port()),
        IpAddr::V6(_) => address,
    }
}

/// Returns whether the error is of the connection that was to be accepted, and the next may do.
fn of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_does_not_say_what_it_is_gives_its_place_back_after_10_seconds() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (silent, accepted) =
            tokio::join!(tokio::net::TcpStream::connect(address), listener.accept());
        let places = || Places::new(10, 10);
        let (pages, _served) = mpsc::channel(1);
        let places = (places(), places());
        let inside = Inside::new(None, places, pages, Arc::default(), Arc::new([]), false);
        let inside = Arc::new(inside);
        let place = inside.places.take(address.ip()).unwrap();
        let start = time::Instant::now();
        serve(
            accepted.unwrap().0,
            place,
            Served::Media,
            Arc::clone(&inside),
        )
        .await;
        assert!((PATIENCE..PATIENCE * 2).contains(&start.elapsed()));
        assert_eq!(inside.counters.unsorted.load(Ordering::Relaxed), 1);
        assert_eq!(inside.places.in_use(), 0);
        drop(silent);
    }
}
