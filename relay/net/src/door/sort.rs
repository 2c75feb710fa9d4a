//! What a new TCP connection is, told by its first bytes and never by its port.
//!
//! A connection that begins as TLS is taken through its handshake, then told by ALPN, or by the first bytes inside where a client has none.

use crate::{
    streams::MOST_ICE,
    tls::{ACME, HTTP, TURN},
};
use rustls::ServerConnection;
use std::io;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

/// The first byte of a TLS handshake record (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 0x16;

/// As many bytes as tell a protocol: a STUN message up to its cookie.
const HEAD: usize = 8;

/// Bytes of the length before a frame of ICE (RFC 4571 section 2).
const LENGTH: usize = 2;

/// What a connection turned out to be.
#[derive(Debug)]
pub(crate) enum Sorted {
    /// TURN.
    Turn(Opened),
    /// ICE, which begins with a connectivity check for a room of this worker.
    Ice(Opened, u8),
    /// HTTP inside TLS: by its ALPN, or because what is inside is nothing else.
    Http(Opened),
    /// The question of an ACME authority, which the handshake has answered.
    Acme,
    /// Something else.
    Other(Opened),
}

/// A connection past its beginning.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) socket: TcpStream,
    /// The TLS inside it; it may hold bytes that have been received.
    pub(crate) tls: Option<Box<ServerConnection>>,
    /// What has been read of it, to be taken before anything else: plain bytes, or those inside TLS.
    pub(crate) read: Vec<u8>,
}

/// Finds out what `socket` carries, and takes it through a TLS handshake with `tls` if that is what it begins with.
///
/// # Errors
/// The connection's, or the handshake's. It takes as long as the client does: the caller sets a limit.
pub(crate) async fn sort(mut socket: TcpStream, tls: Option<&TlsAcceptor>) -> io::Result<Sorted> {
    let mut first = [0];
    if socket.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let Some(tls) = tls.filter(|_| first == [HANDSHAKE]) else {
        let mut read = head(&mut socket).await?;
        let frame = check(&read);
        if let Some(frame) = frame {
            read.resize(frame.max(HEAD), 0);
            socket.read_exact(&mut read[HEAD..]).await?;
        }
        let worker = frame.and_then(|_| sfu::worker_of_request(&read[LENGTH..]));
        let opened = Opened {
            socket,
            tls: None,
            read,
        };
        return Ok(match worker {
            Some(worker) => Sorted::Ice(opened, worker),
            None if is_turn(&opened.read) => Sorted::Turn(opened),
            None => Sorted::Other(opened),
        });
    };
    let mut stream = tls.accept(socket).await?;
    let inside = match stream.get_ref().1.alpn_protocol() {
        Some(TURN) => Inside::Turn,
        Some(name) if HTTP.contains(&name) => Inside::Http,
        Some(ACME) => {
            // The authority has its answer by now, and may have hung up.
            if let Err(error) = stream.shutdown().await {
                tracing::debug!(%error, "a challenge was not said goodbye to");
            }
            return Ok(Sorted::Acme);
        }
        Some(_) | None => Inside::Unsaid(head(&mut stream).await?),
    };
    let (socket, tls) = stream.into_inner();
    let opened = |read| Opened {
        socket,
        tls: Some(Box::new(tls)),
        read,
    };
    Ok(match inside {
        Inside::Turn => Sorted::Turn(opened(Vec::new())),
        Inside::Http => Sorted::Http(opened(Vec::new())),
        Inside::Unsaid(read) if is_turn(&read) => Sorted::Turn(opened(read)),
        Inside::Unsaid(read) => Sorted::Http(opened(read)),
    })
}

/// What a connection over TLS has said of what is inside.
enum Inside {
    Turn,
    Http,
    /// Nothing, but it has begun with these bytes.
    Unsaid(Vec<u8>),
}

async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD];
    stream.read_exact(&mut head).await?;
    Ok(head)
}

/// Returns how long the first frame is, its length before it included, if `head` begins like a connectivity check of ICE: a Binding request whose cookie
/// comes two bytes later than that of a message of TURN.
fn check(head: &[u8]) -> Option<usize> {
    let &[l0, l1, 0, 1, _, _, 0x21, 0x12] = head else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    (length <= MOST_ICE).then_some(LENGTH + length)
}

fn is_turn(head: &[u8]) -> bool {
    // ChannelData needs an allocation before it, so a stream begins with a message; the letters of HTTP's methods would pass for ChannelData.
    let message = stun::DatagramClass::of(head) == stun::DatagramClass::Stun;
    message && stun::stream::next(head, stun::MAX_MESSAGE).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rustls::{
        ClientConfig, RootCertStore, ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer,
    };
    use std::sync::Arc;
    use tokio::{io::AsyncWrite, net::TcpListener};
    use tokio_rustls::TlsConnector;

    const BINDING: &[u8] = b"\x00\x01\x00\x00\x21\x12\xa4\x42............";

    #[tokio::test]
    async fn a_stun_message_is_turn_and_its_bytes_are_put_back() {
        let opened = turn(plain(BINDING).await);
        assert!(opened.tls.is_none());
        assert_eq!(opened.read, BINDING[..8]);
    }

    #[tokio::test]
    async fn everything_else_is_something_else() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"\x40\x00\x00\x04\x21\x12\xa4\x42",
            b"\x00\x20\x00\x03\x00\x00\x21\x12",
            &[0xFF; 20],
        ] {
            assert!(matches!(plain(bytes).await, Sorted::Other(_)), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn a_connectivity_check_behind_its_length_is_ice_of_the_worker_in_its_ufrag() {
        let mut check = b"\x00\x01\x00\x14\x21\x12\xa4\x42............".to_vec();
        check.extend(b"\x00\x06\x00\x0e01abcdef:there\0\0");
        let bytes = [&[0, check.len() as u8][..], &check].concat();
        let Sorted::Ice(opened, worker) = plain(&bytes).await else {
            panic!("no ICE");
        };
        assert_eq!((opened.read, worker), (bytes, 1));
    }

    #[tokio::test]
    async fn a_binding_request_behind_a_length_that_is_no_check_is_something_else() {
        let short = [&[0, 20][..], BINDING].concat();
        let long = [&[0x7F, 0xFF][..], BINDING].concat();
        for bytes in [short, long] {
            assert!(matches!(plain(&bytes).await, Sorted::Other(_)));
        }
    }

    #[tokio::test]
    async fn inside_tls_alpn_tells_before_any_byte() {
        let opened = turn(inside_tls(&[TURN], b"").await.unwrap());
        assert!(opened.tls.is_some() && opened.read.is_empty());
    }

    #[tokio::test]
    async fn inside_tls_without_alpn_the_first_bytes_tell() {
        let opened = turn(inside_tls(&[], BINDING).await.unwrap());
        assert_eq!(opened.read, BINDING[..8]);
        let http = inside_tls(&[], b"GET / HTTP/1.1\r\n").await.unwrap();
        assert!(matches!(http, Sorted::Http(opened) if opened.read == b"GET / HT"));
    }

    #[tokio::test]
    async fn http_is_told_by_alpn_before_any_byte() {
        for name in HTTP {
            let http = inside_tls(&[name], b"").await.unwrap();
            assert!(matches!(http, Sorted::Http(opened) if opened.read.is_empty()));
        }
    }

    #[tokio::test]
    async fn an_acme_authority_has_its_answer_with_the_handshake() {
        assert!(matches!(
            inside_tls(&[ACME], b"").await.unwrap(),
            Sorted::Acme
        ));
    }

    #[tokio::test]
    async fn a_client_of_another_protocol_alone_is_refused_in_the_handshake() {
        assert!(inside_tls(&[b"imap"], b"").await.is_err());
    }

    #[tokio::test]
    async fn without_a_certificate_tls_is_something_else() {
        let sorted = plain(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03").await;
        assert!(matches!(sorted, Sorted::Other(_)));
    }

    async fn plain(bytes: &[u8]) -> Sorted {
        let (mut client, server) = connected().await;
        // A byte at a time, as a network may do it.
        let (sorted, _) = tokio::join!(sort(server, None), async {
            for byte in bytes {
                client.write_all(&[*byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        sorted.unwrap()
    }

    async fn inside_tls(alpn: &[&[u8]], bytes: &[u8]) -> io::Result<Sorted> {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let provider = Arc::new(ring::default_provider());
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .unwrap();
        server.alpn_protocols = [TURN, HTTP[0], HTTP[1], ACME].map(<[u8]>::to_vec).into();
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();

        let (near, far) = connected().await;
        let acceptor = TlsAcceptor::from(Arc::new(server));
        let (sorted, _) = tokio::join!(sort(far, Some(&acceptor)), async {
            let name = "localhost".try_into().unwrap();
            let stream = TlsConnector::from(Arc::new(client)).connect(name, near);
            if let Ok(mut stream) = stream.await {
                speak(&mut stream, bytes).await;
            }
        });
        sorted
    }

    async fn speak(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
        stream.write_all(bytes).await.unwrap();
        stream.flush().await.unwrap();
    }

    async fn connected() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        (near.unwrap(), far.unwrap().0)
    }

    fn turn(sorted: Sorted) -> Opened {
        match sorted {
            Sorted::Turn(opened) => opened,
            Sorted::Acme => panic!("no TURN, but ACME"),
            Sorted::Ice(other, _) | Sorted::Http(other) | Sorted::Other(other) => {
                panic!("no TURN: {other:?}")
            }
        }
    }
}
