//! Reads single settings. Each function says what is wrong and what would be right.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Database;
use crate::store::postgres::PostgresUrl;
use crate::telemetry;

/// How many mutations may be allowed to wait.
const QUEUE_MAX: usize = 100_000;
/// How many MiB of configurations may be kept in memory.
const CACHE_MIB_MAX: u64 = 65_536;
/// How many sessions may be allowed: as many as any server bears.
const SESSIONS_MAX: u32 = 1_000;

pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    text.trim().parse().map_err(|_| {
        format!("{text:?} is no address; write an IP and a port: 127.0.0.1:50051, [::]:50051")
    })
}

/// Reads the URL of a database. It is not shown: others than SQLite's hold passwords.
pub(super) fn database(url: &str) -> Result<Database, String> {
    if PostgresUrl::is_meant_by(url) {
        return PostgresUrl::parse(url).map(Database::Postgres);
    }
    sqlite(url).map(Database::Sqlite)
}

/// Returns the path of a SQLite database.
fn sqlite(url: &str) -> Result<PathBuf, String> {
    let url = url.trim();
    let Some((scheme, rest)) = url.split_once(':') else {
        return Err("is no URL; write sqlite: and the path of a file: sqlite:gomark.db".to_owned());
    };
    if !scheme.eq_ignore_ascii_case("sqlite") {
        let known = !scheme.is_empty()
            && scheme.len() <= 16
            && scheme.bytes().all(|byte| byte.is_ascii_lowercase());
        let named = if known { format!("{scheme}: is") } else { "its scheme is".to_owned() };
        return Err(format!(
            "{named} not supported; write sqlite: and the path of a file, or \
             postgres://USER:PASSWORD@HOST:PORT/DATABASE"
        ));
    }
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() {
        return Err("names no file; write sqlite:gomark.db or sqlite:/path/gomark.db".to_owned());
    }
    if path.contains(":memory:") {
        return Err("a database in memory forgets everything; give a file".to_owned());
    }
    if path.contains('?') {
        return Err("takes no parameters after ?; write sqlite: and a path alone".to_owned());
    }
    let path = PathBuf::from(path);
    if path.is_dir() {
        return Err(format!("{} is a folder; give a file", path.display()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.unwrap_or(Path::new(".")) {
        folder if folder.is_dir() => Ok(path),
        folder => Err(format!("the folder {} does not exist", folder.display())),
    }
}

/// Reads a switch that may have a value.
pub(super) fn switch(text: Option<&str>) -> Result<bool, String> {
    match text.map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "false" | "0" | "no" | "off") => Ok(false),
        Some("true" | "1" | "yes" | "on") => Ok(true),
        Some(other) => Err(format!("{other:?} is neither true nor false")),
    }
}

pub(super) fn queue(text: &str) -> Result<usize, String> {
    number_within(text, 1, QUEUE_MAX)
}

/// Reads how many MiB of configurations are kept; answers bytes.
pub(super) fn cache_mib(text: &str) -> Result<u64, String> {
    number_within(text, 0, CACHE_MIB_MAX).map(|mib| mib * 1024 * 1024)
}

/// Reads how many sessions a process may have at its database.
pub(super) fn sessions(text: &str) -> Result<u32, String> {
    number_within(text, 2, SESSIONS_MAX)
}

/// Takes a setting that is given as nothing for one that is not given, as in `GOMARK_LOG=`.
pub(super) fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    let text = text.trim();
    if text.is_empty() { default } else { text }
}

pub(super) fn number_within<N>(text: &str, least: N, most: N) -> Result<N, String>
where
    N: FromStr + PartialOrd + Display,
{
    match text.trim().parse() {
        Ok(number) if (&least..=&most).contains(&&number) => Ok(number),
        _ => Err(format!("{text:?} is no number between {least} and {most}")),
    }
}

pub(super) fn log_format(text: &str) -> Result<telemetry::Format, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "text" => Ok(telemetry::Format::Text),
        "json" => Ok(telemetry::Format::Json),
        _ => Err(format!("{text:?} is neither text nor json")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_url_names_a_file() {
        for (url, path) in [
            ("sqlite:gomark.db", "gomark.db"),
            ("sqlite://gomark.db", "gomark.db"),
            ("sqlite:///tmp/gomark.db", "/tmp/gomark.db"),
            ("SQLite:/tmp/gomark.db", "/tmp/gomark.db"),
        ] {
            assert_eq!(sqlite(url), Ok(PathBuf::from(path)), "{url}");
        }
        let bad = ["", "gomark.db", "sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro"];
        for url in bad.into_iter().chain(["sqlite:/no/such/folder/x.db", "sqlite:/tmp"]) {
            assert!(database(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_password_of_another_database_is_not_repeated() {
        let error = database("mysql://gomark:secret@db/gomark").unwrap_err();
        assert!(error.contains("mysql: is not supported"), "{error}");
        assert!(!error.contains("secret"), "{error}");
        assert!(!database("sec-ret:x").unwrap_err().contains("sec-ret"));
    }

    #[test]
    fn a_switch_is_off_unless_it_is_turned_on() {
        for off in [None, Some(""), Some("false"), Some("0"), Some("No")] {
            assert_eq!(switch(off), Ok(false));
        }
        for on in ["true", "1", "YES", "on"] {
            assert_eq!(switch(Some(on)), Ok(true));
        }
        assert!(switch(Some("maybe")).is_err());
    }
}
