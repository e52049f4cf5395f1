//! The program: parses, dispatches, exits.

use std::process::ExitCode;

use clap::Parser as _;
use gomark::cli::{self, Cli};
use gomark::failpoint;

#[tokio::main]
async fn main() -> ExitCode {
    failpoint::arm();
    cli::run(Cli::parse()).await.into()
}
