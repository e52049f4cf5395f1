//! `gomark token`: makes tokens.

use std::io::{self, Write as _};

use serde_json::json;

use super::{Error, Exit};
use crate::auth::NewToken;

/// What to do with tokens.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Makes a new token: the entry for the tokens file to standard output, the token, once, to
    /// standard error
    ///
    /// The entry holds only the SHA-256 of the token, so that the tokens file gives none away.
    #[command(
        after_help = "Example:\n  gomark token generate --actor crm-sync --company acme >> tokens.toml"
    )]
    Generate {
        /// Name of the caller in the audit log
        #[arg(long, value_name = "NAME", default_value = "operator")]
        actor: String,
        /// Company that the caller may see and change; repeat it for several [default: all]
        #[arg(long = "company", value_name = "COMPANY", value_delimiter = ',')]
        companies: Vec<String>,
        /// Print both as one JSON object to standard output
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
///
/// # Errors
///
/// Fails when the tokens file would refuse the entry, and when no token can be made or written.
pub fn run(command: &Command) -> Result<Exit, Error> {
    let Command::Generate { actor, companies, json } = command;
    let made = NewToken::generate(actor, companies).map_err(Error::Token)?;
    let mut out = io::stdout().lock();
    if *json {
        writeln!(out, "{}", json!({ "token": *made.token, "entry": made.entry }))?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    eprintln!("The token, which is shown only now:\n  {}\n", *made.token);
    eprintln!("The entry for the tokens file:");
    write!(out, "{}", made.entry)?;
    out.flush()?;
    Ok(Exit::Done)
}
