//! The configuration: every setting, its default, and where its value came from.
//!
//! Owns defaults < file < environment < flags, the checks of single values and of values against each other, and the secrets that nobody
//! configured. This is the one room that reads the environment. What a setting means for a room is that room's business.
//!
//! ```text
//! let loaded = config::load(&flags)?;                 // Errors: every fault at once, one a line
//! let secrets = Secrets::load_or_create(&loaded.config)?;
//! ```
//!
//! A key `section.key` of the file is the variable `ZVONILKA_SECTION__KEY`: two underscores stand for the dot. An empty value means "not set".
//! `ZVONILKA_TEST_*` belongs to the test suite and is passed over.

pub mod cli;
mod database;
mod errors;
mod layers;
mod load;
mod names;
mod relay;
mod rules;
mod secrets;
mod settings;
mod units;
mod value;

pub use database::{DatabaseUrl, PostgresUrl};
pub use errors::{Errors, Fault};
pub use load::{Loaded, load, load_with};
pub use names::{HostName, InviteCode, LogFilter};
pub use relay::{Peers, Turn, TurnLimits};
pub use secrets::{Secret, SecretError, Secrets};
pub use settings::{
    Acme, Auth, Calls, Chat, Config, Database, Http, Https, IceTransportPolicy, LOCAL_INVITE, Log,
    LogFormat, Metrics, Tls,
};
pub use units::{ByteSize, PortRange, parse_duration};
pub use value::Wrong;
