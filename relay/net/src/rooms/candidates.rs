//! The media addresses of the server: its external addresses with the ports of the listeners.

use std::net::{IpAddr, SocketAddr};

/// The candidates that participants are told, and which of them a datagram was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidates(Vec<SocketAddr>);

impl Candidates {
    /// Returns those of a relay that is `external` to its peers and listens on `listen`, in this order.
    pub(crate) fn of(external: impl IntoIterator<Item = IpAddr>, listen: &[SocketAddr]) -> Self {
        let mut candidates = Vec::new();
        for ip in external {
            for listener in listen {
                let candidate = SocketAddr::new(ip, listener.port());
                // An unspecified IPv6 address takes IPv4 too.
                let hears = listener.is_ipv4() == ip.is_ipv4()
                    || (listener.is_ipv6() && listener.ip().is_unspecified());
                if hears && !candidates.contains(&candidate) {
                    candidates.push(candidate);
                }
            }
        }
        Self(candidates)
    }

    pub(crate) fn as_slice(&self) -> &[SocketAddr] {
        &self.0
    }

    /// Returns the candidate that was meant by who sent to `local`, an address of the host: the network may have translated it.
    pub(crate) fn meant_by(&self, local: SocketAddr) -> SocketAddr {
        let same = |candidate: &&SocketAddr| {
            candidate.port() == local.port() && candidate.is_ipv4() == local.is_ipv4()
        };
        self.0.iter().find(same).copied().unwrap_or(local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_port_is_a_candidate_once_in_each_family_that_hears_it() {
        let candidates = candidates(&["10.0.0.1:3478", "127.0.0.1:3478", "10.0.0.1:443"]);
        assert_eq!(
            candidates.as_slice(),
            addresses(&["203.0.113.1:3478", "203.0.113.1:443"])
        );
        let candidates = self::candidates(&["[::]:3478", "[2001:db8::7]:443"]);
        assert_eq!(
            candidates.as_slice(),
            addresses(&[
                "203.0.113.1:3478",
                "[2001:db8::1]:3478",
                "[2001:db8::1]:443"
            ])
        );
    }

    #[test]
    fn who_sent_to_an_address_of_the_host_meant_the_candidate_of_its_family_and_port() {
        let candidates = candidates(&["[::]:3478", "[::]:443"]);
        for (local, meant) in [
            ("10.0.0.1:443", "203.0.113.1:443"),
            ("203.0.113.1:3478", "203.0.113.1:3478"),
            ("[fd00::7]:443", "[2001:db8::1]:443"),
            ("10.0.0.1:5349", "10.0.0.1:5349"),
        ] {
            let local = local.parse().unwrap();
            assert_eq!(candidates.meant_by(local), meant.parse().unwrap());
        }
    }

    fn candidates(listen: &[&str]) -> Candidates {
        let external = ["203.0.113.1", "2001:db8::1"].map(|ip| ip.parse().unwrap());
        Candidates::of(external, &addresses(listen))
    }

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }
}
