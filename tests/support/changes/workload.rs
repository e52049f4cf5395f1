//! Clients that change companies at the same time, whatever the program does meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gomark::supervisor::Supervisor;
use gomark_sdk::{Client, RetryPolicy};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::ledger::Ledger;
use super::vendors::HubSpot;
use super::writer::Writer;
use super::{BOUND, Load};

/// A company, and what was asked of it.
#[derive(Clone)]
pub(crate) struct Company {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) client: Client,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
}

/// Lets mutations begin a few at a time, so that they spread over all crashes.
#[derive(Debug)]
struct Pace {
    total: usize,
    taken: AtomicUsize,
    allowed: Semaphore,
}

impl Pace {
    /// Waits until one more mutation may begin; tells whether one is left.
    async fn next(&self) -> bool {
        if self.taken.fetch_add(1, Ordering::Relaxed) >= self.total {
            return false;
        }
        self.allowed.acquire().await.unwrap().forget();
        true
    }
}

/// The clients.
pub(crate) struct Workload {
    companies: Vec<Company>,
    pace: Arc<Pace>,
    writers: Vec<JoinHandle<()>>,
}

impl Workload {
    /// Registers the companies, connects each to a portal of its own, and starts their clients.
    pub(crate) async fn start(
        url: String,
        hubspot: &HubSpot,
        load: Load,
        supervisor: &Supervisor,
    ) -> Self {
        let pace =
            Pace { total: load.mutations, taken: AtomicUsize::new(0), allowed: Semaphore::new(0) };
        let mut workload =
            Self { companies: Vec::new(), pace: Arc::new(pace), writers: Vec::new() };
        let clients: Vec<_> = (0..load.clients).map(|_| client(&url)).collect();
        for number in 0..load.companies {
            let company = Company {
                id: format!("company-{number}"),
                token: format!("portal-{number}"),
                client: clients[number % clients.len()].clone(),
                ledger: Arc::default(),
            };
            company.client.register_company(&company.id).await.unwrap();
            let connect = company.client.connect_hubspot(&company.id, &company.token);
            connect.base_url(&hubspot.url).await.unwrap();
            let connect = company.client.connect_upso(&company.id, &company.token);
            connect.base_url(&hubspot.url).await.unwrap();
            let writers = if number == 0 { load.writers_of_the_busy_one } else { load.writers };
            for writer in 0..writers {
                let seed = load.seed ^ ((number * 100 + writer) as u64) << 32;
                let random = StdRng::seed_from_u64(seed);
                let client = clients[(number + writer) % clients.len()].clone();
                let writer = Writer::new(Company { client, ..company.clone() }, writer, random);
                let pace = workload.pace.clone();
                let writing = writer.write(async move || pace.next().await);
                workload.writers.push(supervisor.spawn("writer", writing));
            }
            workload.companies.push(company);
        }
        workload
    }

    /// Lets so many more mutations begin.
    pub(crate) fn go_on(&self, mutations: usize) {
        self.pace.allowed.add_permits(mutations);
    }

    /// Fails when a client did.
    pub(crate) async fn has_not_failed(&mut self) {
        for writer in self.writers.extract_if(.., |writer| writer.is_finished()) {
            writer.await.unwrap();
        }
    }

    /// Waits until every mutation was answered.
    pub(crate) async fn finish(self) -> Vec<Company> {
        self.pace.allowed.add_permits(self.pace.total);
        let all_end = futures::future::try_join_all(self.writers);
        tokio::time::timeout(BOUND, all_end).await.expect("every client ends").unwrap();
        self.companies
    }
}

/// A client that repeats its calls for as long as the program may be away.
fn client(url: &str) -> Client {
    let retry = RetryPolicy::default().attempts_max(10_000).elapsed_max(BOUND);
    let retry = retry.waits(Duration::from_millis(20), Duration::from_millis(200));
    Client::builder(url).timeout(BOUND).retry(retry).connect_lazy().unwrap()
}

/// What came of the requests of all companies.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) accepted: usize,
    pub(crate) others: usize,
    pub(crate) followed: usize,
}

impl Totals {
    pub(crate) fn of(companies: &[Company]) -> Self {
        let mut totals = Self::default();
        for company in companies {
            let ledger = company.ledger.lock().unwrap();
            totals.accepted += ledger.accepted.len();
            totals.others += ledger.others.len();
            totals.followed += ledger.followed;
        }
        totals
    }
}
