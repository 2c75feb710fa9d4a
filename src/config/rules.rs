//! What settings must agree on with each other.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::{
    errors::Fault,
    layers::Origin,
    load::Loaded,
    names::HostName,
    relay::Turn,
    settings::{Calls, Config},
    units::ByteSize,
    value::Setting,
};

/// A setting at fault: its key, its value as it is shown, and what it must be.
type Refused = (&'static str, String, String);

/// Returns everything that contradicts itself in settings that are right one by one.
pub(super) fn faults(loaded: &mut Loaded) -> Vec<Fault> {
    let Loaded { config, origins } = loaded;
    let all = [
        listeners(config),
        external_addresses(&config.turn),
        relaying(config),
        Vec::from_iter(secrets(&config.turn)),
        certificate(config),
        durations(config),
        sizes(&config.turn),
        group_calls(&config.calls),
    ];
    all.into_iter()
        .flatten()
        .map(|(key, shown, must)| Fault::Rule {
            key,
            shown,
            must,
            origin: origins.get(key).cloned().unwrap_or(Origin::Default),
        })
        .collect()
}

fn refused(key: &'static str, value: &impl Setting, must: impl Into<String>) -> Refused {
    (key, value.show(), must.into())
}

/// What is listened on: no address twice, and the relay at addresses that clients can be told.
fn listeners(config: &Config) -> Vec<Refused> {
    let (mut faults, turn) = (Vec::new(), &config.turn);
    let listen = |must: &str| refused("turn.listen", &turn.listen, must);
    if turn.listen.is_empty() {
        faults.push(listen(
            "expected at least one address and port, such as [\"0.0.0.0:3478\"]",
        ));
    }
    let tcp = [Some(config.http.listen), config.metrics.listen];
    let mut taken: Vec<SocketAddr> = tcp.into_iter().flatten().collect();
    for (key, list) in [
        ("turn.listen", &turn.listen),
        ("turn.tls_listen", &turn.tls_listen),
        ("https.listen", &config.https.listen),
        ("https.redirect_listen", &config.https.redirect_listen),
    ] {
        for at in list {
            if at.port() != 0 && taken.contains(at) {
                let must = format!("{at} is listened on for something else already");
                faults.push(refused(key, list, must));
            }
            taken.push(*at);
        }
    }
    if let Some(metrics) = config.metrics.listen
        && !metrics.ip().is_loopback()
    {
        let must = "metrics are for this machine alone: expected a loopback address, such as \"127.0.0.1:9464\", or \"\" for none";
        faults.push(refused("metrics.listen", &config.metrics.listen, must));
    }
    let udp = [
        ("turn.listen", &turn.listen),
        ("https.listen", &config.https.listen),
    ];
    for (key, list) in udp {
        let relayed = turn.relay_ports.inclusive();
        if let Some(at) = list.iter().find(|at| relayed.contains(&at.port())) {
            let must = format!("holds the port of {at} in {key}");
            faults.push(refused("turn.relay_ports", &turn.relay_ports, must));
        }
    }
    faults
}

/// The addresses that clients and peers are told.
fn external_addresses(turn: &Turn) -> Vec<Refused> {
    let mut faults = Vec::new();
    let reachable = |ip: IpAddr| !ip.is_unspecified() && !ip.is_multicast();
    let must = "expected the one address that clients reach this server by";
    if turn
        .external_address
        .is_some_and(|v4| !reachable(v4.into()) || v4.is_broadcast())
    {
        let key = "turn.external_address";
        faults.push(refused(key, &turn.external_address, must));
    }
    let Some(v6) = turn.external_address_v6 else {
        return faults;
    };
    let key = "turn.external_address_v6";
    if !reachable(v6.into()) || v6.is_unicast_link_local() || v6.to_ipv4_mapped().is_some() {
        faults.push(refused(key, &turn.external_address_v6, must));
    }
    if !turn.listeners().any(|at| at.is_ipv6()) {
        let must =
            "no address in turn.listen is IPv6: add one, such as \"[::]:3478\", or leave this out";
        faults.push(refused(key, &turn.external_address_v6, must));
    }
    faults
}

/// Where the relay may send to, and how much each may have of it.
fn relaying(config: &Config) -> Vec<Refused> {
    let (mut faults, turn) = (Vec::new(), &config.turn);
    if turn.allow_loopback == Some(true) && !config.local_run() {
        let must = "would open services of this machine to whoever may relay; allowed only while all that is listened on is on \
                    loopback and there is no domain";
        faults.push(refused("turn.allow_loopback", &true, must));
    }
    if let Some(net) = turn.allow.iter().find(|net| turn.deny.contains(net)) {
        let must = format!("{net} stands in turn.deny too; one of the two must go");
        faults.push(refused("turn.allow", &turn.allow, must));
    }
    let limits = &turn.limits;
    let parts = [
        (
            ("turn.allocations_per_user", limits.allocations_per_user),
            ("turn.allocations", limits.allocations),
        ),
        (
            ("turn.streams_per_prefix", limits.streams_per_prefix),
            ("turn.streams", limits.streams),
        ),
    ];
    for ((key, part), (whole_key, whole)) in parts {
        if part > whole {
            let must = format!("is above {whole_key} = {whole}");
            faults.push(refused(key, &part, must));
        }
    }
    if limits.stranger_bandwidth_per_prefix > limits.stranger_bandwidth {
        let whole = limits.stranger_bandwidth.show();
        faults.push(refused(
            "turn.stranger_bandwidth_per_prefix",
            &limits.stranger_bandwidth_per_prefix,
            format!("is above turn.stranger_bandwidth = {whole}"),
        ));
    }
    if let Some(realm) = &turn.realm
        && realm.len() > Turn::LONGEST_REALM
    {
        let must = format!("expected at most {} bytes", Turn::LONGEST_REALM);
        faults.push(refused("turn.realm", &turn.realm, must));
    }
    if turn.workers > Turn::MOST_WORKERS {
        let must = format!("expected at most {}", Turn::MOST_WORKERS);
        faults.push(refused("turn.workers", &turn.workers, must));
    }
    faults
}

fn secrets(turn: &Turn) -> Option<Refused> {
    let secret = turn.secret.as_ref()?;
    turn.previous_secrets.contains(secret).then(|| {
        let must = "holds turn.secret itself";
        refused("turn.previous_secrets", &turn.previous_secrets, must)
    })
}

/// A certificate has its key, and whoever speaks TLS has a certificate.
fn certificate(config: &Config) -> Vec<Refused> {
    let Config {
        tls,
        turn,
        https,
        acme,
        ..
    } = config;
    let mut faults = Vec::new();
    let has_files = match (&tls.certificate_file, &tls.key_file) {
        (Some(_), Some(_)) => true,
        (Some(_), None) => {
            let must = "has no key: set tls.key_file too";
            faults.push(refused("tls.certificate_file", &tls.certificate_file, must));
            true
        }
        (None, Some(_)) => {
            let must = "has no certificate: set tls.certificate_file too";
            faults.push(refused("tls.key_file", &tls.key_file, must));
            true
        }
        (None, None) => false,
    };
    if !has_files && !config.uses_acme() {
        for (key, list) in [
            ("turn.tls_listen", &turn.tls_listen),
            ("https.listen", &https.listen),
        ] {
            if !list.is_empty() {
                let must = "TLS needs a certificate: set tls.certificate_file and tls.key_file, or let this server get one by setting domain \
                            and https.listen";
                faults.push(refused(key, list, must));
            }
        }
    }
    if !acme.directory.starts_with("https://") {
        let must = "expected an address that begins with https://";
        faults.push(refused("acme.directory", &acme.directory, must));
    }
    if let Some(email) = &acme.email
        && !email
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && host.parse::<HostName>().is_ok())
    {
        let must = "expected an e-mail address, such as \"me@example.org\"";
        faults.push(refused("acme.email", &acme.email, must));
    }
    if https.connections_per_prefix > https.connections {
        let must = format!("is above https.connections = {}", https.connections);
        let key = "https.connections_per_prefix";
        faults.push(refused(key, &https.connections_per_prefix, must));
    }
    faults
}

fn durations(config: &Config) -> Vec<Refused> {
    let (mut faults, auth, turn) = (Vec::new(), &config.auth, &config.turn);
    if auth.access_token_lifetime >= auth.refresh_token_lifetime {
        let least = auth.access_token_lifetime.show();
        faults.push(refused(
            "auth.refresh_token_lifetime",
            &auth.refresh_token_lifetime,
            format!("must be above auth.access_token_lifetime = {least}"),
        ));
    }
    if turn.clock_skew >= turn.credential_lifetime {
        let most = turn.credential_lifetime.show();
        let must = format!("must be below turn.credential_lifetime = {most}");
        faults.push(refused("turn.clock_skew", &turn.clock_skew, must));
    }
    let no_zero = [
        (
            "auth.access_token_lifetime",
            auth.access_token_lifetime,
            Duration::from_secs(5),
        ),
        (
            "calls.ring_timeout",
            config.calls.ring_timeout,
            Duration::from_secs(1),
        ),
        (
            "calls.rejoin_timeout",
            config.calls.rejoin_timeout,
            Duration::from_secs(1),
        ),
        (
            "calls.record_lifetime",
            config.calls.record_lifetime,
            Duration::from_hours(1),
        ),
        (
            "turn.credential_lifetime",
            turn.credential_lifetime,
            Duration::from_mins(1),
        ),
    ];
    for (key, duration, least) in no_zero {
        if duration < least {
            let must = format!("expected at least {}", least.show());
            faults.push(refused(key, &duration, must));
        }
    }
    faults
}

/// Below these nothing would work at all.
fn sizes(turn: &Turn) -> Vec<Refused> {
    let limits = &turn.limits;
    let least = [
        (
            "turn.user_bandwidth",
            limits.user_bandwidth,
            ByteSize::kib(16),
        ),
        (
            "turn.stranger_bandwidth_per_prefix",
            limits.stranger_bandwidth_per_prefix,
            ByteSize::kib(1),
        ),
        (
            "turn.stream_buffer",
            limits.stream_buffer,
            ByteSize::kib(64),
        ),
    ];
    let low = least.into_iter().filter(|(_, size, least)| size < least);
    low.map(|(key, size, least)| refused(key, &size, format!("expected at least {}", least.show())))
        .collect()
}

/// What a group call may have: enough for one, and no more than can be served.
fn group_calls(calls: &Calls) -> Vec<Refused> {
    let mut faults = Vec::new();
    let bounds = [
        (
            "calls.group_participants",
            calls.group_participants,
            (2, Calls::MOST_PARTICIPANTS),
        ),
        (
            "calls.group_publications",
            calls.group_publications,
            (Calls::LEAST_PUBLICATIONS, Calls::MOST_PUBLICATIONS),
        ),
        (
            "calls.group_layers",
            calls.group_layers,
            (1, Calls::MOST_LAYERS),
        ),
    ];
    for (key, value, (least, most)) in bounds {
        if !(least..=most).contains(&value.get()) {
            faults.push(refused(key, &value, format!("expected {least} to {most}")));
        }
    }
    if calls.group_video_bitrate < Calls::LEAST_VIDEO {
        let must = format!("expected at least {}", Calls::LEAST_VIDEO.show());
        let key = "calls.group_video_bitrate";
        faults.push(refused(key, &calls.group_video_bitrate, must));
    }
    faults
}
