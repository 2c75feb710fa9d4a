//! The generator: sends a load on time, takes what arrives, and knows what was lost and how long the rest took.
//!
//! One thread that never sleeps, on a CPU of its own: it must not be what is measured. When a datagram arrived, the kernel tells, so that being busy
//! with sending does not look like latency.

use crate::{
    scenario::{Load, Receiver},
    server::{Server, Site},
    socket::{Datagrams, wall_clock},
    wire::{Transport, Wire},
};
use anyhow::{Context, bail, ensure};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::{
    net::{Ipv4Addr, UdpSocket},
    time::{Duration, Instant},
};

/// The channel that every client binds to its peer.
const CHANNEL: u16 = 0x4000;

/// Bytes of a ChannelData header.
const HEADER: usize = 4;

/// Bytes of a payload that are ours: the number of the run, the number of the packet, when it was sent.
const STAMP: usize = 16;

/// How long what is still on its way is waited for.
const LATE: Duration = Duration::from_millis(200);

/// Datagrams that one receiver may hand over before others get their turn.
const TURN: usize = 16;

/// One sender and its receiver.
#[derive(Debug)]
struct Flow {
    sender: Sender,
    /// Whether the sender is a client, which frames what it sends.
    framed: bool,
}

#[derive(Debug)]
enum Sender {
    Datagrams(Datagrams),
    Stream(Wire),
}

/// Sends one load, as often as it is asked to.
#[derive(Debug)]
pub(crate) struct Generator {
    load: Load,
    flows: Vec<Flow>,
    receivers: Vec<Datagrams>,
    /// Bytes before a payload that arrives.
    skip: usize,
    epoll: Epoll,
    buffer: Vec<u8>,
    runs: u32,
    next_flow: usize,
}

/// What became of one run.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) sent: usize,
    pub(crate) delivered: usize,
    /// Of each packet that was delivered, in nanoseconds, in no order.
    pub(crate) latencies: Vec<u32>,
    /// How much of the time the generator had something to do.
    pub(crate) busy: f64,
    /// How late each lot left, in nanoseconds, in no order.
    pub(crate) lateness: Vec<u32>,
}

impl Generator {
    /// Signs the clients of `load` in at `server` and binds their channels.
    ///
    /// # Errors
    /// If the server refuses, or the system has no more sockets.
    pub(crate) fn through(server: &Server, site: &Site, load: Load) -> anyhow::Result<Self> {
        let (mut flows, mut receivers) = (Vec::new(), Vec::new());
        for flow in 0..load.flows {
            let mut sender = server.allocate(site, load.transport, &format!("a{flow}"))?;
            let receiver = match load.receiver {
                Receiver::Peer => {
                    let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
                    sender.bind(CHANNEL, peer.local_addr()?)?;
                    peer
                }
                Receiver::Client => {
                    let user = format!("b{flow}");
                    let mut receiver = server.allocate(site, Transport::Udp, &user)?;
                    sender.bind(CHANNEL, receiver.relayed())?;
                    receiver.bind(CHANNEL, sender.relayed())?;
                    match receiver.into_wire() {
                        Wire::Udp(socket) => socket,
                        Wire::Tcp(_) | Wire::Tls(_) => bail!("receivers use UDP"),
                    }
                }
            };
            flows.push((sender.into_wire(), true));
            receivers.push(receiver);
        }
        let skip = match load.receiver {
            Receiver::Peer => 0,
            Receiver::Client => HEADER,
        };
        Self::new(load, flows, receivers, skip)
    }

    /// Lets the senders of `load` send straight to its receivers.
    ///
    /// # Errors
    /// If the system has no more sockets.
    pub(crate) fn direct(load: Load) -> anyhow::Result<Self> {
        let (mut flows, mut receivers) = (Vec::new(), Vec::new());
        for _ in 0..load.flows {
            let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            sender.connect(receiver.local_addr()?)?;
            flows.push((Wire::Udp(sender), false));
            receivers.push(receiver);
        }
        Self::new(load, flows, receivers, 0)
    }

    fn new(
        load: Load,
        senders: Vec<(Wire, bool)>,
        receivers: Vec<UdpSocket>,
        skip: usize,
    ) -> anyhow::Result<Self> {
        ensure!(
            load.size >= STAMP
                && load.size.is_multiple_of(4)
                && load.lot.is_multiple_of(load.burst),
            "no load: {load:?}"
        );
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let receivers = receivers
            .into_iter()
            .map(Datagrams::new)
            .collect::<Result<Vec<_>, _>>()?;
        for (at, receiver) in receivers.iter().enumerate() {
            epoll.add(receiver, EpollEvent::new(EpollFlags::EPOLLIN, at as u64))?;
        }
        let flows = senders
            .into_iter()
            .map(|(wire, framed)| {
                let sender = match wire {
                    Wire::Udp(socket) => Sender::Datagrams(Datagrams::new(socket)?),
                    Wire::Tcp(_) | Wire::Tls(_) => Sender::Stream(wire),
                };
                Ok(Flow { sender, framed })
            })
            .collect::<std::io::Result<Vec<_>>>()?;
        Ok(Self {
            load,
            flows,
            receivers,
            skip,
            epoll,
            buffer: vec![0; 1 << 16],
            runs: 0,
            next_flow: 0,
        })
    }

    /// Sends the load for `time`, then waits until everything has arrived or nothing comes any more.
    ///
    /// # Errors
    /// If the server is gone.
    pub(crate) fn run(&mut self, time: Duration) -> anyhow::Result<Traffic> {
        self.runs += 1;
        let lots = (time.as_nanos() / self.load.period.as_nanos()).max(1) as usize;
        let mut run = Run {
            number: self.runs,
            seen: vec![false; lots * self.load.lot],
            traffic: Traffic::default(),
        };
        run.traffic.latencies.reserve(run.seen.len());
        run.traffic.lateness.reserve(lots);
        let mut events = vec![EpollEvent::empty(); self.receivers.len().min(256)];
        let mut busy = Duration::ZERO;
        let start = Instant::now();
        let (mut due, mut now, mut last) = (start, start, start);
        let mut left = lots;
        loop {
            let mut worked = false;
            if left > 0 && now >= due {
                run.traffic.lateness.push(nanos(now - due));
                self.send_lot(&mut run)?;
                due += self.load.period;
                left -= 1;
                worked = true;
            }
            let ready = self.epoll.wait(&mut events, EpollTimeout::ZERO)?;
            for event in &events[..ready] {
                self.receive(event.data() as usize, &mut run)?;
                worked = true;
            }
            let then = now;
            now = Instant::now();
            if worked {
                busy += now - then;
                last = now;
            }
            let done = run.traffic.delivered == run.traffic.sent || now - last > LATE;
            if left == 0 && done {
                break;
            }
        }
        run.traffic.busy = busy.as_secs_f64() / (last - start).as_secs_f64();
        Ok(run.traffic)
    }

    fn send_lot(&mut self, run: &mut Run) -> anyhow::Result<()> {
        let Load {
            lot, burst, joined, ..
        } = self.load;
        let at_once = if joined { burst } else { 1 };
        let buffer = &mut self.buffer;
        for _ in 0..lot / burst {
            let at = self.next_flow;
            self.next_flow = (at + 1) % self.flows.len();
            let flow = &mut self.flows[at];
            for _ in 0..burst / at_once {
                let mut length = 0;
                let sent_at = wall_clock().as_nanos() as u64;
                for _ in 0..at_once {
                    length +=
                        run.write(&mut buffer[length..], flow.framed, self.load.size, sent_at);
                }
                match &mut flow.sender {
                    Sender::Datagrams(socket) => socket
                        .send(&buffer[..length], length / at_once)
                        .context("the server is gone")?,
                    Sender::Stream(wire) => wire.send(&buffer[..length])?,
                }
            }
        }
        Ok(())
    }

    fn receive(&mut self, at: usize, run: &mut Run) -> anyhow::Result<()> {
        let mut buffer = [0; 2048];
        for _ in 0..TURN {
            let Some(arrival) = self.receivers[at].receive(&mut buffer)? else {
                return Ok(());
            };
            if arrival.length == self.skip + self.load.size {
                run.take(&buffer[self.skip..arrival.length], arrival.at);
            }
        }
        Ok(())
    }
}

/// One run while it lasts.
struct Run {
    number: u32,
    /// By the number of the packet.
    seen: Vec<bool>,
    traffic: Traffic,
}

impl Run {
    /// Writes the next packet, with a ChannelData header if it is `framed`, and returns its length.
    fn write(&mut self, buffer: &mut [u8], framed: bool, size: usize, sent_at: u64) -> usize {
        let head = if framed { HEADER } else { 0 };
        if framed {
            buffer[..2].copy_from_slice(&CHANNEL.to_be_bytes());
            buffer[2..4].copy_from_slice(&(size as u16).to_be_bytes());
        }
        let payload = &mut buffer[head..head + size];
        payload[..4].copy_from_slice(&self.number.to_be_bytes());
        payload[4..8].copy_from_slice(&(self.traffic.sent as u32).to_be_bytes());
        payload[8..STAMP].copy_from_slice(&sent_at.to_be_bytes());
        self.traffic.sent += 1;
        head + size
    }

    /// Counts a packet that arrived, unless it is of another run or came twice.
    fn take(&mut self, payload: &[u8], at: Duration) {
        let (Some((run, rest)), Ok(at)) =
            (payload.split_first_chunk(), u64::try_from(at.as_nanos()))
        else {
            return;
        };
        let (Some((packet, rest)), true) = (
            rest.split_first_chunk(),
            u32::from_be_bytes(*run) == self.number,
        ) else {
            return;
        };
        let Some(sent_at) = rest.first_chunk() else {
            return;
        };
        let packet = u32::from_be_bytes(*packet) as usize;
        let Some(seen @ false) = self.seen.get_mut(packet) else {
            return;
        };
        *seen = true;
        self.traffic.delivered += 1;
        let took = at.saturating_sub(u64::from_be_bytes(*sent_at));
        self.traffic
            .latencies
            .push(u32::try_from(took).unwrap_or(u32::MAX));
    }
}

fn nanos(time: Duration) -> u32 {
    u32::try_from(time.as_nanos()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Scenario, Work};

    #[test]
    fn without_a_server_between_every_packet_arrives_once() {
        for scenario in [Scenario::PeerAudio, Scenario::RelayVideo] {
            let Work::Traffic(load) = scenario.work() else {
                panic!("{scenario:?} sends nothing");
            };
            let mut generator = Generator::direct(load).unwrap();
            for _ in 0..2 {
                let traffic = generator.run(Duration::from_millis(20)).unwrap();
                assert_eq!(traffic.sent, 20 * load.lot);
                assert_eq!(traffic.delivered, traffic.sent);
                assert_eq!(traffic.latencies.len(), traffic.sent);
            }
        }
    }

    #[test]
    fn packets_of_another_run_and_packets_that_come_twice_do_not_count() {
        let mut run = Run {
            number: 2,
            seen: vec![false; 2],
            traffic: Traffic::default(),
        };
        let mut packet = [0; 160];
        run.write(&mut packet, false, 160, 1_000);
        let at = Duration::from_nanos(1_500);
        run.take(&packet, at);
        run.take(&packet, at);
        packet[3] = 1;
        packet[7] = 1;
        run.take(&packet, at);
        assert_eq!(
            (run.traffic.delivered, run.traffic.latencies),
            (1, vec![500])
        );
    }
}
