//! SIGHUP: what of the settings changes while the server runs, and what waits for its next start.

use tracing_subscriber::EnvFilter;

use crate::config::cli::Flags;
use crate::config::{self, Loaded};

/// The key of the one setting that changes by itself.
const FILTER: &str = "log.filter";

/// The settings that are in force, and how they are read again.
pub struct Reload {
    flags: Flags,
    loaded: Loaded,
    filter: Box<dyn Fn(EnvFilter) -> Result<(), tracing_subscriber::reload::Error> + Send>,
}

impl Reload {
    /// Reads by `flags` what was first read as `loaded`; `filter` changes what is logged.
    pub fn new(
        flags: Flags,
        loaded: Loaded,
        filter: impl Fn(EnvFilter) -> Result<(), tracing_subscriber::reload::Error> + Send + 'static,
    ) -> Self {
        Self {
            flags,
            loaded,
            filter: Box::new(filter),
        }
    }

    /// Reads the settings again, changes what can be changed, and says what cannot. With a fault in them everything stays as it is.
    pub(crate) fn again(&mut self) {
        let mut new = match config::load(&self.flags) {
            Ok(new) => new,
            Err(error) => {
                tracing::error!(%error, "the settings were not read again; those before stay");
                return;
            }
        };
        let changed = self.loaded.changes(&mut new);
        if changed.contains(&FILTER) {
            self.change_filter(&new);
        }
        let waiting: Vec<_> = changed.into_iter().filter(|key| *key != FILTER).collect();
        if waiting.is_empty() {
            tracing::info!("the settings were read again");
        } else {
            tracing::warn!(
                settings = waiting.join(", "),
                "the settings were read again; these take effect at the next start"
            );
        }
        self.loaded.config.log.filter = new.config.log.filter;
    }

    fn change_filter(&self, new: &Loaded) {
        let outcome = EnvFilter::try_new(new.config.log.filter.as_str())
            .map_err(|error| error.to_string())
            .and_then(|filter| (self.filter)(filter).map_err(|error| error.to_string()));
        if let Err(error) = outcome {
            tracing::error!(error, "what is logged cannot be changed");
        }
    }
}
