//! The course of the test: a rename under trouble, and a calm one.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use gomark::clock::{Clock as _, SystemClock};
use gomark::domain::Timestamp;
use gomark::supervisor::Supervisor;
use gomark::vault::Key;
use gomark_sdk::v1::{Field, JobEvent};
use gomark_sdk::{Change, Client, RetryPolicy, fields};
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::Size;
use crate::book::Book;
use crate::checks;
use crate::portal::{Held, Portal, TOKEN};
use crate::process::Process;
use crate::table::{self, Calls, Went};
use crate::writer::Writer;

const COMPANY: &str = "acme";
/// The times of a process that is killed often.
const SHORT: [&str; 6] = ["--call-timeout", "600ms", "--lease", "2s", "--sweep-interval", "200ms"];
/// The times of one that nothing is to hurry.
const LONG: [&str; 6] = ["--call-timeout", "10s", "--lease", "40s", "--sweep-interval", "200ms"];
/// How often the other client has written before the rename begins.
const CALLS_BEFORE: usize = 25;
/// How many times the least number of calls a calm rename may take.
const CALM_MAX: f64 = 1.1;

/// A service, a portal, and a client.
struct World {
    size: Size,
    portal: Portal,
    process: Process,
    client: Client,
}

pub(crate) async fn run(size: Size) {
    let supervisor = Supervisor::new();
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("gomark.db");
    let key = Key::generate().unwrap().to_text().to_string();
    let url = format!("sqlite:{}", database.display());
    let start = |times| Process::start(&url, &key, times, folder.path());
    let process = start(&SHORT);
    let portal = Portal::start(size, &supervisor).await;
    let of_it = client(&process.url(), size.bound());
    let mut world = World { size, portal, process, client: of_it };
    let book = world.begin().await;
    let (book, went) = world.rename_under_trouble(book, &supervisor).await;
    world.process.kill().await;
    world.process = start(&LONG);
    world.client = client(&world.process.url(), size.bound());
    let calm = world.rename_calmly().await;
    table::show(size, &book, &went, &calm);
    assert!(calm.ratio() <= CALM_MAX, "{calm:?}");
    world.process.kill().await;
    the_audit_log_is_intact(&database).await;
    no_process_panicked(folder.path());
    supervisor.shutdown(size.bound()).await;
}

impl World {
    /// Makes a company with a field, and deals of which every second has a value of it.
    async fn begin(&self) -> Book {
        self.client.register_company(COMPANY).await.unwrap();
        let connect = self.client.connect_hubspot(COMPANY, TOKEN);
        connect.base_url(&self.portal.url).await.unwrap();
        let field = Field { name: "tier".to_owned(), ..fields::text("Tier") };
        let added = self.client.add_field(COMPANY, field).await.unwrap();
        let made = added.job.as_ref().unwrap().wait();
        timeout(self.size.bound(), made).await.expect("the job ends").unwrap();
        self.portal.make_deals(self.size.deals, "tier").await;
        let deals = self.portal.deals().await;
        let held = self.portal.held("tier").await.unwrap();
        assert_eq!((deals.len(), held.count()), (self.size.deals, self.size.deals.div_ceil(2)));
        Book::new(&deals, &held, SystemClock.now())
    }

    async fn rename_under_trouble(&mut self, book: Book, supervisor: &Supervisor) -> (Book, Went) {
        let bound = self.size.bound();
        let writer = Writer::new(self.portal.clone(), "tier", book, self.size.seed);
        let (calls, mut written) = watch::channel(0);
        let writer = supervisor.spawn("writer", writer.write(calls));
        let enough = written.wait_for(|calls| *calls >= CALLS_BEFORE);
        timeout(bound, enough).await.expect("the other client writes").unwrap();
        self.portal.trouble().await;
        let (began, last_call) = (Instant::now(), self.portal.last_call().await);
        let renamed = self.rename("tier", "level").await;
        let (events, kills) = self.followed_through_kills(&renamed).await;
        let took = began.elapsed();
        let book = timeout(bound, writer).await.expect("the other client is refused").unwrap();
        self.portal.no_more_trouble().await;
        assert!(kills > 0, "it was never killed");

        let held = self.is_renamed("tier", "level").await;
        let (looks, last_look) = last_look(&events);
        // Half of the deals have a value, so there is a second look; what it is known by must not be
        // something that events say no more.
        assert!(looks >= 2, "the last look was not recognised: {events:?}");
        let came = checks::check(&book, &held, last_look);
        let calls = self.portal.calls_after(last_call).await;
        let calls = Calls::new(calls, self.size.deals, held.count());
        (book, Went { kills, looks, took, last_look, came, calls })
    }

    async fn rename_calmly(&self) -> Calls {
        let before = self.portal.held("level").await.unwrap();
        let last_call = self.portal.last_call().await;
        let renamed = self.rename("level", "rank").await;
        let waited = renamed.job.as_ref().unwrap().wait();
        timeout(self.size.bound(), waited).await.expect("the job ends").unwrap();
        let calls = self.portal.calls_after(last_call).await;
        let after = self.is_renamed("level", "rank").await;
        let values = after.values.iter().filter(|(_, value)| !value.is_empty());
        assert!(values.eq(before.values.iter().filter(|(_, value)| !value.is_empty())));
        Calls::new(calls, self.size.deals, before.count())
    }

    async fn rename(&self, from: &str, to: &str) -> Change {
        self.client.modify_field(COMPANY, from, Field::default()).new_name(to).await.unwrap()
    }

    /// Follows a job to its end while the program is killed and started again.
    async fn followed_through_kills(&mut self, change: &Change) -> (Vec<JobEvent>, usize) {
        let job = change.job.as_ref().unwrap();
        let followed = timeout(self.size.bound(), job.wait());
        let mut followed = std::pin::pin!(followed);
        let mut kills = 0;
        loop {
            tokio::select! {
                ended = &mut followed => {
                    ended.expect("the job ends").unwrap();
                    break;
                }
                () = sleep(self.size.crash_every) => {}
            }
            self.process.kill().await;
            self.process.start_again();
            kills += 1;
        }
        let events = timeout(self.size.bound(), job.watch(0).try_collect());
        (events.await.expect("its events end").unwrap(), kills)
    }

    /// Checks what is decided and what the portal has; answers what deals hold.
    async fn is_renamed(&self, from: &str, to: &str) -> Held {
        let config = self.client.get_config(COMPANY).await.unwrap();
        let fields: Vec<_> =
            config.fields.iter().map(|it| (it.name.as_str(), it.migrating_from.as_str())).collect();
        assert_eq!(fields, [(to, "")]);
        assert!(self.portal.held(from).await.is_none_or(|held| held.archived), "{from} is there");
        let held = self.portal.held(to).await.expect("the new name is there");
        assert!(!held.archived, "{to} is archived");
        held
    }
}

/// How often all deals were looked at, and when the last time began.
fn last_look(events: &[JobEvent]) -> (usize, Timestamp) {
    let begins = |event: &&JobEvent| {
        let message = &event.message;
        (message.contains(": look ") && message.contains(": at 0 of "))
            || message.starts_with("values that were written to ")
    };
    let others: Vec<_> = events.iter().filter(begins).collect();
    // Before the first look nothing was carried.
    let last = others.last().copied().or(events.first()).unwrap();
    let at = last.at.unwrap();
    let micros = at.seconds * 1_000_000 + i64::from(at.nanos / 1_000);
    (others.len() + 1, Timestamp::from_micros(micros))
}

/// A client that repeats its calls for as long as the program may be away.
fn client(url: &str, bound: Duration) -> Client {
    let retry = RetryPolicy::default().attempts_max(10_000).elapsed_max(bound);
    let retry = retry.waits(Duration::from_millis(20), Duration::from_millis(200));
    Client::builder(url).timeout(bound).retry(retry).connect_lazy().unwrap()
}

async fn the_audit_log_is_intact(database: &Path) {
    let verified = Command::new(env!("CARGO_BIN_EXE_gomark"))
        .args(["audit", "verify"])
        .arg(database)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

fn no_process_panicked(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let log = std::fs::read_to_string(&path).unwrap();
            assert!(!log.contains("panicked"), "{log}");
        }
    }
}
