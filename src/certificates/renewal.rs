//! When the files are read again, and when the authority is asked.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use tokio::time::{Instant, sleep};

use super::{Acme, AcmeError, Shared, Validity, pem};

/// How often the files are read again: they are small, and whoever replaces them may do it by links, which no watch would see.
const LOOK: Duration = Duration::from_secs(60);

/// How often the clock is looked at, which may be set, or may have stood still while the machine slept.
const TICK: Duration = Duration::from_secs(3600);

/// How long after a failure it is tried again, first and at most. An authority that looked in vain counts it, and refuses who fails often: five times an
/// hour are allowed where most certificates come from, and an attempt may fail two ways.
const AFTER_REFUSAL: (Duration, Duration) =
    (Duration::from_secs(30 * 60), Duration::from_secs(6 * 3600));
const AFTER_SILENCE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(30 * 60));

/// Below this much of its life a certificate that is not renewed is worth a louder word.
const LATE: u32 = 6;

/// Reads the files again whenever they may have changed.
pub(super) async fn watch(shared: &Shared, certificate: &Path, key: &Path) {
    loop {
        tokio::select! {
            () = sleep(LOOK) => {}
            () = shared.asked.notified() => {}
        }
        match pem::load(certificate, key) {
            Ok(new) => {
                if shared.is_news(&new) {
                    tracing::info!("the certificate was read again");
                    shared.serve(new);
                }
            }
            Err(error) => {
                let why = error.to_string();
                if shared.state().failure.as_ref() != Some(&why) {
                    tracing::warn!(%error, "cannot read the certificate again; the one before stays");
                    shared.fail(why);
                }
            }
        }
    }
}

/// Asks the authority whenever there is no certificate, or a third of its life is left.
pub(super) async fn renew(shared: &Shared, acme: &Acme) {
    let mut failures = 0;
    // To a clock that is far ahead a certificate is due at once: the authority would be asked again and again.
    let mut soonest = Instant::now();
    loop {
        let now = SystemTime::now();
        let due = shared
            .validity()
            .map_or(Duration::ZERO, |validity| due(validity, now));
        let wait = due.max(soonest.saturating_duration_since(Instant::now()));
        if !wait.is_zero() {
            tokio::select! {
                () = sleep(wait.min(TICK)) => {}
                () = shared.asked.notified() => {}
            }
            continue;
        }
        match acme.obtain(shared).await {
            Ok(certificate) => {
                failures = 0;
                soonest = Instant::now() + certificate.validity.length() / 3;
                tracing::info!("the authority has given a certificate");
                shared.serve(certificate);
            }
            Err(error) => {
                let (first, most) = match &error {
                    AcmeError::Refused { .. } => AFTER_REFUSAL,
                    AcmeError::Unreachable { .. }
                    | AcmeError::Kept(_)
                    | AcmeError::Answer(_)
                    | AcmeError::Unservable(_) => AFTER_SILENCE,
                };
                let wait = first.saturating_mul(1 << failures.min(10)).min(most);
                failures += 1;
                tell(shared, &error, wait);
                shared.fail(error.to_string());
                tokio::select! {
                    () = sleep(wait) => {}
                    () = shared.asked.notified() => {}
                }
            }
        }
    }
}

fn tell(shared: &Shared, error: &AcmeError, wait: Duration) {
    let minutes = wait.as_secs() / 60;
    let now = SystemTime::now();
    match shared.validity() {
        None => {
            tracing::error!(%error, again_in_minutes = minutes, "there is no certificate yet, so nobody can come in over TLS")
        }
        Some(Validity { until, .. }) if until <= now => {
            tracing::error!(%error, again_in_minutes = minutes, "the certificate has expired and cannot be renewed");
        }
        Some(validity) => {
            let days = left(validity, now).as_secs() / 86_400;
            if left(validity, now) < validity.length() / LATE {
                tracing::error!(%error, days_left = days, again_in_minutes = minutes, "the certificate cannot be renewed and expires soon");
            } else {
                tracing::warn!(%error, days_left = days, again_in_minutes = minutes, "the certificate cannot be renewed; the one before stays");
            }
        }
    }
}

/// Returns in how long the certificate is to be renewed: when a third of its life is left.
fn due(validity: Validity, now: SystemTime) -> Duration {
    left(validity, now).saturating_sub(validity.length() / 3)
}

fn left(validity: Validity, now: SystemTime) -> Duration {
    validity.until.duration_since(now).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn a_certificate_is_renewed_when_a_third_of_its_life_is_left() {
        let day = |day: u64| UNIX_EPOCH + Duration::from_secs(day * 86_400);
        let validity = Validity {
            from: day(0),
            until: day(90),
        };
        assert_eq!(due(validity, day(0)), Duration::from_secs(60 * 86_400));
        assert_eq!(due(validity, day(59)), Duration::from_secs(86_400));
        assert_eq!(due(validity, day(60)), Duration::ZERO);
        assert_eq!(due(validity, day(100)), Duration::ZERO);
    }
}
