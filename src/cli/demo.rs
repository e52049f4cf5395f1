//! `gomark demo`: the main job, end to end, with nothing to install and nothing to configure.
//!
//! Runs the service and the stand-in for HubSpot in this process, on free loopback ports with a
//! temporary database, and drives them as anybody could: through the SDK and over HTTP.

mod show;

use std::error::Error as StdError;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gomark_sdk::v1::Field;
use gomark_sdk::{Client, fields};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::{self, App};
use crate::auth::Policy;
use crate::clock::SystemClock;
use crate::config::{Checked, Database, KeyOrigin};
use crate::sandbox::{self, Sandbox};
use crate::supervisor::Supervisor;
use crate::telemetry::{Format, Log};
use crate::vault::{Key, Vault};

/// The company of the demo.
const COMPANY: &str = "123";
/// The token that opens its portal at the stand-in.
const TOKEN: &str = "demo-portal-123";
/// How long each call to the stand-in takes, so that there is something to watch.
const LATENCY_MS: u64 = 150;
const NO_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

type Outcome<T> = Result<T, Box<dyn StdError + Send + Sync>>;

/// Shows the main job, end to end: decide deal fields, watch them reach HubSpot, read the history,
/// go back.
///
/// Needs no server, no account and no configuration: a stand-in plays HubSpot, the database is
/// temporary, and everything listens on free ports of this machine. Stays up afterwards, with lines
/// to paste, until it is interrupted.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// End when the tour is over instead of staying up
    #[arg(long)]
    pub exit: bool,
}

/// Runs the demo.
pub async fn run(args: Args) -> Outcome<()> {
    let supervisor = Supervisor::new();
    let interrupted = app::end_signal()?;
    let told = tokio::select! {
        told = tour(&supervisor, args.exit) => told,
        () = interrupted => Ok(()),
    };
    supervisor.shutdown(Duration::from_secs(5)).await;
    told
}

async fn tour(supervisor: &Supervisor, exit: bool) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let hubspot = sandbox::Config { listen: NO_PORT, latency_ms: LATENCY_MS, ..Default::default() };
    let hubspot = Sandbox::start(hubspot, supervisor, SystemClock::shared()).await?;
    let settings = settings(folder.path().join("demo.db"))?;
    let app = App::start(settings).await?;
    let endpoint = format!("http://{}", app.local_addr());

    let toured = visit(&endpoint, &hubspot.base_url()).await;
    if toured.is_ok() && !exit {
        show::lines_to_paste(app.local_addr(), &hubspot.base_url(), COMPANY, TOKEN)?;
        // Until the signal that the caller listens for.
        supervisor.stopping().cancelled().await;
    }
    app.stop().await;
    toured
}

fn settings(database: std::path::PathBuf) -> Outcome<Checked> {
    Ok(Checked {
        listen: NO_PORT,
        database: Database::Sqlite(database),
        auth: Policy::Local,
        vault: Vault::new(&Key::generate()?),
        key_origin: KeyOrigin::Environment,
        vendor_hosts: Vec::new(),
        call_timeout: Duration::from_secs(5),
        lease: Duration::from_secs(30),
        sweep_interval: Duration::from_secs(1),
        shutdown_grace: Duration::from_secs(5),
        queue_max: 1_024,
        log: Log { filter: "warn".to_owned(), format: Format::Text },
    })
}

async fn visit(endpoint: &str, hubspot: &str) -> Outcome<()> {
    let client = Client::builder(endpoint).connect().await?;
    show::step("GoMark and a stand-in for HubSpot run in this process")?;
    show::line(&format!("GoMark   {endpoint}"))?;
    show::line(&format!("HubSpot  {hubspot} (stand-in)"))?;

    show::step(&format!("Register company {COMPANY} and connect its HubSpot portal"))?;
    client.register_company(COMPANY).display_name("Demo company").await?;
    let connected = client.connect_hubspot(COMPANY, TOKEN).base_url(hubspot).await?;
    show::line(&format!("revision {}", connected.revision))?;

    add_fields(&client).await?;
    let before = client.get_company(COMPANY).await?.revision;

    show::step("Change a field")?;
    let field = Field { label: "Stage of the deal".to_owned(), ..Field::default() };
    let change = client.modify_field(COMPANY, "deal_stage", field).reason("a clearer label");
    carried_out(change.await?, "deal_stage").await?;

    show::step("Read the history")?;
    let audit = client.list_audit(COMPANY).newest_first().page_size(6);
    show::audit(audit).await?;

    show::step(&format!("Roll back to revision {before}"))?;
    let change = client.rollback(COMPANY, before).reason("the old label was better").await?;
    let revision = change.revision;
    carried_out(change, "rollback").await?;

    show::step("Compare what GoMark decided with what HubSpot holds")?;
    let config = client.get_config(COMPANY).min_revision(revision).await?;
    let equal = show::comparison(&config, hubspot, TOKEN).await?;
    match equal {
        true => show::good("the stand-in holds exactly what GoMark decided"),
        false => Err("the stand-in does not hold what GoMark decided".into()),
    }
}

/// Adds fields and shows how they reach HubSpot.
async fn add_fields(client: &Client) -> Outcome<()> {
    let fields = [
        fields::text("Deal Stage"),
        fields::select("Priority", [("High", "high"), ("Low", "low")]),
        fields::number("Discount percent"),
        fields::date("Renewal date"),
        fields::yes_no("Legal approved"),
        fields::text_area("Why we won"),
        Field { group_name: "renewals".to_owned(), ..fields::text("Renewal owner") },
        Field { group_name: "renewals".to_owned(), ..fields::number("Renewal amount") },
    ];
    show::step(&format!("Decide {} fields and watch them reach HubSpot", fields.len()))?;
    let bar = bar(fields.len() as u64);
    let mut jobs = Vec::new();
    for field in fields {
        let change = client.add_field(COMPANY, field).reason("the demo").await?;
        jobs.extend(change.job);
    }
    for job in jobs {
        job.wait_with(|event| bar.set_message(event.message.clone())).await?;
        bar.inc(1);
    }
    bar.finish_with_message("all at HubSpot");
    if bar.is_hidden() {
        show::line(&format!("{} fields are at HubSpot", bar.position()))?;
    }
    Ok(())
}

/// Waits for the job of a change and shows its progress.
async fn carried_out(change: gomark_sdk::Change, what: &str) -> Outcome<()> {
    show::line(&format!("revision {}: {what}", change.revision))?;
    for operation in change.plan.iter().flat_map(|plan| &plan.operations) {
        show::line(&format!("plan: {}", operation.summary))?;
    }
    if let Some(job) = change.job {
        let mut messages = Vec::new();
        job.wait_with(|event| messages.push(event.message.clone())).await?;
        for message in messages {
            show::line(&format!("job {}: {message}", job.id()))?;
        }
    }
    Ok(())
}

fn bar(length: u64) -> ProgressBar {
    let target = match std::io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    let style = ProgressStyle::with_template("  {bar:24.green} {pos}/{len} fields  {msg}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
