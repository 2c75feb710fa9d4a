//! Foreign clients: coturn's `turnutils_uclient` with its echo peer, and the client of webrtc-rs.

use crate::support::{REALM, SECRET, certificate, config, credentials, eventually, start};
use net::{Config, Relay};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use webrtc_turn::client::{Client, ClientConfig};
use webrtc_util::Conn;

#[test]
fn turnutils_reaches_a_peer_by_channels() {
    to_a_peer(20_200..=20_249, &[]);
}

#[test]
fn turnutils_reaches_a_peer_by_send_indications() {
    to_a_peer(20_250..=20_299, &["-s"]);
}

#[test]
fn turnutils_reaches_itself_relay_to_relay_by_channels() {
    relay_to_relay(20_300..=20_349, &[]);
}

#[test]
fn turnutils_reaches_itself_relay_to_relay_by_send_indications() {
    relay_to_relay(20_350..=20_399, &["-s"]);
}

#[test]
fn turnutils_reaches_a_peer_over_tcp() {
    to_a_peer(21_100..=21_149, &["-t"]);
    to_a_peer(21_150..=21_199, &["-t", "-s"]);
}

#[test]
fn turnutils_reaches_a_peer_over_tls() {
    to_a_peer(21_200..=21_249, &["-t", "-S"]);
    to_a_peer(21_250..=21_299, &["-t", "-S", "-s"]);
}

#[test]
fn turnutils_reaches_itself_relay_to_relay_over_tcp_and_tls() {
    relay_to_relay(21_300..=21_349, &["-t"]);
    relay_to_relay(21_350..=21_399, &["-t", "-S", "-s"]);
}

#[test]
fn turnutils_reaches_an_ipv6_peer_over_udp_tcp_and_tls() {
    for options in [
        &["-x"][..],
        &["-x", "-s"],
        &["-x", "-t"],
        &["-x", "-t", "-S"],
    ] {
        to_a_peer_of(IpAddr::from(Ipv6Addr::LOCALHOST), 21_400..=21_449, options);
    }
}

#[test]
fn the_client_of_webrtc_rs_reaches_a_peer_and_hears_it() {
    let (_relay, address) = start(config(21_450..=21_499));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let session = "alice".parse().unwrap();
        let credentials = credentials(&session);
        let conn = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(ClientConfig {
            stun_serv_addr: address.to_string(),
            turn_serv_addr: address.to_string(),
            username: credentials.username,
            password: credentials.credential,
            realm: REALM.into(),
            software: String::new(),
            rto_in_ms: 0,
            conn: Arc::new(conn),
            vnet: None,
        })
        .await
        .unwrap();
        client.listen().await.unwrap();
        assert_eq!(
            client.send_binding_request().await.unwrap().ip(),
            IpAddr::from(Ipv4Addr::LOCALHOST)
        );
        let relayed = client.allocate().await.unwrap();
        let peer = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let peer_address = peer.local_addr().unwrap();
        // The first leave as indications, the rest over the channel that the client binds by itself.
        for round in 0..50u8 {
            let (sent, mut buffer) = ([round; 1000], [0; 1500]);
            relayed.send_to(&sent, peer_address).await.unwrap();
            let (length, from) = peer.recv_from(&mut buffer).await.unwrap();
            assert_eq!(
                (&buffer[..length], from),
                (&sent[..], relayed.local_addr().unwrap())
            );
            peer.send_to(&buffer[..length], from).await.unwrap();
            let (length, from) = relayed.recv_from(&mut buffer).await.unwrap();
            assert_eq!((&buffer[..length], from), (&sent[..], peer_address));
        }
        relayed.close().await.unwrap();
        client.close().await.unwrap();
    });
}

fn to_a_peer(ports: RangeInclusive<u16>, options: &[&str]) {
    to_a_peer_of(IpAddr::from(Ipv4Addr::LOCALHOST), ports, options);
}

fn to_a_peer_of(ip: IpAddr, ports: RangeInclusive<u16>, options: &[&str]) {
    let (_files, _relay, address) = start_on(ip, ports, options);
    let peer = Peer::start(ip);
    let (ip, port) = (ip.to_string(), peer.port.to_string());
    let printed = uclient(address, &[&["-e", &ip, "-r", &port], options].concat());
    assert!(printed.contains("Total lost packets 0 "), "{printed}");
}

fn relay_to_relay(ports: RangeInclusive<u16>, options: &[&str]) {
    let (_files, relay, address) = start_on(Ipv4Addr::LOCALHOST.into(), ports, options);
    let printed = uclient(address, &[&["-y"], options].concat());
    assert!(
        printed.contains("Total lost packets 0 "),
        "{printed} {:?}",
        relay.handle().counters()
    );
}

/// Returns a relay on `ip`, and where it listens for clients with these options.
fn start_on(
    ip: IpAddr,
    ports: RangeInclusive<u16>,
    options: &[&str],
) -> (TempDir, Relay, SocketAddr) {
    let (files, tls) = certificate();
    let any = SocketAddr::new(ip, 0);
    let (relay, address) = start(Config {
        listen: vec![any],
        tls_listen: vec![any],
        certificates: Some(tls),
        relay_v6: Some(Ipv6Addr::LOCALHOST),
        ..config(ports)
    });
    let address = if options.contains(&"-S") {
        relay.tls_addrs()[0]
    } else {
        address
    };
    (files, relay, address)
}

/// Runs the client with a secret from which it makes its ephemeral credentials, and returns what it printed.
fn uclient(relay: SocketAddr, options: &[&str]) -> String {
    let port = relay.port().to_string();
    let output = tool("turnutils_uclient")
        .args([
            "-c", "-u", "alice", "-W", SECRET, "-n", "10", "-m", "2", "-l", "300", "-p", &port,
        ])
        .args(options)
        .arg(relay.ip().to_string())
        .output()
        .unwrap_or_else(|error| missing(&error));
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// An echo on a port of its own.
struct Peer {
    process: Child,
    port: u16,
}

impl Peer {
    fn start(ip: IpAddr) -> Self {
        let any = SocketAddr::new(ip, 0);
        let port = UdpSocket::bind(any).unwrap().local_addr().unwrap().port();
        let process = tool("turnutils_peer")
            .args(["-L", &ip.to_string(), "-p", &port.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| missing(&error));
        let peer = Self { process, port };
        let probe = UdpSocket::bind(any).unwrap();
        probe
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        eventually("the peer answers", || {
            probe.send_to(b"probe", (ip, port)).unwrap();
            probe.recv(&mut [0; 10]).is_ok()
        });
        peer
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn tool(name: &str) -> Command {
    let mut command = Command::new(name);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

fn missing<T>(error: &std::io::Error) -> T {
    panic!("coturn's utilities do not start ({error}); `make test` installs them")
}
