//! `/health`: for whoever watches over the server, without a sign-in and without a secret.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;

/// That the process answers.
#[derive(Serialize, ToSchema)]
pub(super) struct LiveBody {
    /// `ok`.
    #[schema(value_type = String)]
    status: &'static str,
}

/// What works.
#[derive(Serialize, ToSchema)]
pub(super) struct ReadyBody {
    /// `ok`, or `unavailable` if any part is not `ok`.
    #[schema(value_type = String)]
    status: &'static str,
    /// `ok`, or `fails`: the database does not answer.
    #[schema(value_type = String)]
    database: &'static str,
    /// `ok`, or `fails`: a thread of the relay does not answer.
    #[schema(value_type = String)]
    relay: &'static str,
    /// `ok`, or `stopping`.
    #[schema(value_type = String)]
    server: &'static str,
}

/// Says that the process answers.
#[utoipa::path(get, path = "/health/live", tag = "health", security(()), responses((status = 200, body = LiveBody)))]
pub(super) async fn live() -> Json<LiveBody> {
    Json(LiveBody { status: "ok" })
}

/// Says whether the server can do its work, and which part cannot. An answer is up to a second old.
#[utoipa::path(get, path = "/health/ready", tag = "health", security(()), responses(
    (status = 200, body = ReadyBody), (status = 503, body = ReadyBody),
))]
pub(super) async fn ready(State(app): State<Shared>) -> (StatusCode, Json<ReadyBody>) {
    let ready = app.health.ready().await;
    let part = |works, otherwise| if works { "ok" } else { otherwise };
    let status = if ready.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = ReadyBody {
        status: part(ready.is_ready(), "unavailable"),
        database: part(ready.database, "fails"),
        relay: part(ready.relay, "fails"),
        server: part(ready.stays, "stopping"),
    };
    (status, Json(body))
}
