//! `gomark sandbox`: runs the stand-ins for HubSpot and for a cadence vendor.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::Clock;
use crate::sandbox::{Config, Recreate, Sandbox};
use crate::supervisor::Supervisor;

pub mod edit;

/// Runs stand-ins for HubSpot and for a cadence vendor, to try GoMark out and to test against.
///
/// The one keeps deals, their properties and groups in memory and answers like HubSpot's API. The other
/// keeps cadences and answers, below /v1, as GoMark's own contract says (docs/upso-openapi.yaml).
/// Every bearer token of at least 8 characters opens a portal or an account of its own at first
/// use; one that begins with `invalid` or `revoked` is turned away. Faults, the log of calls and
/// what portals and accounts hold are under /_sandbox/. Never give it a real token.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do with stand-ins that run already; without it, they are run.
    #[command(subcommand)]
    pub action: Option<Action>,

    /// Address to listen on. Everyone who reaches it can do everything, so keep it on loopback
    /// unless it runs in a container network of its own
    #[arg(
        long,
        env = "GOMARK_SANDBOX_LISTEN",
        default_value = "127.0.0.1:8090",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,

    /// How long every API call takes, in milliseconds; its effect happens at the end of that time
    #[arg(long, env = "GOMARK_SANDBOX_LATENCY_MS", default_value_t = 0, value_name = "MS")]
    pub latency_ms: u64,

    /// How many calls one token may make within the window; HubSpot: 100 or 190 for private apps,
    /// 110 for public ones
    #[arg(long, env = "GOMARK_SANDBOX_BURST_LIMIT", default_value_t = 190, value_name = "CALLS")]
    pub burst_limit: u32,

    /// Length of the rolling window of the burst limit, in milliseconds
    #[arg(
        long,
        env = "GOMARK_SANDBOX_BURST_WINDOW_MS",
        default_value_t = 10_000,
        value_name = "MS"
    )]
    pub burst_window_ms: u64,

    /// What a create under the name of an archived property does
    #[arg(long, env = "GOMARK_SANDBOX_RECREATE", value_enum, default_value_t = Recreate::Restore)]
    pub recreate: Recreate,

    /// How many deals a portal of HubSpot has when it is opened
    #[arg(long, env = "GOMARK_SANDBOX_DEALS", default_value_t = 0, value_name = "NUMBER")]
    pub deals: u32,

    /// Seed of the random choices that faults with a rate make
    #[arg(long, env = "GOMARK_SANDBOX_SEED", default_value_t = 1, value_name = "NUMBER")]
    pub seed: u64,
}

/// What can be done with stand-ins that run already.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    Edit(edit::Args),
}

/// Serves until the supervisor stops, or does what is asked for with stand-ins that run already.
///
/// # Errors
///
/// Fails when the address cannot be bound, standard output cannot be written, or the running
/// stand-in cannot be reached or refuses.
pub async fn run(args: Args, supervisor: &Supervisor, clock: Arc<dyn Clock>) -> io::Result<()> {
    if let Some(Action::Edit(edit)) = args.action {
        return edit::run(edit).await;
    }
    let config = Config {
        listen: args.listen,
        latency_ms: args.latency_ms,
        burst_limit: args.burst_limit,
        burst_window_ms: args.burst_window_ms,
        recreate: args.recreate,
        deals: args.deals,
        seed: args.seed,
    };
    let running = Sandbox::start(config, supervisor, clock).await?;
    greet(&running.base_url(), args.listen)?;
    supervisor.stopping().cancelled().await;
    Ok(())
}

fn greet(base_url: &str, listen: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "The stand-ins for HubSpot and Upso listen on {base_url}")?;
    writeln!(out)?;
    writeln!(out, "Any token of 8 characters or more opens a portal or account of its own:")?;
    writeln!(out, "  curl -H 'Authorization: Bearer demo-portal-1' \\")?;
    writeln!(out, "    {base_url}/crm/properties/2026-09/deals")?;
    writeln!(out, "  curl -H 'Authorization: Bearer demo-account-1' {base_url}/v1/cadences")?;
    writeln!(out, "What was called, and what portals and accounts keep:")?;
    writeln!(out, "  curl {base_url}/_sandbox/calls")?;
    writeln!(out, "  curl {base_url}/_sandbox/portals")?;
    writeln!(out, "  curl {base_url}/_sandbox/upso")?;
    writeln!(out, "The next create takes effect, but its answer is lost:")?;
    writeln!(out, "  curl {base_url}/_sandbox/faults \\")?;
    writeln!(out, "    -d '{{\"kind\":\"drop_answer\",\"method\":\"POST\",\"count\":1}}'")?;
    if !listen.ip().is_loopback() {
        writeln!(out)?;
        writeln!(out, "It listens beyond this machine: whoever reaches it can do everything.")?;
    }
    out.flush()
}
