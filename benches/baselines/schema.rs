//! A schema of a measurement, in somebody's Postgres.

use std::process::Stdio;

use tokio::process::Command;

use crate::Outcome;

/// A schema of its own. It is dropped with this.
#[derive(Debug)]
pub(crate) struct Schema {
    url: String,
    /// Where it is, as variables: other processes can read arguments.
    place: Vec<(&'static str, String)>,
    name: String,
}

impl Schema {
    /// Makes one, with a name that tells what it is for.
    pub(crate) async fn make(url: &str, of: &str) -> Outcome<Self> {
        let name = format!("gomark_bench_{}_{of}", std::process::id());
        let schema = Self { url: url.to_owned(), place: place(url)?, name };
        schema.psql(&format!("CREATE SCHEMA {}", schema.name)).await?;
        Ok(schema)
    }

    /// Returns the URL that leads to it.
    pub(crate) fn url(&self) -> String {
        let more = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{more}options[search_path]={}", self.url, self.name)
    }

    /// Runs statements in it.
    pub(crate) async fn psql(&self, sql: &str) -> Outcome<()> {
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        self.run(command).await.map(|_| ())
    }

    /// Runs one of Postgres's programs in it, and returns what it said.
    pub(crate) async fn run(&self, mut command: Command) -> Outcome<String> {
        command.envs(self.place.iter().map(|(name, value)| (name, value)));
        command.env("PGOPTIONS", format!("-c search_path={}", self.name));
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        }
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let sql =
            format!("SET client_min_messages = error; DROP SCHEMA IF EXISTS {} CASCADE", self.name);
        let dropped = std::process::Command::new("psql")
            .args(["-X", "-q", "-c", &sql])
            .envs(self.place.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .status();
        if !dropped.is_ok_and(|status| status.success()) {
            eprintln!("bench: the schema {} could not be dropped", self.name);
        }
    }
}

/// Reads a URL as the variables that Postgres's programs take.
fn place(url: &str) -> Outcome<Vec<(&'static str, String)>> {
    let url = url::Url::parse(url).map_err(|error| format!("the Postgres URL: {error}"))?;
    let mut place = vec![("PGDATABASE", percent_decoded(url.path().trim_start_matches('/')))];
    place.push(("PGHOST", url.host_str().unwrap_or("127.0.0.1").to_owned()));
    place.push(("PGPORT", url.port().unwrap_or(5_432).to_string()));
    place.push(("PGUSER", percent_decoded(url.username())));
    place.extend(url.password().map(|password| ("PGPASSWORD", percent_decoded(password))));
    let ssl = url.query_pairs().find(|(name, _)| name == "sslmode");
    place.extend(ssl.map(|(_, mode)| ("PGSSLMODE", mode.into_owned())));
    place.retain(|(_, value)| !value.is_empty());
    Ok(place)
}

fn percent_decoded(text: &str) -> String {
    // As the name in a query, whose own signs are kept from being read as such.
    let escaped = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let pairs = url::form_urlencoded::parse(escaped.as_bytes());
    pairs.map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}
