//! The commands of the program.
//!
//! Each command says what it does through its exit code too (see [`Exit`]). What people read goes
//! to a terminal as tables with colour, elsewhere as plain lines; machines ask for `--json`.

pub mod audit;
pub mod bench;
pub mod demo;
pub mod health;
pub mod key;
pub mod migrate;
pub mod sandbox;
pub mod serve;
mod table;
pub mod token;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::app;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::supervisor::Supervisor;
use crate::telemetry::Chain;

/// How long the stand-in may take to end.
const SANDBOX_GRACE: Duration = Duration::from_secs(5);

/// Keeps HubSpot deal fields of many companies as decided.
#[derive(Debug, clap::Parser)]
#[command(name = "gomark", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Demo(demo::Args),
    Serve(Box<Settings>),
    Migrate(migrate::Args),
    Health(health::Args),
    Sandbox(sandbox::Args),
    /// Makes keys that seal vendor credentials
    #[command(subcommand)]
    Key(key::Command),
    /// Makes tokens for callers
    #[command(subcommand)]
    Token(token::Command),
    /// Proves and exports the audit log; needs no running service
    #[command(subcommand)]
    Audit(audit::Command),
    /// Measures a running service; it writes to it, so do not point it at one that matters
    #[command(subcommand)]
    Bench(bench::Command),
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong flags or settings, 3 the audit log is not intact.";

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what it should.
    Done,
    /// It could not do what it should.
    Failed,
    /// Flags or settings are wrong.
    Misused,
    /// The audit log is not intact.
    Broken,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Misused => 2,
            Exit::Broken => 3,
        })
    }
}

/// Why a command could not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key was not made.
    #[error("no key was made")]
    Key(#[source] crate::vault::KeyError),
    /// A key file was not made.
    #[error(transparent)]
    KeyFile(#[from] crate::vault::KeyFileError),
    /// A token was not made.
    #[error("no token was made")]
    Token(#[source] crate::auth::TokenError),
    /// The URL of a database cannot be read.
    #[error("--database-url (DATABASE_URL) {0}")]
    DatabaseUrl(String),
    /// The tables could not be brought up to date.
    #[error("the tables are not up to date")]
    Migrate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The audit log cannot be read.
    #[error(transparent)]
    Audit(#[from] crate::audit::Error),
    /// A file cannot be made.
    #[error("{} cannot be made", path.display())]
    NewFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The output cannot be written.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
    /// The demo did not come to its end.
    #[error("the demo failed")]
    Demo(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The stand-in ended with an error, or refused what was asked of it.
    #[error("the stand-in for HubSpot did not do it")]
    Sandbox(#[source] io::Error),
}

impl Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Token(_) | Self::DatabaseUrl(_) => Exit::Misused,
            _ => Exit::Failed,
        }
    }

    /// Tells whether the reader of the output has heard enough (`gomark … | head`).
    fn is_closed_output(&self) -> bool {
        let (Self::Output(error) | Self::Audit(crate::audit::Error::Output(error))) = self else {
            return false;
        };
        error.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Runs the command that was asked for, and says on standard error what went wrong.
pub async fn run(cli: Cli) -> Exit {
    let ended = match cli.command {
        Command::Demo(args) => demo::run(args).await.map(|()| Exit::Done).map_err(Error::Demo),
        Command::Serve(settings) => Ok(serve::run(*settings, app::run).await),
        Command::Migrate(args) => migrate::run(args).await,
        Command::Health(args) => Ok(health::run(args).await),
        Command::Sandbox(args) => run_sandbox(args).await,
        Command::Key(command) => key::run(&command),
        Command::Token(command) => token::run(&command),
        Command::Audit(command) => audit::run(command).await,
        Command::Bench(command) => Ok(bench::run(command).await),
    };
    ended.unwrap_or_else(|error| {
        if !error.is_closed_output() {
            eprintln!("gomark: {}", Chain(&error));
        }
        error.exit()
    })
}

async fn run_sandbox(args: sandbox::Args) -> Result<Exit, Error> {
    let supervisor = Supervisor::new();
    let asked_to_end = app::end_signal().map_err(Error::Sandbox)?;
    let ended = tokio::select! {
        ended = sandbox::run(args, &supervisor, SystemClock::shared()) => ended,
        () = asked_to_end => Ok(()),
    };
    supervisor.shutdown(SANDBOX_GRACE).await;
    ended.map(|()| Exit::Done).map_err(Error::Sandbox)
}
