//! From the layers to a checked [`Config`], with the origin of each value.
//!
//! Owns the order: defaults < file < environment < flags, then `*_file` settings, then the rules between values.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt::{self, Write},
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    path::Path,
};

use super::{
    cli::Flags,
    database::{DatabaseUrl, PostgresUrl},
    errors::{Errors, Fault},
    layers::{Found, Layers, OLD_DATABASE, Origin, variable_of_key},
    rules,
    settings::Config,
    value::{Raw, Scalar, Setting, Visitor, Wrong, quoted},
};

/// The file that is read when no `--config` names another.
const SYSTEM_FILE: &str = "/etc/zvonilka/zvonilka.toml";

/// A configuration and where its values came from. `Display` writes it as a file, each value with its origin and secrets as `"***"`.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    pub(super) origins: BTreeMap<&'static str, Origin>,
}

/// Reads the configuration of this process.
///
/// # Errors
/// Returns every fault at once: of the file, of single values, of keys that do not exist, of values that contradict each other.
pub fn load(flags: &Flags) -> Result<Loaded, Errors> {
    let system = Path::new(SYSTEM_FILE);
    let file = flags
        .config
        .clone()
        .or_else(|| system.exists().then(|| system.into()));
    load_with(flags, file.as_deref(), std::env::vars_os())
}

/// As [`load`], from a given file and environment.
///
/// # Errors
/// As [`load`].
pub fn load_with(
    flags: &Flags,
    file: Option<&Path>,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Loaded, Errors> {
    let mut layers = Layers::default();
    if let Some(file) = file {
        layers.add_file(file);
    }
    layers.add_environment(environment);
    layers.add_flags(flags);

    let mut reader = Reader {
        found: layers.found,
        origins: BTreeMap::new(),
        faults: layers.faults,
    };
    let mut config = Config::default();
    config.visit(&mut reader);
    reader.refuse_unknown_keys();
    reader.read_old_database(&layers.old_database, &mut config);
    reader.read_secret_files(&mut config);

    let mut loaded = Loaded {
        config,
        origins: reader.origins,
    };
    loaded.open_to_others();
    let mut faults = reader.faults;
    if faults.is_empty() {
        faults = rules::faults(&mut loaded);
    }
    if faults.is_empty() {
        Ok(loaded)
    } else {
        Err(Errors(faults))
    }
}

impl Loaded {
    /// Returns the keys whose values are others in `new`. Of secrets only those that are set or not are told apart.
    pub fn changes(&mut self, new: &mut Self) -> Vec<&'static str> {
        let [mut before, mut after] = [Shown::default(), Shown::default()];
        self.config.visit(&mut before);
        new.config.visit(&mut after);
        let both = before.0.into_iter().zip(after.0);
        both.filter(|(before, after)| before != after)
            .map(|((key, _), _)| key)
            .collect()
    }

    /// With a domain the relay is for everybody, and so are the usual ports unless a reverse proxy has them.
    fn open_to_others(&mut self) {
        let Self { config, origins } = self;
        if config.domain.is_none() {
            return;
        }
        let direct = config.is_direct();
        let Config { turn, https, .. } = config;
        let mut open = |key, list: &mut Vec<SocketAddr>, port| {
            if !origins.contains_key(key) {
                *list = vec![SocketAddr::new(everywhere(), port)];
                origins.insert(key, Origin::DefaultOfDomain);
            }
        };
        open("turn.listen", &mut turn.listen, 3478);
        if direct {
            open("turn.tls_listen", &mut turn.tls_listen, 5349);
            open("https.listen", &mut https.listen, 443);
            open("https.redirect_listen", &mut https.redirect_listen, 80);
        }
    }
}

/// Returns the address that means all of IPv6 and IPv4, or that of IPv4 on a machine without IPv6.
fn everywhere() -> IpAddr {
    match UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)) {
        Ok(_) => Ipv6Addr::UNSPECIFIED.into(),
        Err(_) => Ipv4Addr::UNSPECIFIED.into(),
    }
}

/// Takes the values that were found into a [`Config`].
struct Reader {
    found: BTreeMap<String, Found>,
    origins: BTreeMap<&'static str, Origin>,
    faults: Vec<Fault>,
}

impl Visitor for Reader {
    fn key<T: Setting>(&mut self, key: &'static str, value: &mut T) {
        let Some(Found { raw, origin }) = self.found.remove(key) else {
            return;
        };
        match T::read(&raw) {
            Ok(read) => {
                *value = read;
                self.origins.insert(key, origin);
            }
            Err(wrong) => {
                let shown = if T::SECRET {
                    quoted("***")
                } else {
                    show_raw(&raw)
                };
                self.faults.push(Fault::Value {
                    key,
                    shown,
                    wrong,
                    origin,
                });
            }
        }
    }
}

impl Reader {
    /// What is left after every key was visited does not exist.
    fn refuse_unknown_keys(&mut self) {
        let keys = Keys::all();
        for (key, Found { origin, .. }) in std::mem::take(&mut self.found) {
            let nearest = keys.nearest(&key);
            let (name, nearest) = match &origin {
                Origin::Variable(name) => (name.clone(), nearest.map(variable_of_key)),
                Origin::Default
                | Origin::DefaultOfDomain
                | Origin::File { .. }
                | Origin::Flag(_)
                | Origin::SecretFile(_) => (key, nearest.map(str::to_owned)),
            };
            self.faults.push(Fault::Unknown {
                name,
                origin,
                nearest,
            });
        }
    }

    /// The old variables are of the environment's layer, below `ZVONILKA_DATABASE__URL`.
    fn read_old_database(&mut self, old: &BTreeMap<&'static str, String>, config: &mut Config) {
        let Some(first) = OLD_DATABASE.into_iter().find(|name| old.contains_key(name)) else {
            return;
        };
        let configured = |key| {
            matches!(
                self.origins.get(key),
                Some(Origin::Variable(_) | Origin::Flag(_))
            )
        };
        if configured("database.url") || configured("database.url_file") {
            return;
        }
        let part = |name| old.get(name).map(String::as_str);
        let (Some(host), Some(name)) = (part("DATABASE_HOST"), part("DATABASE_NAME")) else {
            let missing = if old.contains_key("DATABASE_HOST") {
                "DATABASE_NAME"
            } else {
                "DATABASE_HOST"
            };
            return self.faults.push(Fault::HalfDatabase {
                name: first,
                missing,
            });
        };
        let user = part("DATABASE_USER").unwrap_or("postgres");
        let port = part("DATABASE_PORT").unwrap_or("5432");
        let url = port
            .parse()
            .map_err(|_| Wrong("DATABASE_PORT must be a port from 1 to 65535"))
            .and_then(|port| {
                PostgresUrl::from_parts(
                    host,
                    port,
                    user,
                    part("DATABASE_PASSWORD").unwrap_or_default(),
                    name,
                )
            });
        let origin = Origin::Variable("DATABASE_HOST".into());
        match url {
            Ok(url) => {
                config.database.url = Some(DatabaseUrl::Postgres(url));
                config.database.url_file = None;
                self.origins.insert("database.url", origin);
            }
            Err(wrong) => {
                let shown = quoted(&format!("postgres://{user}:***@{host}:{port}/{name}"));
                self.faults.push(Fault::Value {
                    key: "database.url",
                    shown,
                    wrong,
                    origin,
                });
            }
        }
    }

    fn read_secret_files(&mut self, config: &mut Config) {
        let Config {
            database,
            auth,
            turn,
            ..
        } = config;
        self.read_secret_file(
            "database.url",
            "database.url_file",
            database.url_file.as_deref(),
            &mut database.url,
        );
        self.read_secret_file(
            "auth.jwt_secret",
            "auth.jwt_secret_file",
            auth.jwt_secret_file.as_deref(),
            &mut auth.jwt_secret,
        );
        self.read_secret_file(
            "turn.secret",
            "turn.secret_file",
            turn.secret_file.as_deref(),
            &mut turn.secret,
        );
    }

    fn read_secret_file<T: Scalar>(
        &mut self,
        key: &'static str,
        file_key: &'static str,
        path: Option<&Path>,
        value: &mut Option<T>,
    ) {
        let Some(path) = path else { return };
        let origin = self
            .origins
            .get(file_key)
            .cloned()
            .unwrap_or(Origin::Default);
        if value.is_some() {
            let must = format!("{key} is set too; one of the two must go");
            return self.faults.push(Fault::Rule {
                key: file_key,
                shown: path.to_path_buf().show(),
                must,
                origin,
            });
        }
        match fs::read_to_string(path) {
            Ok(text) => match T::parse(text.trim_end_matches(['\n', '\r'])) {
                Ok(read) => {
                    *value = Some(read);
                    self.origins
                        .insert(key, Origin::SecretFile(path.display().to_string()));
                }
                Err(wrong) => {
                    let origin = Origin::SecretFile(path.display().to_string());
                    self.faults.push(Fault::Value {
                        key,
                        shown: quoted("***"),
                        wrong,
                        origin,
                    });
                }
            },
            Err(source) => {
                let must = format!("cannot be read: {source}");
                self.faults.push(Fault::Rule {
                    key: file_key,
                    shown: path.to_path_buf().show(),
                    must,
                    origin,
                });
            }
        }
    }
}

/// Every key there is.
struct Keys(Vec<&'static str>);

impl Keys {
    fn all() -> Self {
        let mut keys = Self(Vec::new());
        Config::default().visit(&mut keys);
        keys
    }

    /// Returns the key that `key` is most likely a slip of.
    fn nearest(&self, key: &str) -> Option<&'static str> {
        let likeness = |known: &str| {
            let last = |key: &str| {
                key.rsplit('.')
                    .next()
                    .map(str::to_owned)
                    .unwrap_or_default()
            };
            strsim::jaro_winkler(known, key).max(if last(known) == last(key) { 0.9 } else { 0.0 })
        };
        self.0
            .iter()
            .map(|known| (likeness(known), *known))
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, known)| known)
    }
}

impl Visitor for Keys {
    fn key<T: Setting>(&mut self, key: &'static str, _: &mut T) {
        self.0.push(key);
    }
}

/// Every key with its value as it is shown.
#[derive(Default)]
struct Shown(Vec<(&'static str, String)>);

impl Visitor for Shown {
    fn key<T: Setting>(&mut self, key: &'static str, value: &mut T) {
        self.0.push((key, value.show()));
    }
}

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Lines {
            origins: &self.origins,
            section: "",
            out: String::new(),
        };
        self.config.clone().visit(&mut lines);
        writeln!(f, "{}", lines.out)?;
        let config = &self.config;
        let audience = if config.local_run() {
            "this machine alone (local run)"
        } else {
            "others"
        };
        writeln!(f, "# What follows from these:")?;
        writeln!(f, "#   serves: {audience}")?;
        writeln!(f, "#   database: {}", config.database_url())?;
        writeln!(f, "#   TURN realm: {}", config.turn_realm())?;
        let relayed = [
            config.turn.relay_v4().map(|v4| v4.to_string()),
            config.turn.relay_v6().map(|v6| v6.to_string()),
        ];
        let relayed: Vec<_> = relayed.into_iter().flatten().collect();
        if relayed.is_empty() {
            writeln!(
                f,
                "#   relay address: this machine's, or what DNS says of the domain (found at start)"
            )?;
        } else {
            writeln!(f, "#   relay address: {}", relayed.join(", "))?;
        }
        if config.uses_acme() {
            writeln!(f, "#   certificate: from {}", config.acme.directory)?;
        }
        writeln!(f, "#   relaying to: {}", config.turn_peers().as_str())?;
        write!(
            f,
            "#   relaying to loopback: {}",
            config.turn_allow_loopback()
        )
    }
}

/// Writes the settings as a file.
struct Lines<'a> {
    origins: &'a BTreeMap<&'static str, Origin>,
    section: &'static str,
    out: String,
}

impl Visitor for Lines<'_> {
    fn key<T: Setting>(&mut self, key: &'static str, value: &mut T) {
        let (section, name) = key.split_once('.').unwrap_or(("", key));
        let origin = self.origins.get(key).unwrap_or(&Origin::Default);
        let mut line = format!("{name} = {}", value.show());
        if section != self.section {
            line = format!("\n[{section}]\n{line}");
            self.section = section;
        }
        let width = line
            .rsplit('\n')
            .next()
            .map_or(0, |last| last.chars().count());
        let pad = 48_usize.saturating_sub(width);
        writeln!(self.out, "{line}{:pad$} # {origin}", "")
            .expect("writing to a String does not fail");
    }
}

fn show_raw(raw: &Raw) -> String {
    let short = |text: &str| {
        let cut: String = text.chars().take(80).collect();
        if cut.len() < text.len() {
            quoted(&format!("{cut}…"))
        } else {
            quoted(&cut)
        }
    };
    match raw {
        Raw::Scalar(text) => short(text),
        Raw::List(items) => format!(
            "[{}]",
            items
                .iter()
                .map(|item| short(item))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        Raw::Nested => "{…}".into(),
    }
}

#[cfg(test)]
mod tests;
