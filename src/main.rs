//! The program: parses and dispatches.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use gomark::cli;
use gomark::clock::SystemClock;
use gomark::supervisor::Supervisor;

#[derive(Debug, Parser)]
#[command(name = "gomark", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Sandbox(cli::sandbox::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Sandbox(args) = Cli::parse().command;
    let supervisor = Supervisor::new();
    let served = tokio::select! {
        served = cli::sandbox::run(args, &supervisor, SystemClock::shared()) => served,
        interrupted = tokio::signal::ctrl_c() => interrupted,
    };
    supervisor.shutdown(Duration::from_secs(5)).await;
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gomark sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}
