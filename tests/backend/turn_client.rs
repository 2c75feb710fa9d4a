//! A TURN client of few words, over UDP and TCP: it asks for an allocation with the credentials that a sign-in was issued.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use stun::{
    AttributeWrite, ErrorCode, IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageWrite,
    MessageWriteExt, MessageWriteVec, Nonce, Realm, RequestedTransport, Username, method,
};
use zvonilka::media::IceConfig;

/// As the relay of the tests has it.
const REALM: &str = "test";
const SOON: Duration = Duration::from_secs(5);

/// A client that keeps what it was allocated for as long as it lives.
pub(crate) enum Client {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Client {
    pub(crate) fn udp(relay: SocketAddr) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        socket.connect(relay).unwrap();
        Self::Udp(socket)
    }

    pub(crate) fn tcp(relay: SocketAddr) -> Self {
        let stream = TcpStream::connect(relay).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        Self::Tcp(stream)
    }

    /// Asks for an allocation. Fails with the error code of the answer.
    pub(crate) fn allocate(&mut self, credentials: &IceConfig) -> Result<(), u16> {
        let challenge = self.ask(&allocate(&[]).finish());
        let nonce = stun::read(&challenge).unwrap();
        let nonce = nonce.attribute::<Nonce>().unwrap().nonce().to_owned();
        let username = credentials.username.clone();
        let mut request = allocate(&[
            &Username::new(&username).unwrap(),
            &Realm::new(REALM).unwrap(),
            &Nonce::new(&nonce).unwrap(),
        ]);
        let password = credentials.credential.clone();
        let key = LongTermKeyCredentials::new(username, password, REALM.into())
            .make_key(IntegrityAlgorithm::Sha1);
        request
            .add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1)
            .unwrap();
        let answer = self.ask(&request.finish());
        let answer = stun::read(&answer).unwrap();
        answer
            .attribute::<ErrorCode>()
            .map_or(Ok(()), |error| Err(error.code()))
    }

    fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        match self {
            Self::Udp(socket) => {
                socket.send(request).unwrap();
                let mut answer = vec![0; 2048];
                let length = socket.recv(&mut answer).unwrap();
                answer.truncate(length);
                answer
            }
            Self::Tcp(stream) => {
                stream.write_all(request).unwrap();
                let mut answer = vec![0; 20];
                stream.read_exact(&mut answer).unwrap();
                let body = usize::from(u16::from_be_bytes([answer[2], answer[3]]));
                answer.resize(20 + body, 0);
                stream.read_exact(&mut answer[20..]).unwrap();
                answer
            }
        }
    }
}

fn allocate(more: &[&dyn AttributeWrite]) -> MessageWriteVec {
    let mut request = Message::builder_request(method::ALLOCATE, MessageWriteVec::new());
    let udp = RequestedTransport::new(17);
    for attribute in std::iter::once(&udp as &dyn AttributeWrite).chain(more.iter().copied()) {
        request.add_attribute(attribute).unwrap();
    }
    request
}
