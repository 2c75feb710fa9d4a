//! How TLS is spoken: which protocols are offered inside it, with whatever certificate is in force when a connection begins.

use rustls::{
    Error, ServerConfig,
    crypto::ring,
    server::{NoServerSessionStorage, ResolvesServerCert},
};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// The protocol of TURN over TLS in ALPN (RFC 7443 section 3).
pub(crate) const TURN: &[u8] = b"stun.turn";

/// Those of HTTP (RFC 7301 section 6, RFC 9113 section 3.2), what is liked more first.
pub(crate) const HTTP: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// By which an ACME authority asks for a certificate that proves whose the name is (RFC 8737 section 6.2). Nothing is spoken after the handshake.
pub(crate) const ACME: &[u8] = b"acme-tls/1";

/// What takes new connections through their handshakes.
#[derive(Clone)]
pub(crate) struct Tls {
    /// Where TURN alone is spoken.
    pub(crate) turn: TlsAcceptor,
    /// Where pages are served too.
    pub(crate) pages: TlsAcceptor,
}

impl Tls {
    /// Serves what `certificates` gives for each connection.
    pub(crate) fn new(certificates: &Arc<dyn ResolvesServerCert>) -> Result<Self, Error> {
        let mut turn = config(certificates)?;
        turn.alpn_protocols = vec![TURN.to_vec()];
        // A client connects once for a call: keeping sessions to resume would cost memory and bytes for nothing.
        turn.session_storage = Arc::new(NoServerSessionStorage {});
        turn.send_tls13_tickets = 0;
        let mut pages = config(certificates)?;
        pages.alpn_protocols = [&HTTP[..], &[TURN, ACME]]
            .concat()
            .iter()
            .map(|name| name.to_vec())
            .collect();
        pages.ticketer = ring::Ticketer::new()?;
        pages.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self {
            turn: Arc::new(turn).into(),
            pages: Arc::new(pages).into(),
        })
    }
}

fn config(certificates: &Arc<dyn ResolvesServerCert>) -> Result<ServerConfig, Error> {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(certificates));
    Ok(config)
}
