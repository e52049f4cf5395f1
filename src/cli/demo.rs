//! `gomark demo`: the main job, end to end, with nothing to install and nothing to configure.
//!
//! Runs the service and the stand-ins for the vendors in this process, on free loopback ports with a
//! temporary database, and drives them as anybody could: through the SDK and over HTTP.

mod show;

use std::error::Error as StdError;
use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use gomark_sdk::v1::{Cadence, Field, Weekday};
use gomark_sdk::{Client, cadences, fields};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::{self, App};
use crate::clock::SystemClock;
use crate::config::{Checked, Database};
use crate::sandbox::{self, Sandbox};
use crate::supervisor::Supervisor;
use crate::telemetry::{Format, Log};
use crate::vault::{Key, Vault};

/// The company of the demo.
const COMPANY: &str = "123";
/// How often it is looked for what others changed: often enough to be seen.
const SCAN_INTERVAL: Duration = Duration::from_secs(10);
/// Its cadence.
const CADENCE: &str = "welcome";
/// The token that opens its portal at the stand-in for HubSpot.
const TOKEN: &str = "demo-portal-123";
/// The key that opens its account at the stand-in for Upso.
const KEY: &str = "demo-account-123";
/// How long each call to the stand-in takes, so that there is something to watch.
const LATENCY_MS: u64 = 150;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WEEKDAYS: [Weekday; 5] =
    [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
const NO_PORT: SocketAddr = loopback(0);
/// Where HTTP calls are served if nothing else is there.
const HTTP_PORT: u16 = 8080;

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

type Outcome<T> = Result<T, Box<dyn StdError + Send + Sync>>;

/// Shows the main job, end to end: decide deal fields and a cadence, watch them reach HubSpot and
/// Upso, read the history, go back.
///
/// Needs no server, no account and no configuration: stand-ins play the vendors, the database is
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
    let app = start(settings(folder.path().join("demo.db"))?).await?;
    let endpoint = format!("http://{}", app.local_addr());

    let toured = visit(&endpoint, &hubspot.base_url()).await;
    if toured.is_ok() && !exit {
        let doors = show::Doors { grpc: app.local_addr(), http: app.http_addr() };
        show::lines_to_paste(doors, &hubspot.base_url())?;
        // Until the signal that the caller listens for.
        supervisor.stopping().cancelled().await;
    }
    app.stop().await;
    toured
}

/// Starts the service with its HTTP calls on the usual port, or on a free one.
async fn start(settings: Checked) -> Outcome<App> {
    if is_free(HTTP_PORT) {
        let usual = Checked { http_listen: Some(loopback(HTTP_PORT)), ..settings.clone() };
        match App::start(usual).await {
            // Somebody was faster.
            Err(app::Error::Listen { .. }) => {}
            started => return Ok(started?),
        }
    }
    Ok(App::start(settings).await?)
}

/// Tells whether `localhost` leads to nobody at this port. Many programs try IPv6 first: whoever
/// listens there alone would get the calls that are meant for us.
fn is_free(port: u16) -> bool {
    let v6 = TcpListener::bind(SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port));
    let taken = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
    !v6.as_ref().is_err_and(taken) && TcpListener::bind(loopback(port)).is_ok()
}

fn settings(database: std::path::PathBuf) -> Outcome<Checked> {
    let vault = Vault::new(&Key::generate()?);
    Ok(Checked {
        http_listen: Some(NO_PORT),
        call_timeout: Duration::from_secs(5),
        scan_interval: Some(SCAN_INTERVAL),
        shutdown_grace: Duration::from_secs(5),
        log: Log { filter: "warn".to_owned(), format: Format::Text },
        ..Checked::local(Database::Sqlite(database), vault)
    })
}

async fn visit(endpoint: &str, hubspot: &str) -> Outcome<()> {
    let client = Client::builder(endpoint).connect().await?;
    show::step("GoMark and stand-ins for HubSpot and Upso run in this process")?;
    show::line(&format!("GoMark   {endpoint}"))?;
    show::line(&format!("HubSpot  {hubspot} (stand-in)"))?;
    show::line(&format!("Upso     {hubspot} (stand-in)"))?;

    show::step(&format!(
        "Register company {COMPANY}, connect its HubSpot portal and Upso account"
    ))?;
    client.register_company(COMPANY).display_name("Demo company").await?;
    client.connect_hubspot(COMPANY, TOKEN).base_url(hubspot).await?;
    let connected = client.connect_upso(COMPANY, KEY).base_url(hubspot).await?;
    show::line(&format!("revision {}", connected.revision))?;

    add_fields(&client).await?;
    add_cadence(&client).await?;
    let before = client.get_company(COMPANY).await?.revision;

    show::step("Change a field")?;
    let field = Field { label: "Discount in percent".to_owned(), ..Field::default() };
    let change = client.modify_field(COMPANY, "discount_percent", field).reason("a clearer label");
    carried_out(change.await?, "discount_percent").await?;

    show::step("Read the history")?;
    let audit = client.list_audit(COMPANY).newest_first().page_size(6);
    show::audit(audit).await?;

    show::step(&format!("Roll back to revision {before}"))?;
    let change = client.rollback(COMPANY, before).reason("the old label was better").await?;
    let revision = change.revision;
    carried_out(change, "rollback").await?;

    show::step("Compare what GoMark decided with what the vendors hold")?;
    let config = client.get_config(COMPANY).min_revision(revision).await?;
    let equal = show::comparison(&config, hubspot).await?;
    match equal {
        true => show::good("the stand-ins hold exactly what GoMark decided"),
        false => Err("the stand-ins do not hold what GoMark decided".into()),
    }
}

/// Adds fields and shows how they reach HubSpot.
async fn add_fields(client: &Client) -> Outcome<()> {
    let fields = [
        fields::text("Next step"),
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

/// Decides a cadence, and shows what somebody would meet who starts it.
async fn add_cadence(client: &Client) -> Outcome<()> {
    show::step(&format!("Decide a cadence, {CADENCE}, and see what it comes to"))?;
    let email = cadences::email("Welcome", "Hello {{first_name}}, good to have you here.");
    let cadence = Cadence {
        cadence_id: CADENCE.to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        send_window: Some(cadences::send_window(WEEKDAYS, "09:00", "17:00")),
        ..cadences::cadence(
            "Welcome",
            [email.after(DAY), cadences::task("Call them").after(2 * DAY)],
        )
    };
    let change = client.add_cadence(COMPANY, cadence).reason("the demo").await?;
    carried_out(change, CADENCE).await?;
    let preview = client.preview_cadence(COMPANY, CADENCE).sample("first_name", "Ada").await?;
    Ok(show::calendar(&preview.steps)?)
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
