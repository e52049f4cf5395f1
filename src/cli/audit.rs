//! `gomark audit`: proves the log, and exports it.

mod export;
mod verify;

use super::{Error, Exit};
use crate::audit::Witness;
use crate::domain::CompanyId;

/// What to do with the audit log.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    Verify(VerifyArgs),
    Export(ExportArgs),
}

/// Recomputes the chain of each company from its entries, and names everything that does not fit
///
/// The database is only read, and the service may be running or not. Exit code 3 means that
/// something is wrong with the log.
///
/// Whoever can write the whole database can make a log anew together with its head. Keep the heads
/// that --json prints somewhere else, and give them as --witness later: then no entry up to them can
/// have been changed unnoticed.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gomark audit verify gomark.db
  gomark audit verify --company acme --json acme.jsonl
  DATABASE_URL=postgres://gomark:PASSWORD@db.example/gomark gomark audit verify")]
pub struct VerifyArgs {
    /// SQLite database (a path or a sqlite: URL), postgres: URL, or a file that `gomark audit export`
    /// wrote; a URL with a password is better given as DATABASE_URL, since others can read flags
    #[arg(env = "DATABASE_URL", value_name = "FILE|URL", hide_env_values = true)]
    log: String,
    /// Only this company; repeat it for several
    #[arg(long = "company", value_name = "COMPANY", value_parser = company)]
    companies: Vec<CompanyId>,
    /// Head that the log had earlier; repeat it for several
    #[arg(long = "witness", value_name = "COMPANY:REVISION:HASH", value_parser = Witness::parse)]
    witnesses: Vec<Witness>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Writes the log of a company as JSON lines, to be verified elsewhere
///
/// The database is only read, and the service may be running or not. Binary values are base64
/// (records) and hexadecimal (hashes).
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Example:
  gomark audit export --database gomark.db --company acme --output acme.jsonl")]
pub struct ExportArgs {
    /// SQLite database (a path or a sqlite: URL) or postgres: URL
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "FILE|URL",
        default_value = "sqlite:gomark.db",
        hide_env_values = true
    )]
    database: String,
    /// The company
    #[arg(long, value_name = "COMPANY", value_parser = company)]
    company: CompanyId,
    /// New file to write to; one that is there is left as it is [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<std::path::PathBuf>,
}

/// Runs the command.
///
/// # Errors
///
/// Fails when the log cannot be read or the result cannot be written.
pub async fn run(command: Command) -> Result<Exit, Error> {
    match command {
        Command::Verify(args) => verify::run(args).await,
        Command::Export(args) => export::run(args).await,
    }
}

fn company(text: &str) -> Result<CompanyId, String> {
    CompanyId::parse(text).map_err(|violation| violation.rule)
}
