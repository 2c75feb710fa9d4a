//! One stream of a client: bytes in, bytes out, with TLS around them or without.
//!
//! Holds no memory while it is silent: what it needs for a partial frame or a queue it borrows from the [`Pool`].

use crate::door::{Arrival, Place, Spoken};
use mio::{Interest, Registry, Token, net::TcpStream};
use rustls::ServerConnection;
use std::{
    io::{self, Read, Write},
    mem,
    time::Instant,
};
use stun::stream::Next;
use turn::FiveTuple;

/// Bytes that wait inside of TLS at most, beside the queue.
const INSIDE_TLS: usize = 64 << 10;

/// Buffers that streams give back and take again.
#[derive(Debug, Default)]
pub(crate) struct Pool(Vec<Vec<u8>>);

/// As many as are kept.
const POOLED: usize = 32;

impl Pool {
    fn put(&mut self, buffer: &mut Vec<u8>) {
        let mut buffer = mem::take(buffer);
        if buffer.capacity() > 0 && self.0.len() < POOLED {
            buffer.clear();
            self.0.push(buffer);
        }
    }

    fn fill(&mut self, buffer: &mut Vec<u8>) {
        if buffer.capacity() == 0
            && let Some(pooled) = self.0.pop()
        {
            *buffer = pooled;
        }
    }
}

/// Why a stream is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Its client closed it, or the network failed.
    Gone,
    /// It does not carry what it began with, or a frame that is too long.
    Garbage,
    /// It had no allocation and said nothing whole for too long.
    Idle,
    /// Its client does not read, and an answer found no room.
    Stuck,
    /// It carries ICE of nobody in a room.
    Stranger,
    /// It had no allocation and no room, and its place was wanted.
    Crowded,
}

#[derive(Debug)]
pub(crate) struct Stream {
    socket: TcpStream,
    tls: Option<Box<ServerConnection>>,
    pub(super) five_tuple: FiveTuple,
    pub(super) spoken: Spoken,
    /// The beginning of a frame whose end has not come.
    partial: Vec<u8>,
    /// What waits to be written, from `written` on.
    queue: Vec<u8>,
    written: usize,
    /// Where the frame ends that TLS has taken a part of.
    frame_end: usize,
    /// When the last whole message came.
    pub(super) heard: Instant,
    /// When it is looked at next.
    pub(super) look: Instant,
    /// It is in the list of those that have something to write.
    pub(super) dirty: bool,
    pub(super) ending: Option<Ending>,
    /// Given back when the stream is dropped.
    pub(super) place: Place,
}

impl Stream {
    /// Takes a stream over and watches it.
    pub(super) fn adopt(
        arrival: Arrival,
        registry: &Registry,
        token: Token,
        now: Instant,
        look: Instant,
    ) -> io::Result<Self> {
        let mut stream = Self {
            socket: TcpStream::from_std(arrival.socket),
            tls: arrival.tls,
            five_tuple: arrival.five_tuple,
            spoken: arrival.spoken,
            partial: arrival.read,
            queue: Vec::new(),
            written: 0,
            frame_end: 0,
            heard: now,
            look,
            dirty: false,
            ending: None,
            place: arrival.place,
        };
        if let Some(tls) = &mut stream.tls {
            tls.set_buffer_limit(Some(INSIDE_TLS));
        }
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut stream.socket, token, both)?;
        Ok(stream)
    }

    /// Puts the partial frame and what comes after it into `scratch`, and returns how many bytes that are.
    ///
    /// # Errors
    /// `WouldBlock` if nothing more has come; any other ends the stream, as does [`io::ErrorKind::UnexpectedEof`].
    pub(super) fn read(&mut self, scratch: &mut [u8]) -> io::Result<usize> {
        let (head, rest) = scratch.split_at_mut(self.partial.len());
        let read = match &mut self.tls {
            None => self.socket.read(rest)?,
            Some(tls) => read_tls(tls, &mut self.socket, rest)?,
        };
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.copy_from_slice(&self.partial);
        Ok(head.len() + read)
    }

    /// Returns what the door had read before.
    pub(super) fn read_before(&mut self) -> Vec<u8> {
        mem::take(&mut self.partial)
    }

    /// Keeps `rest`, the beginning of a frame, until more has come.
    pub(super) fn keep(&mut self, rest: &[u8], pool: &mut Pool) {
        if rest.is_empty() {
            pool.put(&mut self.partial);
        } else {
            pool.fill(&mut self.partial);
            self.partial.clear();
            self.partial.extend_from_slice(rest);
        }
    }

    /// Queues one frame, made of `parts`, unless more than `most` bytes would wait then. Returns whether it did.
    pub(super) fn push(&mut self, parts: [&[u8]; 3], most: usize, pool: &mut Pool) -> bool {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if self.waiting() + length > most {
            return false;
        }
        pool.fill(&mut self.queue);
        for part in parts {
            self.queue.extend_from_slice(part);
        }
        true
    }

    /// Writes what waits, as far as the kernel takes it.
    pub(super) fn write(&mut self, pool: &mut Pool) -> io::Result<()> {
        let result = match &mut self.tls {
            None => write_plain(&mut self.socket, &self.queue, &mut self.written),
            Some(tls) => write_tls(
                tls,
                &mut self.socket,
                &self.queue,
                &mut self.written,
                &mut self.frame_end,
            ),
        };
        if self.written == self.queue.len() {
            (self.written, self.frame_end) = (0, 0);
            pool.put(&mut self.queue);
        } else if self.written > self.queue.len() / 2 {
            self.queue.drain(..self.written);
            self.frame_end = self.frame_end.saturating_sub(self.written);
            self.written = 0;
        }
        match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            result => result,
        }
    }

    /// Returns how many bytes wait to be written.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len() - self.written
    }

    /// Writes what waits and says goodbye, as far as the kernel takes it, and gives its memory back.
    pub(super) fn close(mut self, pool: &mut Pool) {
        // It is a courtesy: the stream ends whether it can be written or not.
        let _ = self.write(pool);
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = tls.write_tls(&mut self.socket);
        }
        pool.put(&mut self.partial);
        pool.put(&mut self.queue);
    }
}

fn read_tls(
    tls: &mut ServerConnection,
    socket: &mut TcpStream,
    buffer: &mut [u8],
) -> io::Result<usize> {
    loop {
        match tls.reader().read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
        if tls.read_tls(socket)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        tls.process_new_packets().map_err(io::Error::other)?;
        if tls.wants_write() {
            // An alert, a key update: it may wait for the next write if the kernel does not take it.
            match tls.write_tls(socket) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
    }
}

fn write_plain(socket: &mut TcpStream, queue: &[u8], written: &mut usize) -> io::Result<()> {
    if *written < queue.len() {
        *written += socket.write(&queue[*written..])?;
    }
    Ok(())
}

/// Gives TLS one frame for each record, as some clients take a record for a message, and writes all of them at once.
fn write_tls(
    tls: &mut ServerConnection,
    socket: &mut TcpStream,
    queue: &[u8],
    written: &mut usize,
    frame_end: &mut usize,
) -> io::Result<()> {
    loop {
        while *written < queue.len() {
            if written == frame_end {
                *frame_end += frame(&queue[*written..]);
            }
            let taken = tls.writer().write(&queue[*written..*frame_end])?;
            *written += taken;
            if taken == 0 {
                break;
            }
        }
        if !tls.wants_write() {
            return Ok(());
        }
        tls.write_tls(socket)?;
    }
}

/// Returns the length of the frame that `queue` begins with. What is queued are whole frames.
fn frame(queue: &[u8]) -> usize {
    match stun::stream::next(queue, usize::MAX) {
        Ok(Next::Frame { length, padding }) => length + padding,
        Ok(Next::Missing { .. }) | Err(_) => queue.len(),
    }
}
