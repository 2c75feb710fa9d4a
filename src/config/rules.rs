//! What settings must agree on with each other.

use std::time::Duration;

use super::{errors::Fault, layers::Origin, load::Loaded, value::Setting};

/// Returns everything that contradicts itself in settings that are right one by one.
pub(super) fn faults(loaded: &mut Loaded) -> Vec<Fault> {
    let Loaded { config, origins } = loaded;
    let mut faults = Vec::new();
    let mut refuse = |key: &'static str, shown: String, must: String| {
        let origin = origins.get(key).cloned().unwrap_or(Origin::Default);
        faults.push(Fault::Rule {
            key,
            shown,
            must,
            origin,
        });
    };

    let turn = &config.turn;
    if turn.listen.ip().is_unspecified() && turn.external_address.is_none() {
        let must = "clients need one address to reach the relay by; set turn.external_address to this server's public address, \
                    or turn.listen to a single address";
        refuse("turn.listen", turn.listen.show(), must.into());
    }
    if let Some(address) = turn.external_address
        && (address.is_unspecified() || address.is_multicast())
    {
        refuse(
            "turn.external_address",
            address.show(),
            "expected the one address that clients reach this server by".into(),
        );
    }
    if turn.relay_ports.inclusive().contains(&turn.listen.port()) {
        let must = format!("holds the port of turn.listen = {}", turn.listen.show());
        refuse("turn.relay_ports", turn.relay_ports.show(), must);
    }
    if turn.allow_loopback == Some(true) && !config.local_run() {
        let must = "would open services of this machine to whoever may relay; allowed only while http.listen and turn.listen are on \
                    loopback and there is no domain";
        refuse("turn.allow_loopback", true.show(), must.into());
    }
    if turn.allocations_per_user > turn.allocations {
        let must = format!("is above turn.allocations = {}", turn.allocations);
        refuse(
            "turn.allocations_per_user",
            turn.allocations_per_user.show(),
            must,
        );
    }
    if turn
        .previous_secrets
        .iter()
        .any(|previous| turn.secret.as_ref() == Some(previous))
    {
        refuse(
            "turn.previous_secrets",
            turn.previous_secrets.show(),
            "holds turn.secret itself".into(),
        );
    }

    let auth = &config.auth;
    if auth.access_token_lifetime >= auth.refresh_token_lifetime {
        let must = format!(
            "must be above auth.access_token_lifetime = {}",
            auth.access_token_lifetime.show()
        );
        refuse(
            "auth.refresh_token_lifetime",
            auth.refresh_token_lifetime.show(),
            must,
        );
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
            "turn.credential_lifetime",
            turn.credential_lifetime,
            Duration::from_mins(1),
        ),
    ];
    for (key, duration, least) in no_zero {
        if duration < least {
            refuse(
                key,
                duration.show(),
                format!("expected at least {}", least.show()),
            );
        }
    }
    faults
}
