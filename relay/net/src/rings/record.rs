//! What one worker hands to another, and how it is written in a ring: a head of fixed length for each kind, then the payload.

use sfu::{Path, Via};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use turn::{Family, PeerAddr, RelayedPort};

/// What one worker hands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record<'a> {
    /// A payload for the relayed port `on` of the receiver, which came from `from`.
    Relayed {
        on: RelayedPort,
        from: PeerAddr,
        payload: &'a [u8],
    },
    /// A datagram for a room of the receiver.
    Media { path: Path, datagram: &'a [u8] },
    /// What comes on this path is for a room of the sender.
    Mine(Path),
    /// What comes on this path is not for the sender any more.
    NotMine(Path),
    /// The end of this path that the sender served is gone.
    Closed(Path),
}

/// The most bytes of a head.
const LONGEST: usize = KIND + LENGTH + PATH;

const KIND: usize = 1;
const LENGTH: usize = 2;
const PORT: usize = 1 + 2;
/// Address, port, scope.
const ADDRESS: usize = 16 + 2 + 4;
const PATH: usize = 1 + 3 * ADDRESS;

const RELAYED: u8 = 0;
const MEDIA: u8 = 1;
const MINE: u8 = 2;
const NOT_MINE: u8 = 3;
const CLOSED: u8 = 4;

/// The head of a record, as it is written.
#[derive(Debug)]
pub(super) struct Head {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Record<'_> {
    pub(super) fn payload(&self) -> &[u8] {
        match self {
            Self::Relayed { payload, .. } => payload,
            Self::Media { datagram, .. } => datagram,
            Self::Mine(_) | Self::NotMine(_) | Self::Closed(_) => &[],
        }
    }
}

impl Head {
    /// Returns the head of `record`, unless its payload is longer than any datagram.
    pub(super) fn of(record: &Record<'_>) -> Option<Self> {
        let length = u16::try_from(record.payload().len()).ok()?.to_be_bytes();
        let mut head = Self {
            bytes: [0; LONGEST],
            length: 0,
        };
        match record {
            Record::Relayed { on, from, .. } => {
                head.put(&[RELAYED]);
                head.put(&length);
                head.put(&[match on.family {
                    Family::V4 => 4,
                    Family::V6 => 6,
                }]);
                head.put(&on.port.to_be_bytes());
                head.put_address(from.get());
            }
            Record::Media { path, .. } => head.put_path(MEDIA, length, path),
            Record::Mine(path) => head.put_path(MINE, length, path),
            Record::NotMine(path) => head.put_path(NOT_MINE, length, path),
            Record::Closed(path) => head.put_path(CLOSED, length, path),
        }
        Some(head)
    }

    /// Begins to read one, whose kind is known.
    pub(super) fn begin(kind: [u8; KIND]) -> Self {
        let mut bytes = [0; LONGEST];
        bytes[..KIND].copy_from_slice(&kind);
        let length = if kind == [RELAYED] {
            KIND + LENGTH + PORT + ADDRESS
        } else {
            KIND + LENGTH + PATH
        };
        Self { bytes, length }
    }

    /// Returns where the rest of it is read into.
    pub(super) fn rest(&mut self) -> &mut [u8] {
        &mut self.bytes[KIND..self.length]
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Returns how many bytes of payload follow.
    pub(super) fn payload(&self) -> usize {
        usize::from(u16::from_be_bytes([self.bytes[1], self.bytes[2]]))
    }

    /// Returns what was written, with its payload.
    pub(super) fn record<'a>(&self, payload: &'a [u8]) -> Record<'a> {
        let body = &self.bytes[KIND + LENGTH..];
        match self.bytes[0] {
            RELAYED => Record::Relayed {
                on: RelayedPort {
                    family: if body[0] == 4 { Family::V4 } else { Family::V6 },
                    port: u16::from_be_bytes([body[1], body[2]]),
                },
                from: PeerAddr::from(address(&body[PORT..])),
                payload,
            },
            MEDIA => Record::Media {
                path: path(body),
                datagram: payload,
            },
            MINE => Record::Mine(path(body)),
            NOT_MINE => Record::NotMine(path(body)),
            _ => Record::Closed(path(body)),
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    fn put_path(&mut self, kind: u8, length: [u8; LENGTH], path: &Path) {
        self.put(&[kind]);
        self.put(&length);
        self.put(&[match path.via {
            Via::Udp => 0,
            Via::Tcp => 1,
            Via::Relay => 2,
        }]);
        for address in [path.remote, path.local, path.media] {
            self.put_address(address);
        }
    }

    fn put_address(&mut self, address: SocketAddr) {
        let (ip, scope) = match address {
            SocketAddr::V4(v4) => (v4.ip().to_ipv6_mapped(), 0),
            SocketAddr::V6(v6) => (*v6.ip(), v6.scope_id()),
        };
        self.put(&ip.octets());
        self.put(&address.port().to_be_bytes());
        self.put(&scope.to_be_bytes());
    }
}

fn path(bytes: &[u8]) -> Path {
    let address = |at: usize| address(&bytes[1 + at * ADDRESS..]);
    Path {
        via: match bytes[0] {
            0 => Via::Udp,
            1 => Via::Tcp,
            _ => Via::Relay,
        },
        remote: address(0),
        local: address(1),
        media: address(2),
    }
}

fn address(bytes: &[u8]) -> SocketAddr {
    let (ip, rest) = bytes
        .split_first_chunk::<16>()
        .expect("an address is written whole");
    let port = u16::from_be_bytes([rest[0], rest[1]]);
    let scope = u32::from_be_bytes([rest[2], rest[3], rest[4], rest[5]]);
    let ip = Ipv6Addr::from(*ip);
    match ip.to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(v4.into(), port),
        IpAddr::V6(v6) => SocketAddrV6::new(v6, port, 0, scope).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_as_it_was_written() {
        let path = |via| Path {
            via,
            remote: SocketAddrV6::new("fe80::1".parse().unwrap(), 4000, 0, 7).into(),
            local: "192.0.2.1:3478".parse().unwrap(),
            media: "[2001:db8::1]:443".parse().unwrap(),
        };
        let relayed = |family, from: &str| Record::Relayed {
            on: RelayedPort {
                family,
                port: 50_000,
            },
            from: PeerAddr::from(from.parse::<SocketAddr>().unwrap()),
            payload: b"payload",
        };
        for record in [
            relayed(Family::V4, "192.0.2.1:1"),
            relayed(Family::V6, "[2001:db8::1]:65535"),
            Record::Media {
                path: path(Via::Udp),
                datagram: b"",
            },
            Record::Media {
                path: path(Via::Relay),
                datagram: &[7; 1200],
            },
            Record::Mine(path(Via::Udp)),
            Record::NotMine(path(Via::Tcp)),
            Record::Closed(path(Via::Relay)),
        ] {
            let written = Head::of(&record).unwrap();
            let mut read = Head::begin([written.as_bytes()[0]]);
            read.rest().copy_from_slice(&written.as_bytes()[KIND..]);
            assert_eq!(read.payload(), record.payload().len());
            assert_eq!(read.record(record.payload()), record);
        }
        let longest = [0; 1 << 16];
        assert!(
            Head::of(&Record::Media {
                path: path(Via::Udp),
                datagram: &longest,
            })
            .is_none()
        );
    }
}
