//! What an IP address is for, with the IPv4 address inside an IPv6 one taken out first.
//!
//! Forms that embed IPv4 are how deny lists elsewhere were passed, so nothing is decided about an address before [`canonical`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// A host on the internet.
    Public,
    /// A host on some network of its own: private, shared (CGNAT), documentation, benchmarking.
    Private,
    /// This host.
    Loopback,
    /// No host that a relay may send to: unspecified, link-local, multicast, broadcast, reserved, tunnels.
    Unreachable,
}

impl Scope {
    /// Returns the scope of `ip` in its canonical form.
    pub(crate) fn of(ip: IpAddr) -> Self {
        match canonical(ip) {
            // A tunnel's way depends on whoever runs its other end, wherever it leads (RFC 7526).
            IpAddr::V4(_) if is_6to4(ip) => Self::Unreachable,
            IpAddr::V4(ip) => Self::of_v4(ip),
            IpAddr::V6(ip) => Self::of_v6(ip),
        }
    }

    fn of_v4(ip: Ipv4Addr) -> Self {
        match ip.octets() {
            [127, ..] => Self::Loopback,
            // Where clouds tell a machine its secrets: Alibaba's and Azure's, which are not link-local.
            [100, 100, 100, 200] | [168, 63, 129, 16] => Self::Unreachable,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Self::Private,
            [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [198, 18..=19, ..] => {
                Self::Private
            }
            [0, ..] | [169, 254, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [224..=255, ..] => {
                Self::Unreachable
            }
            _ => Self::Public,
        }
    }

    fn of_v6(ip: Ipv6Addr) -> Self {
        match ip.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // The same at Amazon and Google.
            [0xfd00, 0x0ec2, ..] | [0xfd20, 0x00ce, ..] => Self::Unreachable,
            // ISATAP: an IPv4 address behind any prefix (RFC 5214 section 6.1).
            [_, _, _, _, 0 | 0x0200, 0x5efe, _, _] => Self::Unreachable,
            [0xfc00..=0xfdff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Self::Private,
            [0x2001, 0..=0x01ff, ..] => Self::Unreachable,
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Unreachable,
        }
    }
}

fn is_6to4(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.segments()[0] == 0x2002)
}

/// Returns the IPv4 address that `ip` stands for, if it embeds one (mapped, compatible, 6to4, NAT64), else `ip`.
pub(crate) fn canonical(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let v4 = |high: u16, low: u16| {
        IpAddr::from(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => ip,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => v4(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => v4(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_embeds_ipv4_has_the_scope_of_the_ipv4_address() {
        for form in ["::ffff:{}", "::{}", "::ffff:0:{}", "64:ff9b::{}"] {
            for (inner, scope) in [
                ("127.0.0.1", Scope::Loopback),
                ("10.1.2.3", Scope::Private),
                ("169.254.169.254", Scope::Unreachable),
                ("8.8.8.8", Scope::Public),
            ] {
                let spelled = form.replace("{}", inner);
                assert_eq!(Scope::of(spelled.parse().unwrap()), scope, "{spelled}");
            }
        }
    }

    #[test]
    fn a_tunnel_leads_nowhere_whatever_it_leads_to() {
        for tunnel in ["2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1"] {
            assert_eq!(scope(tunnel), Scope::Unreachable, "{tunnel}");
        }
    }

    #[test]
    fn only_hosts_on_the_internet_are_public() {
        let private = [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "fd00::1",
            "2001:db8::1",
        ];
        let unreachable = [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "::",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "64:ff9b:1::1",
            "64:ff9b:1::8.8.8.8",
            "64:ff9b:1:808:8:800::",
            "100.100.100.200",
            "168.63.129.16",
            "fd00:ec2::254",
            "2a00:1450::5efe:10.0.0.1",
            "2a00:1450::200:5efe:8.8.8.8",
            "2001:0:808:808::1",
            "2001::1",
            "100::1",
            "5f00::1",
        ];
        let public = ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2a00:1450::1"];
        assert!(private.iter().all(|ip| scope(ip) == Scope::Private));
        assert!(public.iter().all(|ip| scope(ip) == Scope::Public));
        for ip in unreachable {
            assert_eq!(scope(ip), Scope::Unreachable, "{ip}");
        }
    }

    fn scope(ip: &str) -> Scope {
        Scope::of(ip.parse().unwrap())
    }
}
