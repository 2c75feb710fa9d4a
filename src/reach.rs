//! By which addresses clients reach this server: those that are configured, else those of the machine, else what DNS says of the domain.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::StartError;
use crate::config::Config;

/// How long DNS may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The addresses, of each family that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) v4: Option<Ipv4Addr>,
    pub(crate) v6: Option<Ipv6Addr>,
}

impl Reach {
    /// Finds them.
    ///
    /// # Errors
    /// [`StartError::NoAddress`] if IPv4 is listened on everywhere, and neither the machine nor DNS knows an address of it that others could reach.
    pub(crate) async fn find(config: &Config) -> Result<Self, StartError> {
        let turn = &config.turn;
        let told = Self {
            v4: turn.relay_v4(),
            v6: turn.relay_v6(),
        };
        let everywhere = |v6: bool| {
            let mut all = turn.listen.iter().map(SocketAddr::ip);
            all.any(|ip| ip.is_unspecified() && ip.is_ipv6() == v6)
        };
        // [::] takes IPv4 too.
        let (find_v6, find_v4) = (everywhere(true), everywhere(false) || everywhere(true));
        if (told.v4.is_some() || !find_v4) && (told.v6.is_some() || !find_v6) {
            return Ok(told);
        }
        let own = ::net::host_addresses()?;
        let named = match &config.domain {
            Some(domain) => resolve(domain.as_str()).await,
            None => Vec::new(),
        };
        let found = choose(&own, &named);
        let reach = Self {
            v4: told.v4.or(found.v4.filter(|_| find_v4)),
            v6: told.v6.or(found.v6.filter(|_| find_v6)),
        };
        if reach.v4.is_none() && reach.v6.is_none() {
            return Err(StartError::NoAddress {
                domain: config.domain.as_ref().map(ToString::to_string),
            });
        }
        let told: Vec<_> = reach.all().map(|ip| ip.to_string()).collect();
        tracing::info!(
            addresses = told.join(", "),
            "clients are told these addresses"
        );
        let elsewhere =
            !named.is_empty() && !named.iter().any(|ip| reach.all().any(|own| own == *ip));
        if elsewhere {
            tracing::warn!(
                ?named,
                "the domain leads elsewhere in DNS; if clients come by that address, set turn.external_address to it"
            );
        }
        Ok(reach)
    }

    /// Returns each of them.
    fn all(self) -> impl Iterator<Item = IpAddr> {
        let v4 = self.v4.map(IpAddr::from);
        v4.into_iter().chain(self.v6.map(IpAddr::from))
    }
}

/// Chooses among the machine's own addresses, those that DNS gives before others; behind NAT it has none, and what DNS gives is that of the NAT.
fn choose(own: &[IpAddr], named: &[IpAddr]) -> Reach {
    let own: Vec<IpAddr> = own.iter().copied().filter(|ip| is_public(*ip)).collect();
    let is_own = |ip: &&IpAddr| own.contains(ip);
    let v4 = |ip: &IpAddr| match ip {
        IpAddr::V4(v4) => Some(*v4),
        IpAddr::V6(_) => None,
    };
    let v6 = |ip: &IpAddr| match ip {
        IpAddr::V6(v6) => Some(*v6),
        IpAddr::V4(_) => None,
    };
    let both = || named.iter().filter(is_own);
    Reach {
        v4: (both().find_map(v4))
            .or_else(|| own.iter().find_map(v4))
            .or_else(|| named.iter().filter(|ip| is_public(**ip)).find_map(v4)),
        // There is no NAT in front of an IPv6 address.
        v6: (both().find_map(v6)).or_else(|| own.iter().find_map(v6)),
    }
}

async fn resolve(domain: &str) -> Vec<IpAddr> {
    match timeout(PATIENCE, lookup_host((domain, 0))).await {
        Ok(Ok(found)) => found.map(|at| at.ip().to_canonical()).collect(),
        Ok(Err(error)) => {
            tracing::warn!(%error, domain, "the domain cannot be looked up in DNS");
            Vec::new()
        }
        Err(_) => {
            tracing::warn!(domain, "DNS does not answer");
            Vec::new()
        }
    }
}

/// Returns whether others could reach this address from the Internet.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            // RFC 6598: between a provider and its customers.
            let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xC0 == 64;
            let local = ip.is_private() || ip.is_loopback() || ip.is_link_local();
            !(shared || local || ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast())
        }
        // RFC 4291 section 2.4 and the IANA registry: global unicast is 2000::/3.
        IpAddr::V6(ip) => ip.segments()[0] & 0xE000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(own: &[&str], named: &[&str]) -> (Option<String>, Option<String>) {
        let parse = |all: &[&str]| -> Vec<IpAddr> {
            all.iter()
                .map(|ip| ip.parse().expect("an address"))
                .collect()
        };
        let reach = choose(&parse(own), &parse(named));
        (
            reach.v4.map(|v4| v4.to_string()),
            reach.v6.map(|v6| v6.to_string()),
        )
    }

    fn v4(address: &str) -> (Option<String>, Option<String>) {
        (Some(address.to_owned()), None)
    }

    #[test]
    fn a_public_address_of_the_machine_is_taken_without_dns() {
        assert_eq!(
            chosen(&["127.0.0.1", "203.0.113.10"], &[]),
            v4("203.0.113.10")
        );
    }

    #[test]
    fn of_several_the_one_that_dns_gives_is_taken() {
        let own = ["203.0.113.10", "203.0.113.11"];
        assert_eq!(chosen(&own, &["203.0.113.11"]), v4("203.0.113.11"));
        assert_eq!(chosen(&own, &["198.51.100.1"]), v4("203.0.113.10"));
    }

    #[test]
    fn behind_nat_it_is_what_dns_gives() {
        for own in ["10.0.0.4", "100.64.1.1", "192.168.1.2", "169.254.0.1"] {
            assert_eq!(chosen(&[own], &["198.51.100.1"]), v4("198.51.100.1"));
            assert_eq!(chosen(&[own], &["10.9.9.9"]), (None, None));
        }
    }

    #[test]
    fn an_ipv6_address_is_the_machines_own() {
        let own = ["203.0.113.10", "fe80::1", "2001:db8::10"];
        let both = (Some("203.0.113.10".into()), Some("2001:db8::10".into()));
        assert_eq!(chosen(&own, &[]), both);
        assert_eq!(chosen(&["10.0.0.4"], &["2001:db8::10"]), (None, None));
    }
}
