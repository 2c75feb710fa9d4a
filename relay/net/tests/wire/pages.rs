//! One port for everything: pages over TLS, TURN over each transport, and UDP beside it.

use crate::support::{Client, SOON, Wire, certificate, config, start, tls};
use net::{Config, Https, PageLimits, Relay};
use std::{
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
    time::timeout,
};

#[tokio::test(flavor = "multi_thread")]
async fn turn_is_served_over_every_transport_where_pages_are() {
    let served = Served::start(20_620..=20_629, PageLimits::default());
    tokio::task::spawn_blocking(move || {
        let at = served.address;
        for client in [
            Client::connect(at, "alice"),
            Client::over(Wire::tcp(at), "alice"),
            Client::over(Wire::tls(at, &served.files, false), "alice"),
            Client::over(Wire::tls(at, &served.files, true), "alice"),
        ] {
            client.allocate().unwrap();
        }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn http_comes_out_as_it_was_sent_and_goes_back() {
    let mut served = Served::start(20_630..=20_639, PageLimits::default());
    let mut browser = tls(served.address, &served.files, false);
    let asked = tokio::task::spawn_blocking(move || {
        browser.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = [0; 8];
        browser.read_exact(&mut answer).unwrap();
        (browser, answer)
    });
    let https = served.next().await;
    assert!(https.client().ip().is_loopback());
    let mut stream = https.open().await.unwrap();
    let mut question = [0; 18];
    stream.read_exact(&mut question).await.unwrap();
    assert_eq!(&question, b"GET / HTTP/1.1\r\n\r\n");
    stream.write_all(b"HTTP/1.1").await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(&asked.await.unwrap().1, b"HTTP/1.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_so_many_places_and_streams_take_none_of_them() {
    let limits = PageLimits {
        in_all: 2,
        per_prefix: 2,
    };
    let mut served = Served::start(20_640..=20_649, limits);
    let connect = |served: &Served| tls(served.address, &served.files, false);
    let streams: Vec<_> = (0..3)
        .map(|_| Client::over(Wire::tls(served.address, &served.files, true), "alice"))
        .collect();
    let mut browsers = Vec::new();
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut browser = connect(&served);
        browser.write_all(b"GET / HTTP/1.1").unwrap();
        browsers.push(browser);
        open.push(served.next().await.open().await.unwrap());
    }
    let mut refused = connect(&served);
    let error = refused.write_all(b"GET / HTTP/1.1").unwrap_err();
    assert_ne!(error.kind(), ErrorKind::WouldBlock, "it is closed");
    drop(open.pop());
    browsers.pop();
    let mut browser = connect(&served);
    browser.write_all(b"GET / HTTP/1.1").unwrap();
    served.next().await;
    drop(streams);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_in_the_clear_and_where_no_pages_are_is_refused() {
    let served = Served::start(20_650..=20_659, PageLimits::default());
    tokio::task::spawn_blocking(move || {
        let mut clear = crate::support::tcp(served.address);
        clear.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert!(!matches!(clear.read(&mut [0; 9]), Ok(1..)));
        let mut elsewhere = tls(served.relay.local_addrs()[0], &served.files, false);
        elsewhere.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert!(!matches!(elsewhere.read(&mut [0; 9]), Ok(1..)));
    })
    .await
    .unwrap();
}

struct Served {
    files: TempDir,
    relay: Relay,
    address: SocketAddr,
    pages: mpsc::Receiver<Https>,
}

impl Served {
    fn start(ports: std::ops::RangeInclusive<u16>, pages: PageLimits) -> Self {
        let (files, certificates) = certificate();
        let (mut relay, _) = start(Config {
            certificates: Some(certificates),
            https_listen: vec!["127.0.0.1:0".parse().unwrap()],
            pages,
            ..config(ports)
        });
        Self {
            files,
            address: relay.https_addrs()[0],
            pages: relay.pages().unwrap(),
            relay,
        }
    }

    async fn next(&mut self) -> Https {
        let next = timeout(SOON, self.pages.recv()).await;
        next.expect("a connection comes").unwrap()
    }
}
