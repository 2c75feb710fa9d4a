//! `/admin/relay`: the relay's allocations (administrators).

use std::net::SocketAddr;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::error::{ApiError, ErrorBody};
use super::extract::{Id, Signed};
use crate::domain::UnixMillis;
use crate::service::{Flow, OwnedAllocation, RelayRefused, Transport};
use crate::wire::Person;

/// How a client reaches the relay.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TransportBody {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream inside TLS.
    Tls,
}

/// What was relayed in one direction.
#[derive(Serialize, ToSchema)]
pub(super) struct FlowBody {
    packets: u64,
    /// Payload alone.
    bytes: u64,
}

/// An allocation that lives.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AllocationBody {
    /// A number of up to 64 bits: more than JSON's numbers can tell apart.
    id: String,
    /// Whose it is; null if that account is gone.
    #[schema(required = true)]
    user: Option<Person>,
    /// Address and port of the client, as the relay sees it.
    #[schema(value_type = String)]
    client: SocketAddr,
    transport: TransportBody,
    /// The relayed addresses: one, or one of each family.
    #[schema(value_type = Vec<String>)]
    relayed: Vec<SocketAddr>,
    #[schema(value_type = String, format = DateTime)]
    started_at: UnixMillis,
    /// When it ends unless its client refreshes it.
    #[schema(value_type = String, format = DateTime)]
    expires_at: UnixMillis,
    /// What the client has sent.
    to_peers: FlowBody,
    /// What the client has been sent.
    to_client: FlowBody,
}

impl From<Flow> for FlowBody {
    fn from(Flow { packets, bytes }: Flow) -> Self {
        Self { packets, bytes }
    }
}

impl From<OwnedAllocation> for AllocationBody {
    fn from(owned: OwnedAllocation) -> Self {
        let allocation = owned.allocation;
        Self {
            id: allocation.id.to_string(),
            user: owned.user.map(|(id, name)| Person::new(id, &name)),
            client: allocation.client,
            transport: match allocation.transport {
                Transport::Udp => TransportBody::Udp,
                Transport::Tcp => TransportBody::Tcp,
                Transport::Tls => TransportBody::Tls,
            },
            relayed: allocation.relayed,
            started_at: owned.started_at,
            expires_at: owned.expires_at,
            to_peers: allocation.to_peers.into(),
            to_client: allocation.to_client.into(),
        }
    }
}

/// Lists the allocations of the relay, oldest first (administrators).
#[utoipa::path(get, path = "/admin/relay/allocations", tag = "relay", responses(
    (status = 200, body = Vec<AllocationBody>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 503, body = ErrorBody),
))]
pub(super) async fn list(
    State(app): State<Shared>,
    Signed(actor): Signed,
) -> Result<Json<Vec<AllocationBody>>, ApiError> {
    let allocations = app.relay.allocations(&actor).await?;
    Ok(Json(
        allocations.into_iter().map(AllocationBody::from).collect(),
    ))
}

/// Ends an allocation; its client may make another (administrators).
#[utoipa::path(delete, path = "/admin/relay/allocations/{id}", tag = "relay", params(("id" = String, Path)), responses(
    (status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 503, body = ErrorBody),
))]
pub(super) async fn end(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Id(id): Id<String>,
) -> Result<StatusCode, ApiError> {
    let id = id.parse().map_err(|_| RelayRefused::NoSuchAllocation)?;
    app.relay.end(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
