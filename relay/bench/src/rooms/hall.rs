//! The generator's end of the control channel.

use super::control::{Order, Told};
use crate::server::Server;
use anyhow::Context;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::{
    io::{ErrorKind, Read, Write},
    process::{ChildStdin, ChildStdout},
};

/// A server with rooms, and the channel to it.
#[derive(Debug)]
pub(crate) struct Hall {
    pub(crate) server: Server,
    orders: ChildStdin,
    told: ChildStdout,
    buffer: Vec<u8>,
    /// How much of the buffer is known to have no end of a line.
    searched: usize,
}

impl Hall {
    /// Takes over a `server` that has been started with rooms.
    ///
    /// # Errors
    /// If it has no control channel.
    pub(crate) fn new(mut server: Server) -> anyhow::Result<Self> {
        let (orders, told) = server.control().context("a server without rooms")?;
        fcntl(&told, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self {
            server,
            orders,
            told,
            buffer: Vec::new(),
            searched: 0,
        })
    }

    /// Asks something of a room.
    ///
    /// # Errors
    /// If the server is gone.
    pub(crate) fn order(&mut self, order: &Order) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        self.orders.write_all(&line).context("the server is gone")
    }

    /// Returns the next that the server tells, if it has told something.
    ///
    /// # Errors
    /// If it is gone.
    pub(crate) fn hear(&mut self) -> anyhow::Result<Option<Told>> {
        loop {
            let new = &self.buffer[self.searched..];
            if let Some(end) = new.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=self.searched + end).collect();
                self.searched = 0;
                return Ok(Some(serde_json::from_slice(&line)?));
            }
            self.searched = self.buffer.len();
            let mut chunk = [0; 1 << 16];
            match self.told.read(&mut chunk) {
                Ok(0) => anyhow::bail!("the server is gone"),
                Ok(length) => self.buffer.extend(&chunk[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
