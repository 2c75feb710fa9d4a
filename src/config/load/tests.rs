//! The order of the layers, the reports of everything wrong, and the reference file.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::*;

#[test]
fn with_nothing_configured_the_defaults_are_in_force() {
    let loaded = Given::default().load().unwrap();
    assert_eq!(loaded.to_string(), defaults().to_string());
    assert!(loaded.origins.is_empty());
}

#[test]
fn flags_go_over_environment_over_file_over_defaults() {
    let file = "data_dir = 'file'\n[http]\nlisten = '127.0.0.1:1'\n[log]\nfilter = 'warn'\n";
    let given = Given::file(file)
        .env("ZVONILKA_HTTP__LISTEN", "127.0.0.1:2")
        .env("ZVONILKA_DATA_DIR", "environment")
        .flag(|flags| flags.http_listen = Some("127.0.0.1:3".into()));
    let Loaded { config, origins } = given.load().unwrap();
    assert_eq!(config.http.listen, ([127, 0, 0, 1], 3).into());
    assert_eq!(config.data_dir, PathBuf::from("environment"));
    assert_eq!(config.log.filter.as_str(), "warn");
    assert_eq!(origins["http.listen"], Origin::Flag("--http-listen"));
    assert_eq!(
        origins["data_dir"],
        Origin::Variable("ZVONILKA_DATA_DIR".into())
    );
    assert!(
        matches!(&origins["log.filter"], Origin::File { line: 5, .. }),
        "{origins:?}"
    );
}

#[test]
fn every_fault_is_reported_at_once_with_its_key_value_place_and_what_would_be_right() {
    let file = "[http]\nlisten = 3000\nlissten = 'x'\n[turn]\nrelay_ports = \"50000-49152\"\nallow_private = 'maybe'\n[nowhere]\nx = 1\n";
    let report = Given::file(file)
        .env("ZVONILKA_CALLS__RING_TIMEOUT", "45")
        .env("ZVONILKA_HTTP_LISTEN", "[::]:80")
        .flag(|flags| flags.log = Some("zvonilka=loud".into()))
        .refused();
    for line in [
        "the configuration has 8 faults:",
        "http.listen = \"3000\": expected an IP address and a port, such as \"0.0.0.0:3000\" or \"[::1]:3000\" (FILE:2)",
        "http.lissten (FILE:3): no such setting; is http.listen meant?",
        "turn.relay_ports = \"50000-49152\": the first port is above the last (FILE:5)",
        "turn.allow_private = \"maybe\": expected true or false (FILE:6)",
        "nowhere.x (FILE:8): no such setting",
        "calls.ring_timeout = \"45\": expected a length of time with its unit (ms, s, m, h, d), such as \"45s\", \"15m\" or \"30d\" \
         (environment, ZVONILKA_CALLS__RING_TIMEOUT)",
        "ZVONILKA_HTTP_LISTEN (environment, ZVONILKA_HTTP_LISTEN): no such setting; is ZVONILKA_HTTP__LISTEN meant?",
        "log.filter = \"zvonilka=loud\": expected a level",
    ] {
        assert!(report.contains(line), "{line:?} is not in:\n{report}");
    }
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_each_line_and_without_its_text() {
    let report =
        Given::file("[auth]\njwt_secret = \"do not print this\n[http\nlisten = 1").refused();
    assert!(
        report.contains("FILE:2: ") && report.contains("FILE:3: "),
        "{report}"
    );
    assert!(!report.contains("do not print"), "{report}");
}

#[test]
fn a_file_that_is_not_there_is_refused() {
    let missing = Path::new("/nonexistent/zvonilka.toml");
    let errors = load_with(&Flags::default(), Some(missing), std::iter::empty()).unwrap_err();
    assert!(
        errors
            .to_string()
            .contains("/nonexistent/zvonilka.toml: No such file"),
        "{errors}"
    );
}

#[test]
fn no_report_and_no_listing_shows_a_secret() {
    let file = "[database]\nurl = 'mysql://anna:private-1@db/x'\n[auth]\njwt_secret = 'private-2'\nfirst_invite = 'private 3'\n[turn]\n\
                secrett = 'private-4'\nprevious_secrets = ['private-5']\n";
    let report = Given::file(file).refused();
    assert_eq!(report.matches("\"***\"").count(), 4, "{report}");
    assert!(!report.contains("private"), "{report}");

    let file = "[database]\nurl = 'postgres://anna:private-1@db/x'\n[auth]\njwt_secret = 'private-2-private-2'\nfirst_invite = 'private-3'\n\
                [turn]\nsecret = 'private-4-private-4'\nprevious_secrets = ['private-5-private-5']\n";
    let loaded = Given::file(file).load().unwrap();
    for shown in [loaded.to_string(), format!("{loaded:?}")] {
        assert!(
            shown.contains("***") && !shown.contains("private-"),
            "{shown}"
        );
    }
}

#[test]
fn an_unknown_variable_of_ours_is_refused_and_a_foreign_one_passed_over() {
    let given = || {
        Given::default()
            .env("PATH", "/bin")
            .env("DATABASE", "x")
            .env("ZVONILKA_TEST_POSTGRES", "x")
    };
    assert!(given().load().is_ok());
    assert!(
        given()
            .env("ZVONILKA_", "x")
            .refused()
            .contains("ZVONILKA_")
    );
    assert!(
        given()
            .env("ZVONILKA_TURN__RELAYPORTS", "x")
            .refused()
            .contains("is ZVONILKA_TURN__RELAY_PORTS meant?")
    );
}

#[test]
fn an_empty_value_means_not_set() {
    let given = Given::file("domain = 'talk.example.org'\n[turn]\nallow_loopback = ''\n")
        .env("ZVONILKA_DOMAIN", "")
        .env("ZVONILKA_HTTP__TRUSTED_PROXIES", "");
    let config = given.load().unwrap().config;
    assert_eq!(config.domain, None);
    assert_eq!(config.turn.allow_loopback, None);
    assert_eq!(config.http.trusted_proxies, []);
}

#[test]
fn a_list_in_the_environment_has_commas() {
    let given = Given::default().env("ZVONILKA_HTTP__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7");
    let proxies = given.load().unwrap().config.http.trusted_proxies;
    assert_eq!(
        proxies,
        [
            "10.0.0.0/8".parse().unwrap(),
            "192.0.2.7/32".parse().unwrap()
        ]
    );
}

#[test]
fn the_old_variables_name_a_postgres_database_and_the_jwt_secret() {
    let given = || {
        Given::file("[database]\nurl = 'sqlite:family.db'\n")
            .env("DATABASE_HOST", "db")
            .env("DATABASE_PORT", "5433")
            .env("DATABASE_USER", "anna")
            .env("DATABASE_PASSWORD", "p@ss")
            .env("DATABASE_NAME", "family")
            .env("JWT_SECRET", "an old secret of the tokens")
    };
    let Loaded { config, origins } = given().load().unwrap();
    let DatabaseUrl::Postgres(url) = config.database_url() else {
        panic!("not PostgreSQL")
    };
    assert_eq!(url.expose(), "postgres://anna:p%40ss@db:5433/family");
    assert_eq!(
        origins["database.url"],
        Origin::Variable("DATABASE_HOST".into())
    );
    assert_eq!(
        config.auth.jwt_secret.unwrap().expose(),
        "an old secret of the tokens"
    );

    let newer = given()
        .env("ZVONILKA_DATABASE__URL", "sqlite:new.db")
        .env("ZVONILKA_AUTH__JWT_SECRET", "a new secret of the tokens");
    let config = newer.load().unwrap().config;
    assert_eq!(config.database_url(), DatabaseUrl::Sqlite("new.db".into()));
    assert_eq!(
        config.auth.jwt_secret.unwrap().expose(),
        "a new secret of the tokens"
    );
}

#[test]
fn half_a_database_in_the_old_variables_is_refused() {
    let report = Given::default()
        .env("DATABASE_PASSWORD", "private")
        .refused();
    assert!(
        report.contains("DATABASE_PASSWORD is set but DATABASE_HOST is not"),
        "{report}"
    );
    let report = Given::default()
        .env("DATABASE_HOST", "db")
        .env("DATABASE_NAME", "x")
        .env("DATABASE_PORT", "many")
        .refused();
    assert!(report.contains("DATABASE_PORT must be a port"), "{report}");
}

#[test]
fn a_secret_may_come_from_a_file() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("secret");
    fs::write(&path, "a secret from a file\n").unwrap();
    let file = format!("[turn]\nsecret_file = '{}'\n", path.display());
    let Loaded { config, origins } = Given::file(&file).load().unwrap();
    assert_eq!(config.turn.secret.unwrap().expose(), "a secret from a file");
    assert!(matches!(origins["turn.secret"], Origin::SecretFile(_)));

    let both = Given::file(&format!("{file}secret = 'and one of its own too'\n")).refused();
    assert!(
        both.contains("turn.secret is set too; one of the two must go"),
        "{both}"
    );
    fs::write(&path, "short").unwrap();
    assert!(
        Given::file(&file)
            .refused()
            .contains("turn.secret = \"***\": expected at least 16 characters")
    );
    fs::remove_file(&path).unwrap();
    assert!(
        Given::file(&file)
            .refused()
            .contains("cannot be read: No such file")
    );
}

#[test]
fn settings_that_contradict_each_other_are_refused_together() {
    let file = "[turn]\nlisten = '0.0.0.0:50000'\nallow_loopback = true\nallocations = 10\n[auth]\naccess_token_lifetime = '60d'\n\
                [calls]\nring_timeout = '0s'\n";
    let report = Given::file(file).refused();
    for part in [
        "turn.relay_ports = \"49152-65535\": holds the port of 0.0.0.0:50000 in turn.listen",
        "turn.allow_loopback = true: would open services of this machine",
        "turn.allocations_per_user = 48: is above turn.allocations = 10",
        "auth.refresh_token_lifetime = \"30d\": must be above auth.access_token_lifetime = \"60d\" (default)",
        "calls.ring_timeout = \"0s\": expected at least \"1s\" (FILE:8)",
    ] {
        assert!(report.contains(part), "{part:?} is not in:\n{report}");
    }
}

#[test]
fn a_group_call_is_neither_too_small_nor_larger_than_can_be_served() {
    for (calls, must) in [
        ("group_participants = 1", "expected 2 to 100"),
        ("group_participants = 101", "expected 2 to 100"),
        ("group_publications = 3", "expected 4 to 16"),
        ("group_layers = 4", "expected 1 to 3"),
        (
            "group_video_bitrate = '64kbit'",
            "expected at least \"100kbit\"",
        ),
        (
            "group_video_bitrate = '3MB'",
            "expected a bit rate with its unit",
        ),
        ("group_audible = 0", "expected"),
    ] {
        let report = Given::file(&format!("[calls]\n{calls}\n")).refused();
        assert!(report.contains(must), "{must:?} is not in:\n{report}");
    }
}

#[test]
fn a_relay_that_could_not_work_as_it_is_set_is_refused_with_what_would_help() {
    for (turn, must) in [
        ("listen = []", "expected at least one address and port"),
        (
            "listen = ['127.0.0.1:3000']",
            "127.0.0.1:3000 is listened on for something else already",
        ),
        (
            "tls_listen = ['127.0.0.1:3478']",
            "127.0.0.1:3478 is listened on for something else already",
        ),
        (
            "tls_listen = ['127.0.0.1:5349']",
            "TLS needs a certificate: set tls.certificate_file and tls.key_file",
        ),
        (
            "external_address_v6 = '2001:db8::1'",
            "no address in turn.listen is IPv6",
        ),
        ("external_address = '224.0.0.1'", "expected the one address"),
        (
            "external_address_v6 = 'fe80::1'",
            "expected the one address",
        ),
        (
            "external_address = '2001:db8::1'",
            "expected an IPv4 address",
        ),
        ("peers = 'everybody'", "expected \"calls\" or \"public\""),
        (
            "allow = ['10.0.0.0/8']\ndeny = ['10.0.0.0/8']",
            "10.0.0.0/8 stands in turn.deny too",
        ),
        (
            "realm = 'a realm of more than 32 characters'",
            "expected at most 32 bytes",
        ),
        ("workers = 17", "expected at most 16"),
        (
            "clock_skew = '24h'",
            "must be below turn.credential_lifetime",
        ),
        (
            "streams = 10",
            "turn.streams_per_prefix = 64: is above turn.streams = 10",
        ),
        (
            "stranger_bandwidth = '8KiB'",
            "is above turn.stranger_bandwidth = \"8KiB\"",
        ),
        ("user_bandwidth = '0B'", "expected at least \"16KiB\""),
        ("stream_buffer = '1KiB'", "expected at least \"64KiB\""),
    ] {
        let report = Given::file(&format!("[turn]\n{turn}\n")).refused();
        assert!(report.contains(must), "{must:?} is not in:\n{report}");
    }
}

#[test]
fn a_certificate_and_its_key_come_together() {
    for (given, missing) in [
        ("certificate_file", "set tls.key_file too"),
        ("key_file", "set tls.certificate_file too"),
    ] {
        let report = Given::file(&format!("[tls]\n{given} = '/etc/x.pem'\n")).refused();
        assert!(report.contains(missing), "{report}");
    }
}

#[test]
fn a_domain_alone_is_a_whole_configuration() {
    let config = Given::file("domain = 'talk.example.org'\n")
        .load()
        .unwrap()
        .config;
    let ports = |list: &[SocketAddr]| -> Vec<u16> { list.iter().map(SocketAddr::port).collect() };
    assert_eq!(ports(&config.turn.listen), [3478]);
    assert_eq!(ports(&config.turn.tls_listen), [5349]);
    assert_eq!(ports(&config.https.listen), [443]);
    assert_eq!(ports(&config.https.redirect_listen), [80]);
    assert!(config.turn.listen[0].ip().is_unspecified());
    assert!(config.uses_acme() && !config.local_run());
}

#[test]
fn behind_a_reverse_proxy_its_ports_are_left_to_it() {
    let file = "domain = 'talk.example.org'\n[http]\ntrusted_proxies = ['127.0.0.1']\n";
    let config = Given::file(file).load().unwrap().config;
    assert!(config.https.listen.is_empty() && config.https.redirect_listen.is_empty());
    assert!(config.turn.tls_listen.is_empty() && !config.uses_acme());
    assert_eq!(config.turn.listen[0].port(), 3478);
}

#[test]
fn what_is_set_under_a_domain_stays_as_it_is_set() {
    let file = "domain = 'talk.example.org'\n[https]\nlisten = []\nredirect_listen = []\n[turn]\nlisten = ['192.0.2.1:3478']\ntls_listen = []\n";
    let config = Given::file(file).load().unwrap().config;
    assert!(config.https.listen.is_empty() && config.turn.tls_listen.is_empty());
    assert_eq!(config.turn.listen, ["192.0.2.1:3478".parse().unwrap()]);
}

#[test]
fn pages_over_tls_without_a_certificate_are_refused_with_what_would_help() {
    for (file, must) in [
        (
            "[https]\nlisten = ['127.0.0.1:8443']\n",
            "let this server get one by setting domain",
        ),
        (
            "[acme]\ndirectory = 'http://127.0.0.1/dir'\n",
            "begins with https://",
        ),
        ("[acme]\nemail = 'nobody'\n", "expected an e-mail address"),
        (
            "domain = 'a.example'\n[https]\nlisten = ['127.0.0.1:3000']\n",
            "127.0.0.1:3000 is listened on for something else already",
        ),
        (
            "domain = 'a.example'\n[https]\nlisten = ['127.0.0.1:50000']\n",
            "holds the port of 127.0.0.1:50000 in https.listen",
        ),
        (
            "[https]\nconnections = 10\n",
            "is above https.connections = 10",
        ),
    ] {
        let report = Given::file(file).refused();
        assert!(report.contains(must), "{must:?} is not in:\n{report}");
    }
}

#[test]
fn what_differs_between_two_readings_is_named() {
    let load = |file: &str| Given::file(file).load().unwrap();
    let mut before = load("[log]\nfilter = 'info'\n[calls]\nring_timeout = '30s'\n");
    let mut after = load(
        "[log]\nfilter = 'debug'\n[calls]\nring_timeout = '30s'\n[auth]\nlogins_per_minute = 5\n",
    );
    assert_eq!(
        before.changes(&mut after),
        ["auth.logins_per_minute", "log.filter"]
    );
    assert!(after.changes(&mut load("[log]\nfilter = 'debug'\n[calls]\nring_timeout = '30s'\n[auth]\nlogins_per_minute = 5\n")).is_empty());
}

#[test]
fn metrics_are_for_this_machine_alone_or_for_nobody() {
    let listen = |at: &str| Given::file(&format!("[metrics]\nlisten = '{at}'\n"));
    let report = listen("0.0.0.0:9464").refused();
    assert!(
        report.contains("metrics are for this machine alone"),
        "{report}"
    );
    assert_eq!(listen("").load().unwrap().config.metrics.listen, None);
    assert!(listen("[::1]:9464").load().is_ok());
}

#[test]
fn a_relay_on_all_addresses_of_both_families_is_told_by_its_external_ones() {
    let file = "domain = 'talk.example.org'\n[turn]\nlisten = ['0.0.0.0:3478', '[::]:3478']\ntls_listen = ['0.0.0.0:5349', '[::]:5349']\n\
                external_address = '203.0.113.10'\nexternal_address_v6 = '2001:db8::10'\n[tls]\ncertificate_file = 'c.pem'\nkey_file = 'k.pem'\n";
    let config = Given::file(file).load().unwrap().config;
    assert_eq!(
        config.turn.relay_v4(),
        Some("203.0.113.10".parse().unwrap())
    );
    assert_eq!(
        config.turn.relay_v6(),
        Some("2001:db8::10".parse().unwrap())
    );
}

#[test]
fn the_reference_file_has_every_setting_with_its_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/zvonilka.toml");
    let reference = fs::read_to_string(path).unwrap();
    let setting = |line: &str| {
        line.split_once(" = ").is_some_and(|(key, _)| {
            key.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        })
    };
    let uncommented: String = reference
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if setting(rest) => format!("{rest}\n"),
            Some(_) | None => format!("{line}\n"),
        })
        .collect();

    let untouched = Given::file(&reference).load().unwrap();
    assert!(
        untouched.origins.is_empty(),
        "a setting stands there without '#': {:?}",
        untouched.origins
    );
    let Loaded { config, origins } = Given::file(&uncommented).load().unwrap();
    assert_eq!(origins.keys().copied().collect::<Vec<_>>(), {
        let mut keys = Keys::all().0;
        keys.sort_unstable();
        keys
    });
    assert_eq!(
        Loaded {
            config,
            origins: BTreeMap::new()
        }
        .to_string(),
        defaults().to_string()
    );
}

#[test]
fn the_example_of_each_readme_is_accepted() {
    for readme in ["README.md", "README.ru.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(readme);
        let text = fs::read_to_string(path).unwrap();
        let example = text
            .split("```toml\n")
            .nth(1)
            .unwrap()
            .split("```")
            .next()
            .unwrap();
        let config = Given::file(example).load().unwrap().config;
        assert!(!config.local_run(), "{readme}");
    }
}

#[derive(Default)]
struct Given {
    file: Option<(TempDir, PathBuf)>,
    environment: Vec<(OsString, OsString)>,
    flags: Flags,
}

impl Given {
    fn file(text: &str) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("zvonilka.toml");
        fs::write(&path, text).unwrap();
        Self {
            file: Some((scratch, path)),
            ..Self::default()
        }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, set: impl FnOnce(&mut Flags)) -> Self {
        set(&mut self.flags);
        self
    }

    fn load(&self) -> Result<Loaded, Errors> {
        let file = self.file.as_ref().map(|(_, path)| path.as_path());
        load_with(&self.flags, file, self.environment.iter().cloned())
    }

    /// Returns the report, with the file's path as `FILE`.
    fn refused(&self) -> String {
        let report = self.load().unwrap_err().to_string();
        match &self.file {
            Some((_, path)) => report.replace(&path.display().to_string(), "FILE"),
            None => report,
        }
    }
}

fn defaults() -> Loaded {
    Loaded {
        config: Config::default(),
        origins: BTreeMap::new(),
    }
}
