//! REST: routes, who is asking, errors, the OpenAPI document, and the embedded web client.
//!
//! Owns names, statuses and shapes of requests. What they mean is `service`'s business.

mod auth;
mod calls;
mod chats;
mod connection;
mod error;
mod extract;
mod field;
mod health;
mod invites;
mod openapi;
mod redirect;
mod relay;
mod serve;
mod users;
mod web;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Request, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::request_id::{
    MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

use crate::service::{Auth, Calls, Chats, Clock, Invites, People, Throttle};

pub use connection::{Acceptor, RemoteEnd};
pub use openapi::document;
pub use redirect::Redirect;
pub use serve::serve;

/// How long a request may take to arrive and be answered.
const SLOWEST: Duration = Duration::from_secs(30);
/// How long a browser may remember what CORS allows, in seconds.
const PREFLIGHT: Duration = Duration::from_secs(86_400);

/// What the routes need.
pub struct App {
    /// Signing in.
    pub auth: Auth,
    /// Accounts.
    pub people: People,
    /// Invitations.
    pub invites: Invites,
    /// Chats.
    pub chats: Chats,
    /// Calls.
    pub calls: Calls,
    /// What time it is.
    pub clock: Clock,
    /// ICE servers.
    pub ice: crate::service::Ice,
    /// Whether the server works.
    pub health: crate::service::Health,
    /// The relay's allocations.
    pub relay: crate::service::Relay,
    /// How often one address may sign in.
    pub logins: Throttle,
    /// How often one address may try an invitation.
    pub invitations: Throttle,
    /// Limits and addresses.
    pub rules: Rules,
}

/// Limits and addresses that requests are held to.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Longest request body, in bytes.
    pub body_limit: usize,
    /// Longest message, in characters.
    pub message_limit: usize,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// In a local run: the well-known invitation, which only a direct request to this machine may use.
    pub local_invite: Option<String>,
}

type Shared = Arc<App>;

/// A year, without subdomains: those may be somebody else's (RFC 6797).
const ONLY_HTTPS: &str = "max-age=31536000";

/// For answers that are no page.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// For the description of the API, whose page styles itself.
const API_PAGE: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
                        frame-ancestors 'none'";

/// What a page may load; the web client has a policy of its own.
fn policy(response: &Response) -> Option<HeaderValue> {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let policy = if is_page { API_PAGE } else { NO_PAGE };
    Some(HeaderValue::from_static(policy))
}

/// Builds all routes but Socket.IO, which is a layer around them.
pub fn router(app: App) -> Router {
    let (routes, document) = openapi::routes();
    let app: Shared = Arc::new(app);
    routes
        .with_state(app)
        .merge(openapi::swagger(document))
        .fallback(web::serve)
        .method_not_allowed_fallback(error::method_not_allowed)
}

/// Puts around `routes` what every request passes: ids, logs, panics, CORS, compression, and what browsers are told for safety. With `only_https`, browsers
/// that came once over TLS come back no other way.
pub fn finish(routes: Router, only_https: bool) -> Router {
    let id = HeaderName::from_static("x-request-id");
    let span = |request: &Request<_>| {
        let id = request
            .extensions()
            .get::<RequestId>()
            .and_then(|id| id.header_value().to_str().ok())
            .unwrap_or("");
        tracing::debug_span!("request", id, method = %request.method(), path = request.uri().path())
    };
    let layers = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(id.clone(), MakeRequestUuid))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_failure(()),
        )
        .layer(PropagateRequestIdLayer::new(id))
        .layer(CorsLayer::permissive().max_age(PREFLIGHT))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        // Answers hold tokens and messages; files of the web client say otherwise themselves.
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(CompressionLayer::new())
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CONTENT_SECURITY_POLICY,
            policy,
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::STRICT_TRANSPORT_SECURITY,
            move |_: &Response| only_https.then(|| HeaderValue::from_static(ONLY_HTTPS)),
        ))
        .layer(middleware::from_fn(in_time))
        .layer(CatchPanicLayer::custom(error::panicked));
    routes.layer(layers)
}

/// Answers a request that takes too long to arrive or to be served.
async fn in_time(request: Request<axum::body::Body>, next: Next) -> Response {
    match tokio::time::timeout(SLOWEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => error::too_slow().into_response(),
    }
}
