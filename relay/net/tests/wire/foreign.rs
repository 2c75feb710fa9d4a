//! A foreign client: coturn's `turnutils_uclient`, and its echo peer.

use crate::support::{SECRET, config, eventually, start};
use std::{
    net::{SocketAddr, UdpSocket},
    process::{Child, Command, Stdio},
    time::Duration,
};

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

fn to_a_peer(ports: std::ops::RangeInclusive<u16>, options: &[&str]) {
    let (_relay, address) = start(config(ports));
    let peer = Peer::start();
    let port = peer.port.to_string();
    let printed = uclient(
        address,
        &[&["-e", "127.0.0.1", "-r", &port], options].concat(),
    );
    assert!(printed.contains("Total lost packets 0 "), "{printed}");
}

fn relay_to_relay(ports: std::ops::RangeInclusive<u16>, options: &[&str]) {
    let (relay, address) = start(config(ports));
    let printed = uclient(address, &[&["-y"], options].concat());
    assert!(
        printed.contains("Total lost packets 0 "),
        "{printed} {:?}",
        relay.handle().counters()
    );
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
    fn start() -> Self {
        let port = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let process = tool("turnutils_peer")
            .args(["-L", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| missing(&error));
        let peer = Self { process, port };
        let probe = UdpSocket::bind("127.0.0.1:0").unwrap();
        probe
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        eventually("the peer answers", || {
            probe.send_to(b"probe", ("127.0.0.1", port)).unwrap();
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
