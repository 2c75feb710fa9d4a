//! The memory that datagrams are received into, made once.

use crate::socket::Socket;
use quinn_udp::RecvMeta;
use std::{
    array,
    io::{self, IoSliceMut},
};

/// Messages in one batch. Each place costs a little even where nothing comes; more of them save next to nothing.
pub(crate) const BATCH: usize = 8;

/// Bytes for one message: with receive offload, one message holds up to 64 datagrams of one sender. Not a power of two, so that the beginnings of
/// all slots do not share one set of the CPU's cache.
const SLOT: usize = (1 << 16) + 192;

#[derive(Debug)]
pub(crate) struct Ingress {
    slots: Box<[u8]>,
    metas: [RecvMeta; BATCH],
}

impl Ingress {
    pub(crate) fn new() -> Self {
        Self {
            slots: vec![0; SLOT * BATCH].into(),
            metas: [RecvMeta::default(); BATCH],
        }
    }

    /// Receives one batch from `socket` and returns how many messages there are.
    pub(crate) fn receive(&mut self, socket: &Socket) -> io::Result<usize> {
        let mut slots = self.slots.chunks_exact_mut(SLOT);
        let mut buffers: [_; BATCH] =
            array::from_fn(|_| IoSliceMut::new(slots.next().expect("there are BATCH slots")));
        socket.receive(&mut buffers, &mut self.metas)
    }

    /// Returns message `at` of the last batch: who sent it, and its datagrams.
    pub(crate) fn message(&self, at: usize) -> (&RecvMeta, impl Iterator<Item = &[u8]>) {
        let meta = &self.metas[at];
        let bytes = &self.slots[at * SLOT..][..meta.len];
        // An empty datagram is one too, and has no chunk.
        let empty = bytes.is_empty().then_some(bytes);
        (
            meta,
            empty.into_iter().chain(bytes.chunks(meta.stride.max(1))),
        )
    }
}
