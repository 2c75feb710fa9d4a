//! Serving connections over HTTP/1.1 and HTTP/2. `axum::serve` cannot be told to leave out WebSockets inside HTTP/2 (RFC 8441), which
//! browsers take where they are offered: Socket.IO knows the upgrade of HTTP/1.1 alone, and a session whose transport is cut must not take
//! the requests of its client with it.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::{Extension, Router};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::time::timeout;
use tower::ServiceExt;

use super::Acceptor;

/// How long the head of a request may take to arrive, from when its connection is there to send one.
const HEAD: Duration = Duration::from_secs(10);
/// Requests that one HTTP/2 connection may have going on.
const STREAMS: u32 = 64;

/// Gives what comes in to `routes`, each request with the `ConnectInfo` of its [`super::RemoteEnd`]; after `stop` nothing more is accepted, and
/// it ends when each connection has answered what it was asked.
pub async fn serve(mut acceptor: Acceptor, routes: Router, stop: impl Future<Output = ()> + Send) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS);
    let open = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let (accepted, remote) = tokio::select! {
            accepted = acceptor.accept() => accepted,
            () = &mut stop => break,
        };
        let service = routes
            .clone()
            .layer(Extension(ConnectInfo(remote)))
            .map_request(|request: Request<Incoming>| request.map(Body::new));
        let (builder, watcher) = (builder.clone(), open.watcher());
        tokio::spawn(async move {
            let connection = match timeout(HEAD, accepted.open()).await {
                Ok(Ok(connection)) => connection,
                Ok(Err(error)) => {
                    tracing::trace!(%error, "a connection ended before it began");
                    return;
                }
                Err(_) => return,
            };
            let service = TowerToHyperService::new(service);
            let serving = builder.serve_connection_with_upgrades(TokioIo::new(connection), service);
            if let Err(error) = watcher.watch(serving.into_owned()).await {
                tracing::trace!(error, "a connection ended before its time");
            }
        });
    }
    drop(acceptor);
    open.shutdown().await;
}
