//! The use cases over both databases, with a real bus, a real relay and a clock that the tests move.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod calls;
mod chats;
mod explain;
mod explain_relay;
mod group_devices;
mod group_rows;
mod groups;
mod health;
mod migrations;
mod operator;
mod relay;
mod support;
mod turn_client;
