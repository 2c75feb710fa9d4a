//! `/relay/allocations`: what the relay holds for whom.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::refused::Refused;
use super::{Done, Shared};
use crate::domain::{Authority, UnixMillis};
use crate::service::{self, OwnedAllocation, RelayRefused, Transport};

/// What was relayed in one direction.
#[derive(Debug, Serialize, Deserialize)]
pub struct Flow {
    /// Packets.
    pub packets: u64,
    /// Payload alone.
    pub bytes: u64,
}

/// An allocation that lives.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Allocation {
    /// A number of up to 64 bits: more than JSON's numbers can tell apart.
    pub id: String,
    /// Whose it is; null if that account is gone.
    pub user: Option<String>,
    /// Address and port of the client, as the relay sees it.
    pub client: SocketAddr,
    /// How the client reaches the relay: `udp`, `tcp` or `tls`.
    pub transport: String,
    /// The relayed addresses: one, or one of each family.
    pub relayed: Vec<SocketAddr>,
    /// When it was made.
    pub started_at: UnixMillis,
    /// When it ends unless its client refreshes it.
    pub expires_at: UnixMillis,
    /// What the client has sent.
    pub to_peers: Flow,
    /// What the client has been sent.
    pub to_client: Flow,
}

impl From<service::Flow> for Flow {
    fn from(service::Flow { packets, bytes }: service::Flow) -> Self {
        Self { packets, bytes }
    }
}

impl From<OwnedAllocation> for Allocation {
    fn from(owned: OwnedAllocation) -> Self {
        let allocation = owned.allocation;
        let transport = match allocation.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        };
        Self {
            id: allocation.id.to_string(),
            user: owned.user.map(|(_, name)| name.to_string()),
            client: allocation.client,
            transport: transport.into(),
            relayed: allocation.relayed,
            started_at: owned.started_at,
            expires_at: owned.expires_at,
            to_peers: allocation.to_peers.into(),
            to_client: allocation.to_client.into(),
        }
    }
}

pub(super) async fn list(State(app): State<Shared>) -> Result<Json<Vec<Allocation>>, Refused> {
    let allocations = app.relay.allocations(Authority::Operator).await?;
    Ok(Json(
        allocations.into_iter().map(Allocation::from).collect(),
    ))
}

pub(super) async fn end(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<Done>, Refused> {
    let id = id.parse().map_err(|_| RelayRefused::NoSuchAllocation)?;
    app.relay.end(Authority::Operator, id).await?;
    Ok(Json(Done {}))
}
