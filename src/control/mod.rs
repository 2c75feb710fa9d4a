//! The door for whoever runs the server: HTTP over a Unix socket in the data directory, for the commands of `cli`.
//!
//! Owns the socket, who may speak to it, and the shapes of what is asked and answered there; both ends are this program, of the same version.
//! Nobody signs in: who may open the socket is the operator. What requests mean is `service`'s business.

mod calls;
mod invites;
mod refused;
mod relay;
mod socket;
mod status;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post, put};
use serde::{Deserialize, Serialize};

use crate::certificates::Certificates;
use crate::service::{Auth, Calls, Clock, Invites, People, Relay};

pub use calls::{Call, CallPerson, ExplainedStep, Explanation};
pub use invites::{Invite, NewInvite};
pub use refused::{Kind, RefusedBody};
pub use relay::{Allocation, Flow};
pub use socket::{ControlError, Listener, path};
pub use status::{CertificateStatus, Status};
pub use users::{Account, Details, NewAccount, NewPassword, Role, SignIn, SignedOut};

/// What the routes need.
#[derive(Clone)]
pub struct Control {
    /// Accounts to be made.
    pub auth: Auth,
    /// Accounts.
    pub people: People,
    /// Invitations.
    pub invites: Invites,
    /// Calls.
    pub calls: Calls,
    /// The relay's allocations.
    pub relay: Relay,
    /// What time it is.
    pub clock: Clock,
    /// Of TLS, if it is served here.
    pub certificates: Option<Certificates>,
    /// Where people find the web client: `https://talk.example.org`.
    pub address: String,
}

type Shared = Arc<Control>;

/// Nothing to say but that it was done.
#[derive(Debug, Serialize, Deserialize)]
pub struct Done {}

/// Builds all routes.
fn router(control: Control) -> Router {
    Router::new()
        .route("/status", get(status::show))
        .route("/users", get(users::list).post(users::create))
        .route("/users/{who}", get(users::show).delete(users::remove))
        .route("/users/{who}/password", put(users::reset_password))
        .route("/users/{who}/role", put(users::set_role))
        .route("/users/{who}/sessions", delete(users::sign_out))
        .route("/invites", get(invites::list).post(invites::create))
        .route("/invites/{code}", delete(invites::revoke))
        .route("/relay/allocations", get(relay::list))
        .route("/relay/allocations/{id}", delete(relay::end))
        .route("/calls", get(calls::list))
        .route("/drain", post(calls::drain))
        .route("/calls/{id}", get(calls::show).delete(calls::end))
        .route("/calls/{id}/explanation", get(calls::explained))
        .fallback(refused::no_such_route)
        .with_state(Arc::new(control))
}

/// Serves `listener` until `stop`; the socket is gone afterwards.
pub async fn serve(
    control: Control,
    listener: Listener,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let path = listener.path().to_owned();
    let serving = axum::serve(listener, router(control)).with_graceful_shutdown(stop);
    if let Err(error) = serving.await {
        tracing::error!(%error, "commands are served no longer");
    }
    socket::remove(&path);
}
