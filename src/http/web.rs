//! The web client, embedded in the binary.
//!
//! Files under `/assets/` carry a hash in their names and are kept for ever; everything else is asked for again. A page address that is no
//! file is the client's own, and gets its start page.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::ApiError;

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Dist;

const START: &str = "index.html";

/// Everything from this server; pictures and sounds also from the page itself.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; \
                      object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Serves a file of the web client, or its start page.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let not_found = || {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "path",
            format!("Cannot {method} {}", uri.path()),
        )
        .into_response()
    };
    if method != Method::GET && method != Method::HEAD {
        return not_found();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Dist::get(path).filter(|_| !path.is_empty()) {
        return answer(path, file, &headers);
    }
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|a| a.contains("text/html"));
    if !wants_page && !path.is_empty() {
        return not_found();
    }
    match Dist::get(START) {
        Some(page) => answer(START, page, &headers),
        None => (
            StatusCode::OK,
            [(header::CACHE_CONTROL, "no-store")],
            Html(include_str!("unbuilt.html")),
        )
            .into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!(
        "\"{}\"",
        URL_SAFE_NO_PAD.encode(&file.metadata.sha256_hash()[..16])
    );
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok());
    let is_known = known.is_some_and(|tags| {
        tags.split(',')
            .any(|known| known.trim().trim_start_matches("W/") == tag)
    });
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = mime_guess::from_path(path).first_or_octet_stream();
        let kind = if kind.type_() == "text" {
            format!("{kind}; charset=utf-8")
        } else {
            kind.to_string()
        };
        ([(header::CONTENT_TYPE, kind)], Body::from(file.data)).into_response()
    };
    let keep = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(header::ETAG, tag);
    }
    if path == START {
        out.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        );
        out.insert(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        );
        out.insert(
            "permissions-policy",
            HeaderValue::from_static("camera=(self), microphone=(self), geolocation=()"),
        );
    }
    response
}
