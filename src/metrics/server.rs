//! What the backend counts: requests, sockets, messages, calls, the database.

use std::time::{Duration, UNIX_EPOCH};

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use tokio::time::timeout;

use super::Sources;
use crate::bus::Channel;
use crate::domain::{CallForm, CallStatus};
use crate::store::{Db, StoreError, group_calls};

pub(super) const REQUESTS: &str = "zvonilka_http_request_duration_seconds";
pub(super) const WAITED: &str = "zvonilka_database_wait_seconds";
pub(super) const LASTED: &str = "zvonilka_database_transaction_seconds";

const CERTIFICATE_ENDS: &str = "zvonilka_certificate_expires_timestamp_seconds";
const CERTIFICATE_FAILING: &str = "zvonilka_certificate_renewal_failing";

/// How long a reading waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn describe() {
    for (name, help) in [
        (
            REQUESTS,
            "HTTP requests by route, method and class of the answer, and how long they took to be answered.",
        ),
        (
            WAITED,
            "How long transactions waited for a connection, and on SQLite writers for those before them, by access.",
        ),
        (LASTED, "How long transactions lasted, by access."),
    ] {
        describe_histogram!(name, Unit::Seconds, help);
    }
    for (name, help) in [
        ("zvonilka_sockets", "Socket.IO sessions, by channel."),
        ("zvonilka_people_online", "People with a device connected."),
        (
            "zvonilka_calls",
            "Calls that ring or go on, by form and status.",
        ),
        (
            "zvonilka_database_up",
            "Whether the database answered this reading.",
        ),
        (
            "zvonilka_database_connections",
            "Open connections to the database, by pool and state.",
        ),
        (
            CERTIFICATE_ENDS,
            "Until when the certificate that is served is good, in seconds since 1970; absent while there is none.",
        ),
        (
            CERTIFICATE_FAILING,
            "1 if the last attempt to have a newer certificate failed.",
        ),
        (
            "zvonilka_build_info",
            "Always 1; the version is in the label.",
        ),
    ] {
        describe_gauge!(name, help);
    }
    for (name, help) in [
        ("zvonilka_chat_messages_total", "Messages that were posted."),
        (
            "zvonilka_calls_ended_total",
            "Calls that are over, by form and by how they ended.",
        ),
    ] {
        describe_counter!(name, help);
    }
}

/// The calls that ring or go on; `None` if the database does not say.
pub(super) async fn live_calls(db: &Db) -> Option<Vec<(CallForm, CallStatus, i64)>> {
    let counted = async {
        let mut tx = db.read().await?;
        group_calls::count_live(&mut tx).await
    };
    match timeout(PATIENCE, counted).await {
        Ok(Ok(counts)) => Some(counts),
        Ok(Err(error)) => {
            let error: &StoreError = &error;
            tracing::warn!(%error, "calls could not be counted");
            None
        }
        Err(_) => None,
    }
}

pub(super) fn record(sources: &Sources, live: Option<&[(CallForm, CallStatus, i64)]>) {
    for (name, channel) in [("chat", Channel::Chat), ("calls", Channel::Calls)] {
        gauge!("zvonilka_sockets", "channel" => name).set(sources.bus.count(channel) as f64);
    }
    gauge!("zvonilka_people_online").set(sources.bus.online().len() as f64);
    counter!("zvonilka_chat_messages_total").absolute(sources.tally.messages());
    for ((form, reason), count) in sources.tally.calls_ended() {
        counter!("zvonilka_calls_ended_total", "form" => form, "reason" => reason).absolute(count);
    }
    gauge!("zvonilka_database_up").set(if live.is_some() { 1.0 } else { 0.0 });
    for form in [CallForm::Private, CallForm::Group] {
        for status in [CallStatus::Ringing, CallStatus::Answered] {
            let of = |(its, at, _): &&(CallForm, CallStatus, i64)| (*its, *at) == (form, status);
            let count = live.map(|live| live.iter().find(of).map_or(0, |(_, _, count)| *count));
            if let Some(count) = count {
                let labels = [("form", form.as_str()), ("status", status.as_str())];
                gauge!("zvonilka_calls", &labels).set(count as f64);
            }
        }
    }
    for pool in sources.db.pools() {
        let idle = pool.idle as f64;
        let used = f64::from(pool.open) - idle;
        for (state, count) in [("idle", idle), ("used", used.max(0.0))] {
            let labels = [("pool", pool.name), ("state", state)];
            gauge!("zvonilka_database_connections", &labels).set(count);
        }
    }
    if let Some(certificates) = &sources.certificates {
        let status = certificates.status();
        let ends = status
            .validity
            .and_then(|it| it.until.duration_since(UNIX_EPOCH).ok());
        if let Some(ends) = ends {
            gauge!(CERTIFICATE_ENDS).set(ends.as_secs_f64());
        }
        gauge!(CERTIFICATE_FAILING).set(if status.failure.is_some() { 1.0 } else { 0.0 });
    }
    gauge!("zvonilka_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}
