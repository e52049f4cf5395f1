//! The program: parses, dispatches, exits.

use std::process::ExitCode;

use clap::Parser as _;
use gomark::cli::{self, Cli};

#[tokio::main]
async fn main() -> ExitCode {
    cli::run(Cli::parse()).await.into()
}
