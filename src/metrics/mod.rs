//! What is counted, as a page that Prometheus reads: `GET /metrics`, on loopback alone.
//!
//! Owns the names, which administrators' dashboards depend on; one once given stays. Most is counted where it happens, and taken over at each
//! reading; only how long requests and transactions take is told to this room when they are over.

mod process;
mod relay;
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tokio::net::TcpListener;

use crate::bus::Bus;
use crate::certificates::Certificates;
use crate::media::Media;
use crate::service::Tally;
use crate::store::{Db, Observed, Observer};

/// The text format that every Prometheus reads.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of durations, in seconds.
const BUCKETS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// How often durations are summed up although nobody reads the page.
const UPKEEP: Duration = Duration::from_secs(5);

/// The route of what is no route of the API: files of the web client, and what does not exist.
const PAGES: &str = "(pages)";

/// What is counted. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<PrometheusRecorder>);

/// What is looked at for each reading.
#[derive(Clone)]
pub struct Sources {
    /// The relay.
    pub media: Media,
    /// Who is connected.
    pub bus: Bus,
    /// Which calls live.
    pub db: Db,
    /// What use cases did.
    pub tally: Tally,
    /// Of TLS, if it is served.
    pub certificates: Option<Certificates>,
}

impl Default for Metrics {
    fn default() -> Self {
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS);
        let recorder = builder.expect("there are buckets").build_recorder();
        with_local_recorder(&recorder, || {
            relay::describe();
            server::describe();
            process::describe();
        });
        Self(Arc::new(recorder))
    }
}

impl Metrics {
    /// What a database tells its transactions to.
    #[must_use]
    pub fn transactions(&self) -> Observer {
        let this = self.clone();
        Observer::new(move |observed: Observed| this.transaction(observed))
    }

    fn transaction(&self, observed: Observed) {
        let access = if observed.writes { "write" } else { "read" };
        let labels = [("access", access)];
        with_local_recorder(&*self.0, || {
            histogram!(server::WAITED, &labels).record(observed.waited);
            histogram!(server::LASTED, &labels).record(observed.lasted);
        });
    }

    fn request(&self, route: &str, method: &'static str, response: &Response, took: Duration) {
        let status = match response.status().as_u16() / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        let route = route.to_owned();
        with_local_recorder(&*self.0, || {
            histogram!(server::REQUESTS, "route" => route, "method" => method, "status" => status)
                .record(took);
        });
    }

    /// Serves the page until `stop`.
    pub async fn serve(
        self,
        sources: Sources,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) {
        let handle = self.0.handle();
        let routes = Router::new()
            .route("/metrics", get(page))
            .with_state((self, sources));
        let serving = axum::serve(listener, routes).with_graceful_shutdown(stop);
        let serving = serving.into_future();
        tokio::pin!(serving);
        loop {
            tokio::select! {
                served = &mut serving => {
                    if let Err(error) = served {
                        tracing::error!(%error, "metrics are served no longer");
                    }
                    return;
                }
                () = tokio::time::sleep(UPKEEP) => handle.run_upkeep(),
            }
        }
    }
}

async fn page(State((metrics, sources)): State<(Metrics, Sources)>) -> impl IntoResponse {
    let live = server::live_calls(&sources.db).await;
    let counters = sources.media.counters();
    with_local_recorder(&*metrics.0, || {
        relay::record(&counters);
        server::record(&sources, live.as_deref());
        process::record();
    });
    (
        [(header::CONTENT_TYPE, FORMAT)],
        metrics.0.handle().render(),
    )
}

/// Measures a request by the template of its route; a layer around routes.
pub async fn measure(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = name(request.method());
    let began = Instant::now();
    let response = next.run(request).await;
    let route = route.as_ref().map_or(PAGES, MatchedPath::as_str);
    metrics.request(route, method, &response, began.elapsed());
    response
}

/// A method by its name; those that clients make up have one in common.
fn name(method: &Method) -> &'static str {
    [
        ("GET", Method::GET),
        ("POST", Method::POST),
        ("PUT", Method::PUT),
        ("DELETE", Method::DELETE),
        ("HEAD", Method::HEAD),
        ("OPTIONS", Method::OPTIONS),
        ("PATCH", Method::PATCH),
    ]
    .into_iter()
    .find(|(_, known)| known == method)
    .map_or("other", |(name, _)| name)
}
