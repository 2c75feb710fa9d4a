//! `/status`: how the server is, for `zvonilka setup` and for who looks after it.

use std::time::UNIX_EPOCH;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::refused::Refused;
use crate::domain::{Authority, InviteState, UnixMillis};

/// How the server is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Of the program.
    pub version: String,
    /// Where people find the web client.
    pub address: String,
    /// Of TLS; null: none is served.
    pub certificate: Option<CertificateStatus>,
    /// Accounts.
    pub users: usize,
    /// A link by which somebody can join, if there is one that works.
    pub invite: Option<String>,
}

/// How the certificate is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateStatus {
    /// Until when it is good; null: there is none yet.
    pub expires_at: Option<UnixMillis>,
    /// Why the last attempt to have a newer one failed; null: it did not.
    pub failure: Option<String>,
}

pub(super) async fn show(State(app): State<Shared>) -> Result<Json<Status>, Refused> {
    let users = app.people.all().await?.len();
    let invites = app.invites.list(Authority::Operator).await?;
    let now = app.clock.now();
    let open = invites
        .iter()
        .find(|invite| matches!(invite.state(now), InviteState::Open));
    let certificate = app.certificates.as_ref().map(|certificates| {
        let status = certificates.status();
        let expires_at = status.validity.and_then(|validity| {
            let since = validity.until.duration_since(UNIX_EPOCH).ok()?;
            Some(UnixMillis(i64::try_from(since.as_millis()).ok()?))
        });
        CertificateStatus {
            expires_at,
            failure: status.failure,
        }
    });
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        address: app.address.clone(),
        certificate,
        users,
        invite: open.map(|invite| format!("{}/join/{}", app.address, invite.code)),
    }))
}
