//! `gomark migrate`: brings the tables of a database up to date, before the service is started.

use std::io::{self, Write as _};

use serde_json::json;

use super::{Error, Exit};
use crate::config::Database;
use crate::store::{Updated, postgres, sqlite};

/// Brings the tables of a database up to date, and makes them where there are none
///
/// `gomark serve` does the same at its start unless it is told --migrate=false. Processes that do so
/// at the same time take turns. Tables only ever gain something that the version before can do
/// without, so services of that version may go on meanwhile.
///
/// A SQLite file that this makes has no key beside it yet: give `gomark serve` one.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Example:
  DATABASE_URL=postgres://gomark:PASSWORD@db.example/gomark gomark migrate")]
pub struct Args {
    /// Database: sqlite: and a path, or postgres:; a URL with a password is better given as
    /// DATABASE_URL, since others can read flags
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "URL",
        default_value = "sqlite:gomark.db",
        hide_env_values = true
    )]
    database_url: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Fails when the URL is none, and when the database cannot be brought up to date.
pub async fn run(args: Args) -> Result<Exit, Error> {
    let database = Database::parse(&args.database_url).map_err(Error::DatabaseUrl)?;
    let (shown, updated) = match &database {
        Database::Sqlite(path) => {
            let updated = sqlite::migrate(path).await;
            let updated = updated.map_err(|error| Error::Migrate(Box::new(error)))?;
            (path.display().to_string(), updated)
        }
        Database::Postgres(url) => {
            let updated = postgres::migrate(url).await;
            (url.to_string(), updated.map_err(|error| Error::Migrate(Box::new(error)))?)
        }
    };
    print(&shown, &updated, args.json)?;
    Ok(Exit::Done)
}

fn print(database: &str, updated: &Updated, as_json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        let step = |step: &crate::store::Step| json!({ "version": step.version, "description": step.description });
        let applied: Vec<_> = updated.steps.iter().map(step).collect();
        let version = updated.version;
        let told = json!({ "database": database, "applied": applied, "version": version });
        writeln!(out, "{told:#}")?;
    } else {
        for step in &updated.steps {
            writeln!(out, "applied {step}")?;
        }
        writeln!(out, "{database} is up to date, at version {}", updated.version)?;
    }
    out.flush()
}
