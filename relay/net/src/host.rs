//! The addresses of the host, as they are just now.

use std::{io, net::IpAddr};

/// Returns every address of the host, as its interfaces have them.
///
/// # Errors
/// The system's.
pub fn addresses() -> io::Result<Vec<IpAddr>> {
    Ok(if_addrs::get_if_addrs()?
        .iter()
        .map(|interface| interface.ip().to_canonical())
        .collect())
}
