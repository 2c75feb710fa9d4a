//! What systemd is told (`sd_notify(3)`): that the server is ready, that it reads its settings again, that it stops, that it is alive. Without systemd
//! nobody is told anything.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{interval, timeout};

use crate::media::Media;

/// Says that everything is open.
pub(crate) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Says that the settings are read again; [`ready`] says when that is done.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "systemd is not told of the reload"),
    }
}

/// Says that the server is about to end.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Says again and again that the server is alive, if systemd asked for that: as long as every worker of the relay answers. Ends never.
pub(crate) async fn watch(media: Media) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    let mut beat = interval(limit / 3);
    loop {
        beat.tick().await;
        if answers(&media, limit / 3).await {
            tell(&[NotifyState::Watchdog]);
        } else {
            tracing::error!("the relay does not answer; systemd will start the server again");
        }
    }
}

async fn answers(media: &Media, patience: Duration) -> bool {
    timeout(patience, media.allocations()).await.is_ok()
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}
