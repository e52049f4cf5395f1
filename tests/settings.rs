//! What `gomark serve` makes of its settings, from the command line's words to checked values.

#![allow(clippy::unwrap_used)] // a test may stop at what it did not expect

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use clap::{Args as _, Command, FromArgMatches as _};
use gomark::auth::Policy;
use gomark::config::{Checked, Faults, KeyOrigin, Role, Serving, Settings, Surroundings};
use gomark::store::Tables;
use gomark::telemetry::Format;
use gomark::vault::Key;
use tempfile::TempDir;
use zeroize::Zeroizing;

const TOKEN: &str = "an-operators-token-0123456789";

/// A folder to work in, and what is in the environment.
struct Place {
    folder: TempDir,
    key: Option<Zeroizing<String>>,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), key: None }
    }

    fn with_key() -> Self {
        Self { key: Some(Key::generate().unwrap().to_text()), ..Self::new() }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn tokens(&self) -> String {
        let entry = format!("[[caller]]\nactor=\"ops\"\ncompanies=[\"*\"]\ntoken=\"{TOKEN}\"\n");
        self.write("tokens.toml", &entry, 0o600)
    }

    /// Checks what a command line says; the database is in the folder unless it says otherwise.
    fn check(&self, flags: &[&str]) -> Result<Checked, Faults> {
        let database = format!("--database-url=sqlite:{}", self.path("gomark.db"));
        let given = flags.iter().any(|flag| flag.starts_with("--database-url"));
        let words = ["serve"].into_iter().chain((!given).then_some(&*database));
        // Variables of the machine that runs the tests must not count.
        let command = Settings::augment_args(Command::new("serve"))
            .mut_args(|arg| arg.env(clap::builder::Resettable::Reset));
        let matches = command.try_get_matches_from(words.chain(flags.iter().copied())).unwrap();
        let settings = Settings::from_arg_matches(&matches).unwrap();
        let surroundings = Surroundings { key: self.key.clone(), log_format: Format::Text };
        settings.check_in(&surroundings)
    }

    fn faults(&self, flags: &[&str]) -> String {
        self.check(flags).unwrap_err().to_string()
    }
}

#[test]
fn without_settings_this_machine_alone_is_served_and_a_key_is_made() {
    let place = Place::new();
    let checked = place.check(&[]).unwrap();
    assert_eq!(checked.listen.to_string(), "127.0.0.1:50051");
    assert!(matches!(checked.auth, Policy::Local));
    assert_eq!(checked.call_timeout, Duration::from_secs(10));
    assert_eq!(checked.lease, Duration::from_secs(30));
    assert_eq!(checked.sweep_interval, Duration::from_secs(1));
    assert_eq!(checked.shutdown_grace, Duration::from_secs(20));
    assert_eq!(checked.queue_max, 1024);
    assert_eq!(checked.cache_bytes_max, 64 * 1024 * 1024);
    assert_eq!(checked.serving, Serving::default());
    assert_eq!(checked.tables, Tables::Update);
    assert_eq!(checked.log.filter, "info");
    let made = place.folder.path().join("gomark.db.key");
    assert_eq!(checked.key_origin, KeyOrigin::Made(made.clone()));
    assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(checked.warnings()[0].contains("gomark.db.key"), "{:?}", checked.warnings());
}

#[test]
fn who_takes_no_calls_needs_no_tokens_on_a_network() {
    let place = Place::with_key();
    let check = |role: &str| {
        let role = format!("--role={role}");
        let database = "--database-url=postgres://ada@db/gomark";
        place.check(&["--listen=0.0.0.0:50051", "--http-listen=0.0.0.0:8080", &role, database])
    };
    assert!(check("executor").is_ok());
    for role in ["api", "all"] {
        let faults = check(role).unwrap_err().to_string();
        assert!(faults.contains("--listen (GOMARK_LISTEN)"), "{faults}");
    }
}

#[test]
fn tables_are_left_as_they_are_when_asked_to() {
    let place = Place::new();
    let tables = |flag| place.check(&[flag]).unwrap().tables;
    assert_eq!(tables("--migrate=false"), Tables::Require);
    assert_eq!(tables("--migrate"), Tables::Update);
    assert_eq!(tables("--migrate="), Tables::Update);
    let faults = place.faults(&["--migrate=perhaps"]);
    assert!(faults.contains("--migrate (GOMARK_MIGRATE)"), "{faults}");
}

#[test]
fn the_key_that_was_made_is_used_from_then_on() {
    let place = Place::new();
    let first = place.check(&[]).unwrap();
    place.write("gomark.db", "as if it were a database", 0o600);
    let second = place.check(&[]).unwrap();
    assert_eq!(first.vault.key_id(), second.vault.key_id());
    assert!(matches!(second.key_origin, KeyOrigin::File(_)));
    assert_eq!(second.warnings(), Vec::<String>::new());
}

#[test]
fn no_new_key_is_made_for_a_database_that_was_sealed_with_another() {
    let place = Place::new();
    place.write("gomark.db", "as if it were a database", 0o600);
    let faults = place.faults(&[]);
    assert!(faults.contains("is there, but its key is not"), "{faults}");
    assert!(!Path::new(&place.path("gomark.db.key")).exists());
}

#[test]
fn with_postgres_a_key_must_be_given() {
    let url = "--database-url=postgres://ada:secret@127.0.0.1/gomark";
    let place = Place::new();
    let faults = place.faults(&[url]);
    assert!(faults.contains("GOMARK_KEY: is needed with Postgres"), "{faults}");
    assert_eq!(fs::read_dir(place.folder.path()).unwrap().count(), 0);
    let place = Place::with_key();
    let checked = place.check(&[url]).unwrap();
    assert_eq!(checked.warnings(), Vec::<String>::new());
    let shown = format!("{checked:?}");
    assert!(shown.contains("postgres://ada@127.0.0.1:5432/gomark"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn a_way_to_postgres_that_others_could_take_over_is_warned_of() {
    let place = Place::with_key();
    let checked = place.check(&["--database-url=postgres://ada:secret@db.example/gomark"]);
    let warnings = checked.unwrap().warnings();
    assert!(warnings[0].contains("sslmode=verify-full"), "{warnings:?}");
    assert!(!warnings[0].contains("secret"), "{warnings:?}");
    let url = "--database-url=postgres://ada@db.example/gomark?sslmode=verify-full";
    assert_eq!(place.check(&[url]).unwrap().warnings(), Vec::<String>::new());
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    let place = Place::new();
    let key = Key::generate().unwrap().to_text();
    let path = place.write("gomark.db.key", &key, 0o644);
    let faults = place.faults(&[]);
    assert!(faults.contains("mode 644") && faults.contains("chmod 600"), "{faults}");
    let faults = place.faults(&["--key-file", &path]);
    assert!(faults.contains("mode 644"), "{faults}");
    assert!(!faults.contains(key.as_str()));
}

#[test]
fn beyond_loopback_callers_must_be_told_apart_or_everyone_let_in_on_purpose() {
    let place = Place::with_key();
    for address in ["0.0.0.0:50051", "[::]:50051", "192.0.2.1:50051"] {
        let faults = place.faults(&["--listen", address]);
        assert!(faults.contains("--tokens FILE, or --anonymous"), "{faults}");
    }
    for address in ["127.0.0.1:0", "127.8.8.8:50051", "[::1]:50051"] {
        assert!(matches!(place.check(&["--listen", address]).unwrap().auth, Policy::Local));
    }
    let tokens = place.tokens();
    let checked = place.check(&["--listen=0.0.0.0:1", "--tokens", &tokens]).unwrap();
    assert!(matches!(checked.auth, Policy::Tokens(_)));
    assert_eq!(checked.warnings(), Vec::<String>::new());
    let checked = place.check(&["--listen=0.0.0.0:1", "--anonymous"]).unwrap();
    assert!(matches!(checked.auth, Policy::Anonymous));
    assert!(checked.warnings()[0].contains("everyone who reaches 0.0.0.0:1"));
}

#[test]
fn the_http_calls_are_served_where_asked_to_under_the_same_conditions() {
    let place = Place::with_key();
    for none in [&[][..], &["--http-listen="], &["--http-listen", " "]] {
        assert_eq!(place.check(none).unwrap().http_listen, None);
    }
    let checked = place.check(&["--http-listen=127.0.0.1:8080"]).unwrap();
    assert_eq!(checked.http_listen, Some("127.0.0.1:8080".parse().unwrap()));
    assert!(matches!(checked.auth, Policy::Local));
    assert!(
        place.faults(&["--http-listen=localhost"]).contains("GOMARK_HTTP_LISTEN): \"localhost\"")
    );

    let open = "--http-listen=0.0.0.0:8080";
    let faults = place.faults(&[open]);
    assert!(
        faults.contains("--http-listen (GOMARK_HTTP_LISTEN): 0.0.0.0:8080 is reached"),
        "{faults}"
    );
    let checked = place.check(&[open, "--tokens", &place.tokens()]).unwrap();
    assert!(matches!(checked.auth, Policy::Tokens(_)));
    let warnings = place.check(&[open, "--anonymous"]).unwrap().warnings();
    assert!(warnings[0].contains("127.0.0.1:50051 or 0.0.0.0:8080 may do"), "{warnings:?}");
    // No key is made for an address that others reach.
    let faults = Place::new().faults(&[open, "--anonymous"]);
    assert!(faults.contains("GOMARK_KEY: is needed beyond loopback"), "{faults}");
}

#[test]
fn tokens_and_anonymous_exclude_each_other() {
    let place = Place::with_key();
    let tokens = place.tokens();
    let faults = place.faults(&["--tokens", &tokens, "--anonymous"]);
    assert!(faults.contains("cannot be used together with --tokens"), "{faults}");
    assert!(place.check(&["--tokens", &tokens, "--anonymous=false"]).is_ok());
}

#[test]
fn beyond_loopback_a_key_must_be_given_and_none_is_made() {
    let place = Place::new();
    let faults = place.faults(&["--listen=0.0.0.0:1", "--anonymous"]);
    assert!(faults.contains("GOMARK_KEY: is needed beyond loopback"), "{faults}");
    assert_eq!(fs::read_dir(place.folder.path()).unwrap().count(), 0);
}

#[test]
fn a_key_has_one_source() {
    let mut place = Place::with_key();
    let path = place.write("key", &Key::generate().unwrap().to_text(), 0o400);
    assert_eq!(place.check(&[]).unwrap().key_origin, KeyOrigin::Environment);
    assert!(place.faults(&["--key-file", &path]).contains("together with GOMARK_KEY"));
    place.key = Some(Zeroizing::new(String::new()));
    let checked = place.check(&["--key-file", &path]).unwrap();
    assert_eq!(checked.key_origin, KeyOrigin::File(path.into()));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_no_secret_is_shown() {
    let mut place = Place::new();
    place.key = Some(Zeroizing::new("gmk1_secret".to_owned()));
    let tokens = place.write("tokens.toml", "[[caller]]\ntoken=\"secret\"\nx=1\n", 0o600);
    let faults = place
        .check(&[
            "--listen=localhost",
            "--database-url=mysql://user:secret@db/gomark",
            "--tokens",
            &tokens,
            "--anonymous=perhaps",
            "--call-timeout=1h",
            "--lease=1ms",
            "--sweep-interval=often",
            "--shutdown-grace=6m",
            "--queue=0",
            "--cache-mib=-1",
            "--database-sessions=1",
            "--log=verbose",
            "--log-format=xml",
        ])
        .unwrap_err();
    let settings: Vec<_> = faults.as_slice().iter().map(|fault| fault.setting).collect();
    for setting in [
        "--listen",
        "--database-url",
        "--tokens",
        "--anonymous",
        "GOMARK_KEY",
        "--call-timeout",
        "--lease",
        "--sweep-interval",
        "--shutdown-grace",
        "--queue",
        "--cache-mib",
        "--database-sessions",
        "--log ",
        "--log-format",
    ] {
        assert!(settings.iter().any(|given| given.starts_with(setting)), "{setting}: {faults}");
    }
    let of_tokens = settings.iter().filter(|given| given.starts_with("--tokens")).count();
    assert_eq!(of_tokens, 4, "{faults}");
    assert!(!faults.to_string().contains("secret"), "{faults}");
}

#[test]
fn a_call_may_take_a_third_of_the_lease_at_most() {
    let place = Place::with_key();
    assert!(place.check(&["--call-timeout=10s", "--lease=30s"]).is_ok());
    let faults = place.faults(&["--call-timeout=10s", "--lease=29s"]);
    assert!(faults.contains("10s is more than a third of the lease, 29s"), "{faults}");
    assert!(place.faults(&["--call-timeout=99ms"]).contains("between 100ms and 10s"));
    assert!(place.faults(&["--call-timeout=11s"]).contains("between 100ms and 10s"));
}

#[test]
fn vendor_hosts_may_be_repeated_and_separated_by_commas() {
    let place = Place::with_key();
    let checked = place.check(&[
        "--vendor-host=api.example.com,http://127.0.0.1:8090",
        "--vendor-host= proxy.example.com:8443 ",
        "--vendor-host=",
    ]);
    let expected = ["api.example.com", "http://127.0.0.1:8090", "proxy.example.com:8443"];
    assert_eq!(checked.unwrap().vendor_hosts, expected);
    let faults = place.faults(&["--vendor-host=http://example.com/path,ftp://x"]);
    assert_eq!(faults.matches("--vendor-host").count(), 2, "{faults}");
}

#[test]
fn what_is_checked_shows_no_secret() {
    let place = Place::with_key();
    let tokens = place.tokens();
    let shown = format!("{:?}", place.check(&["--tokens", &tokens]).unwrap());
    let key = place.key.as_ref().unwrap();
    assert!(!shown.contains(key.as_str()) && !shown.contains(TOKEN), "{shown}");
    assert!(!shown.contains(&key[5..20]), "{shown}");
}

#[test]
fn empty_variables_count_as_unset() {
    let place = Place::with_key();
    let checked = place.check(&[
        "--tokens=",
        "--key-file=",
        "--anonymous=",
        "--log-format=",
        "--listen=",
        "--queue= ",
        "--cache-mib= ",
        "--database-sessions=",
        "--lease=",
        "--call-timeout=",
        "--sweep-interval=",
        "--shutdown-grace=",
        "--log=",
    ]);
    let checked = checked.unwrap();
    assert!(matches!(checked.auth, Policy::Local));
    assert_eq!(checked.listen.to_string(), "127.0.0.1:50051");
    assert_eq!(checked.lease, Duration::from_secs(30));
}

#[test]
fn the_program_reads_the_environment_and_ends_with_code_2_when_it_is_wrong() {
    let place = Place::new();
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_gomark"))
        .args(["serve", "--queue", "none"])
        .env_clear()
        .env("GOMARK_LISTEN", "0.0.0.0:0")
        .env("GOMARK_KEY", "gmk1_secret")
        .env("GOMARK_LEASE", "")
        .env("GOMARK_CALL_TIMEOUT", "11s")
        .env("GOMARK_VENDOR_HOSTS", "ftp://one,ftp://two")
        .env("DATABASE_URL", "mysql://user:secret@db/gomark")
        .current_dir(place.folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{told}");
    assert!(told.starts_with("gomark serve: the settings have 7 faults:\n"), "{told}");
    assert!(!told.contains("secret"), "{told}");
    assert_eq!(fs::read_dir(place.folder.path()).unwrap().count(), 0);
}

#[test]
fn processes_that_work_together_need_a_postgres() {
    let place = Place::with_key();
    let redis = "--redis-url=redis://:secret@cache:6380/1";
    let amqp = "--amqp-url=amqps://gomark:secret@mq/gomark";
    let postgres = "--database-url=postgres://gomark:secret@db/gomark";
    let checked = place.check(&[postgres, "--role=api", redis, amqp]).unwrap();
    assert_eq!(checked.role, Role::Api);
    assert_eq!(checked.redis.unwrap().to_string(), "redis://cache:6380/1");
    assert_eq!(checked.amqp.unwrap().to_string(), "amqps://mq/gomark");
    let by_host = place.check(&[postgres, "--redis-host=cache", "--role="]).unwrap();
    assert_eq!(by_host.redis.unwrap().to_string(), "redis://cache");
    assert_eq!((by_host.role, by_host.amqp), (Role::All, None));

    let faults = place.faults(&["--role=executor", redis, amqp]);
    for setting in ["--role (GOMARK_ROLE)", "--redis-url (REDIS_URL)", "--amqp-url (AMQP_URL)"] {
        assert!(faults.contains(&format!("{setting}: needs Postgres")), "{faults}");
    }
    let wrong = ["--role=boss", "--redis-url=http://x:secret@y", "--amqp-url=secret"];
    let faults = place.faults(&[postgres, wrong[0], wrong[1], wrong[2]]);
    assert!(faults.contains("the settings have 3 faults"), "{faults}");
    assert!(!faults.contains("secret"), "{faults}");
}

#[test]
fn how_calls_are_served_can_be_set() {
    let place = Place::new();
    let flags = ["--connection-age=0s", "--connections=7", "--calls=8", "--streams=9"];
    let serving = place.check(&[&flags[..], &["--drain-delay=5s"]].concat()).unwrap().serving;
    let wanted = Serving {
        connection_age: None,
        connections_max: 7,
        calls_max: 8,
        streams_max: 9,
        drain_delay: Duration::from_secs(5),
    };
    assert_eq!(serving, wanted);
    let faults = place.faults(&["--connection-age=2d", "--connections=0", "--drain-delay=2m"]);
    for setting in ["--connection-age", "--connections", "--drain-delay"] {
        assert!(faults.contains(setting), "{faults}");
    }
}
