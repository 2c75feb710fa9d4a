//! Zvonilka: a family messenger and media server in one process.

pub mod bus;
pub mod config;
pub mod domain;
pub mod media;
pub mod service;
pub mod store;
pub mod wire;
