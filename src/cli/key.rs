//! `gomark key`: makes keys.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use super::{Error, Exit};
use crate::vault::{Key, create_key_file};

/// What to do with keys.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Makes a new key and prints it, for GOMARK_KEY
    ///
    /// Whoever has the key and the database can read the credentials of all companies; without the
    /// key nobody can. Keep a copy of it apart from the database.
    Generate {
        /// Write the key to a new file (mode 0600), for --key-file, instead of printing it
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// Runs the command.
///
/// # Errors
///
/// Fails when no key can be made or written.
pub fn run(command: &Command) -> Result<Exit, Error> {
    let Command::Generate { output } = command;
    if let Some(path) = output {
        let key = create_key_file(path)?;
        eprintln!(
            "Made {} (key {}). Keep a copy apart from the database.",
            path.display(),
            key.id()
        );
        return Ok(Exit::Done);
    }
    let key = Key::generate().map_err(Error::Key)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", *key.to_text())?;
    out.flush()?;
    if out.is_terminal() {
        eprintln!("This is key {}. Keep a copy apart from the database.", key.id());
    }
    Ok(Exit::Done)
}
