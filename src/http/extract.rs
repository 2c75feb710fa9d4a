//! What a request is read into before a handler sees it: who asks, from where, the body, ids and pages.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use bytes::BytesMut;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

use super::Shared;
use super::connection::RemoteEnd;
use super::error::ApiError;
use crate::domain::{Actor, Invalid, Page};

/// A signed-in user, by `Authorization: Bearer`.
pub(super) struct Signed(pub(super) Actor);

impl FromRequestParts<Shared> for Signed {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let header = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let (scheme, token) = header
            .and_then(|value| value.split_once(' '))
            .ok_or_else(ApiError::unauthorized)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(ApiError::unauthorized());
        }
        Ok(Self(app.auth.authenticate(token.trim(), false).await?))
    }
}

/// How much of a body that is too long is read before its sender is cut off, in bytes.
const DISCARDED: usize = 32 << 20;

/// A JSON body, whatever its content type says.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, ApiError> {
        let bytes = read(request.into_body(), app.rules.body_limit).await?;
        let bytes = if bytes.is_empty() {
            Bytes::from_static(b"{}")
        } else {
            bytes
        };
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let message = format!("The body is not the JSON object expected here: {error}");
            ApiError::new(StatusCode::BAD_REQUEST, "body.json", message)
        })
    }
}

/// Reads a body of at most `limit` bytes. The rest of a longer one is read and thrown away, within bounds: a client that is still
/// sending would never see the answer.
async fn read(body: axum::body::Body, limit: usize) -> Result<Bytes, ApiError> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut seen) = (BytesMut::new(), 0_usize);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| {
            let message = "The body did not arrive whole; send it again";
            ApiError::new(StatusCode::BAD_REQUEST, "body.broken", message)
        })?;
        seen += chunk.len();
        if seen <= limit {
            kept.extend_from_slice(&chunk);
        } else if seen > limit + DISCARDED {
            break;
        }
    }
    if seen > limit {
        let message = format!("The body is longer than {limit} bytes");
        return Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body.large",
            message,
        ));
    }
    Ok(kept.freeze())
}

/// The one id in a path.
pub(super) struct Id<T>(pub(super) T);

impl<T: FromStr> FromRequestParts<Shared> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let bad = || {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "id.bad",
                "Validation failed (uuid is expected)",
            )
        };
        let Path(text) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| bad())?;
        text.parse().map(Self).map_err(|_| bad())
    }
}

/// `?limit=…&offset=…`.
pub(super) struct Paging(pub(super) Page);

impl FromRequestParts<Shared> for Paging {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, ApiError> {
        let numbers = Numbers::read(&parts.uri)?;
        Ok(Self(Page::parse(
            numbers.get("limit")?,
            numbers.get("offset")?,
        )?))
    }
}

/// Whole numbers of a query string.
pub(super) struct Numbers(HashMap<String, String>);

impl Numbers {
    fn read(uri: &Uri) -> Result<Self, ApiError> {
        let Query(pairs) = Query::try_from_uri(uri).map_err(|_| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "query.bad",
                "The query string cannot be read",
            )
        })?;
        Ok(Self(pairs))
    }

    /// Returns the number under `name`, if it is there.
    pub(super) fn get(&self, name: &'static str) -> Result<Option<i64>, ApiError> {
        let bad = || Invalid::one(name, "type", format!("{name} must be a whole number")).into();
        self.0
            .get(name)
            .map(|text| text.parse().map_err(|_| bad()))
            .transpose()
    }
}

impl FromRequestParts<Shared> for Numbers {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, ApiError> {
        Self::read(&parts.uri)
    }
}

/// Words of a query string.
pub(super) struct Words(Numbers);

impl Words {
    /// Returns what stands under `name`, if it is there.
    pub(super) fn get(&self, name: &'static str) -> Option<&str> {
        self.0.0.get(name).map(String::as_str)
    }
}

impl FromRequestParts<Shared> for Words {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, ApiError> {
        Numbers::read(&parts.uri).map(Self)
    }
}

/// Headers that proxies add.
const PROXIED: [&str; 6] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Where a request comes from.
pub(super) struct Origin {
    /// The client's address: the peer's, or what a trusted proxy says.
    pub(super) address: IpAddr,
    /// It came straight to this machine under a name of this machine, through no proxy.
    pub(super) direct: bool,
}

impl FromRequestParts<Shared> for Origin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<RemoteEnd>>()
            .map_or(IpAddr::from([0, 0, 0, 0]), |info| info.0.address.ip());
        let forwarded = forwarded(&parts.headers);
        let direct = !PROXIED.iter().any(|name| parts.headers.contains_key(*name))
            && is_local(&parts.headers, &parts.uri);
        let trusted = |address: &IpAddr| {
            app.rules
                .trusted_proxies
                .iter()
                .any(|net| net.contains(&address.to_canonical()))
        };
        // From the right: each trusted proxy vouches for the entry before it.
        let mut address = peer;
        for claimed in forwarded.iter().rev() {
            if !trusted(&address) {
                break;
            }
            let Some(claimed) = claimed else { break };
            address = *claimed;
        }
        Ok(Self { address, direct })
    }
}

fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let parse = |text: &str| {
        let text = text.trim();
        text.parse()
            .ok()
            .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
    };
    headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| {
            value
                .to_str()
                .unwrap_or("")
                .split(',')
                .map(parse)
                .collect::<Vec<_>>()
        })
        .collect()
}

fn is_local(headers: &HeaderMap, uri: &Uri) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| uri.authority().map(|a| a.as_str()));
    let Some(Ok(authority)) = host.map(str::parse::<axum::http::uri::Authority>) else {
        return false;
    };
    let name = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}
