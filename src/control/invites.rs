//! `/invites`: codes with which people join.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::refused::{Kind, Refused};
use super::{Done, Shared};
use crate::domain::{self, Authority, InviteCode, InviteState, UnixMillis};
use crate::service::InviteError;

/// A code.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invite {
    /// What is typed.
    pub code: String,
    /// What is sent instead: it fills the code in.
    pub link: String,
    /// `open`, `expired` or `used`.
    pub state: String,
    /// How many may use it; null: any number.
    pub usage_limit: Option<i32>,
    /// How many used it.
    pub usage_count: i32,
    /// When it stops working; null: never.
    pub expires_at: Option<UnixMillis>,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// A code to be made.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewInvite {
    /// How many may use it; null: any number.
    pub usage_limit: Option<i32>,
    /// For how many seconds it works; null: for ever.
    pub seconds: Option<u64>,
}

impl Invite {
    fn new(invite: &domain::Invite, app: &Shared) -> Self {
        let state = match invite.state(app.clock.now()) {
            InviteState::Open => "open",
            InviteState::Expired => "expired",
            InviteState::UsedUp => "used",
        };
        Self {
            code: invite.code.to_string(),
            // A code needs no escaping.
            link: format!("{}/join/{}", app.address, invite.code),
            state: state.into(),
            usage_limit: invite.usage_limit,
            usage_count: invite.usage_count,
            expires_at: invite.expires_at,
            created_at: invite.created_at,
        }
    }
}

pub(super) async fn list(State(app): State<Shared>) -> Result<Json<Vec<Invite>>, Refused> {
    let invites = app.invites.list(Authority::Operator).await?;
    let invite = |invite| Invite::new(invite, &app);
    Ok(Json(invites.iter().map(invite).collect()))
}

pub(super) async fn create(
    State(app): State<Shared>,
    Json(new): Json<NewInvite>,
) -> Result<Json<Invite>, Refused> {
    if new.usage_limit.is_some_and(|limit| limit < 1) {
        let message = "an invitation must be usable at least once";
        return Err(Refused::new(Kind::Invalid, message));
    }
    if new.seconds == Some(0) {
        let message = "an invitation must work for a while; give it some time, such as 7d";
        return Err(Refused::new(Kind::Invalid, message));
    }
    let until = |seconds| {
        app.clock
            .now()
            .plus(std::time::Duration::from_secs(seconds))
    };
    let (by, expires_at) = (Authority::Operator, new.seconds.map(until));
    let invite = app
        .invites
        .generate(by, new.usage_limit, expires_at)
        .await?;
    tracing::info!(invite = %invite.id, "invitation made by the operator");
    Ok(Json(Invite::new(&invite, &app)))
}

pub(super) async fn revoke(
    State(app): State<Shared>,
    Path(code): Path<String>,
) -> Result<Json<Done>, Refused> {
    let code = InviteCode::parse(&code).map_err(|_| InviteError::Unknown)?;
    app.invites.revoke(Authority::Operator, &code).await?;
    tracing::info!("invitation revoked by the operator");
    Ok(Json(Done {}))
}
