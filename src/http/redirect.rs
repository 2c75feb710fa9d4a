//! What is served in the clear: the answers to an ACME authority (RFC 8555 section 8.3), and for everything else the way to `https`.

use std::future::pending;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Acceptor, serve};

/// Sends everybody to `https`. Cheap to clone.
#[derive(Clone)]
pub struct Redirect {
    domain: Arc<str>,
    challenge: Challenge,
}

/// Answers the tokens of an authority.
type Challenge = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Redirect {
    /// Sends to this domain; `challenge` answers the tokens of an authority.
    pub fn new(
        domain: &str,
        challenge: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            domain: domain.into(),
            challenge: Arc::new(challenge),
        }
    }

    /// Serves `listener`; ends only with it.
    pub async fn serve(self, listener: TcpListener) {
        let routes = Router::new()
            .route("/.well-known/acme-challenge/{token}", get(answer))
            .fallback(redirect)
            .with_state(self);
        let acceptor = Acceptor::new(listener, None, CancellationToken::new());
        serve(acceptor, routes, pending()).await;
    }
}

async fn answer(State(redirect): State<Redirect>, Path(token): Path<String>) -> Response {
    match (redirect.challenge)(&token) {
        Some(authorization) => authorization.into_response(),
        None => (StatusCode::NOT_FOUND, "no such challenge").into_response(),
    }
}

/// The place is always the configured domain, whatever host was asked for.
async fn redirect(State(redirect): State<Redirect>, uri: Uri) -> Response {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let place = format!("https://{}{path}", redirect.domain);
    (
        StatusCode::PERMANENT_REDIRECT,
        [
            (header::LOCATION, place),
            (header::CACHE_CONTROL, "no-cache".to_owned()),
        ],
    )
        .into_response()
}
