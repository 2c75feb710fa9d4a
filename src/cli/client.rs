//! One question to the server that runs: a request over its socket, and the answer.

use std::io;
use std::path::PathBuf;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;
use url::Url;

use super::Failure;
use crate::control::RefusedBody;

/// Asks the server behind one socket.
pub(super) struct Client {
    socket: PathBuf,
}

/// What the server said, as it said it and read.
pub(super) struct Answer<T> {
    pub(super) json: Value,
    pub(super) read: T,
}

impl Client {
    pub(super) const fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Answer<T>, Failure> {
        self.ask(Method::GET, address(path, query), Bytes::new())
            .await
    }

    pub(super) async fn delete<T: DeserializeOwned>(
        &self,
        path: &[&str],
    ) -> Result<Answer<T>, Failure> {
        self.ask(Method::DELETE, address(path, &[]), Bytes::new())
            .await
    }

    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &(impl Serialize + Sync),
    ) -> Result<Answer<T>, Failure> {
        let body = serde_json::to_vec(body).map_err(|error| self.bad(&error))?;
        self.ask(method, address(path, &[]), body.into()).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        address: String,
        body: Bytes,
    ) -> Result<Answer<T>, Failure> {
        let stream = UnixStream::connect(&self.socket);
        let stream = stream.await.map_err(|source| self.unreachable(source))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.bad(&error))?;
        // What goes wrong with it, the request is told.
        let connection = tokio::spawn(async { drop(connection.await) });
        let request = Request::builder()
            .method(method)
            .uri(address)
            .header("host", "control")
            .header("content-type", "application/json")
            .body(Full::new(body))
            .map_err(|error| self.bad(&error))?;
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| self.bad(&error))?;
        let is_done = answer.status().is_success();
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| self.bad(&error))?.to_bytes();
        connection.abort();
        if !is_done {
            let refused: RefusedBody = serde_json::from_slice(&body)
                .map_err(|_| self.bad(&String::from_utf8_lossy(&body)))?;
            return Err(Failure::Refused {
                kind: refused.error,
                message: refused.message,
            });
        }
        let json: Value = serde_json::from_slice(&body).map_err(|error| self.bad(&error))?;
        let read = serde_json::from_value(json.clone()).map_err(|error| self.bad(&error))?;
        Ok(Answer { json, read })
    }

    fn unreachable(&self, source: io::Error) -> Failure {
        let socket = self.socket.display().to_string();
        if source.kind() == io::ErrorKind::PermissionDenied {
            Failure::NotYours { socket, source }
        } else {
            Failure::NoServer { socket, source }
        }
    }

    fn bad(&self, why: &dyn std::fmt::Display) -> Failure {
        Failure::BadAnswer {
            socket: self.socket.display().to_string(),
            why: why.to_string(),
        }
    }
}

/// The path and the query of these parts, escaped.
fn address(path: &[&str], query: &[(&str, &str)]) -> String {
    let mut url = Url::parse("http://control/").expect("it is a URL");
    url.path_segments_mut()
        .expect("it has a path")
        .clear()
        .extend(path);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_the_path_whatever_it_holds() {
        assert_eq!(
            address(&["users", "Анна / Б?"], &[]),
            "/users/%D0%90%D0%BD%D0%BD%D0%B0%20%2F%20%D0%91%3F"
        );
        assert_eq!(
            address(&["calls"], &[("limit", "5"), ("past", "true")]),
            "/calls?limit=5&past=true"
        );
    }
}
