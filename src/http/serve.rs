//! Serving connections over HTTP/1.1 and HTTP/2. `axum::serve` cannot be told to leave out WebSockets inside HTTP/2 (RFC 8441), which
//! browsers take where they are offered: Socket.IO knows the upgrade of HTTP/1.1 alone, and a session whose transport is cut must not take
//! the requests of its client with it.

use std::future::Future;
use std::pin::pin;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::{Extension, Router};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tower::ServiceExt;

use super::Acceptor;

/// Gives what comes in to `routes`, each request with the `ConnectInfo` of its [`super::RemoteEnd`]; after `stop` nothing more is accepted, and
/// it ends when each connection has answered what it was asked.
pub async fn serve(mut acceptor: Acceptor, routes: Router, stop: impl Future<Output = ()> + Send) {
    let builder = Builder::new(TokioExecutor::new());
    let open = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let (connection, remote) = tokio::select! {
            accepted = acceptor.accept() => accepted,
            () = &mut stop => break,
        };
        let service = routes
            .clone()
            .layer(Extension(ConnectInfo(remote)))
            .map_request(|request: Request<Incoming>| request.map(Body::new));
        let serving = builder
            .serve_connection_with_upgrades(
                TokioIo::new(connection),
                TowerToHyperService::new(service),
            )
            .into_owned();
        let serving = open.watch(serving);
        tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::trace!(error, "a connection ended before its time");
            }
        });
    }
    drop(acceptor);
    open.shutdown().await;
}
