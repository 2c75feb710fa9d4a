//! From where somebody is heard and where it is sent to, and that strangers are neither.

mod support;

#[path = "paths/moving.rs"]
mod moving;
#[path = "paths/strangers.rs"]
mod strangers;
