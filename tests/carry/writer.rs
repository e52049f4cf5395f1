//! Another client, which writes to the old name through HubSpot's own API until that is archived.

use std::time::Duration;

use gomark::clock::{Clock as _, SystemClock};
use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::book::Book;
use crate::portal::{Portal, TOKEN_OF_ANOTHER};

/// How often it writes.
const PACE: Duration = Duration::from_millis(150);
/// How many deals it writes in a batch, at most.
const BATCH_MAX: usize = 8;

/// The client. It makes one call after the other, so that it knows in which order a deal was written.
pub(crate) struct Writer {
    portal: Portal,
    property: String,
    deals: Vec<String>,
    book: Book,
    random: StdRng,
    values: usize,
}

/// What came of a call.
enum Came {
    Written,
    /// It may have been written or not.
    Unknown,
    /// There is no such property any more.
    Refused,
}

impl Writer {
    pub(crate) fn new(portal: Portal, property: &str, book: Book, seed: u64) -> Self {
        let deals = book.deals().map(|(deal, _)| deal.clone()).collect();
        let random = StdRng::seed_from_u64(seed);
        Self { portal, property: property.to_owned(), deals, book, random, values: 0 }
    }

    /// Writes until that is refused, and tells what it wrote. `calls` says how often it has.
    pub(crate) async fn write(mut self, calls: watch::Sender<usize>) -> Book {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            let writes = self.writes();
            for (deal, value) in &writes {
                self.book.sent(deal, value);
            }
            let came = self.send(&writes).await;
            let now = SystemClock.now();
            for (deal, _) in &writes {
                match came {
                    Came::Written => self.book.acknowledged(deal, now),
                    Came::Refused => self.book.refused(deal),
                    Came::Unknown => {}
                }
            }
            if matches!(came, Came::Refused) {
                return self.book;
            }
            calls.send_modify(|calls| *calls += 1);
        }
    }

    /// Picks deals, and for each a value that no other write has, or none.
    fn writes(&mut self) -> Vec<(String, String)> {
        let single = self.random.random_bool(0.7);
        let count = if single { 1 } else { self.random.random_range(2..=BATCH_MAX) };
        let deals = self.deals.iter().sample(&mut self.random, count);
        let mut value = || {
            self.values += 1;
            let clear = self.random.random_bool(0.15);
            if clear { String::new() } else { format!("w-{}", self.values) }
        };
        deals.into_iter().map(|deal| (deal.clone(), value())).collect()
    }

    async fn send(&self, writes: &[(String, String)]) -> Came {
        let Self { portal, property, .. } = self;
        let objects = format!("{}/crm/v3/objects/deals", portal.url);
        let input = |(deal, value): &(String, String)| json!({ "id": deal, "properties": { property: value } });
        let request = match writes {
            [(deal, value)] => {
                let body = json!({ "properties": { property: value } });
                portal.http.patch(format!("{objects}/{deal}")).json(&body)
            }
            _ => {
                let inputs: Vec<_> = writes.iter().map(input).collect();
                let batch = portal.http.post(format!("{objects}/batch/update"));
                batch.json(&json!({ "inputs": inputs }))
            }
        };
        let Ok(answer) = request.bearer_auth(TOKEN_OF_ANOTHER).send().await else {
            return Came::Unknown;
        };
        let status = answer.status();
        let Ok(text) = answer.text().await else { return Came::Unknown };
        match status {
            StatusCode::OK => Came::Written,
            status if status.is_server_error() => Came::Unknown,
            // A batch is refused as a whole: one property is missing for all of its deals.
            StatusCode::MULTI_STATUS | StatusCode::BAD_REQUEST
                if text.contains("PROPERTY_DOESNT_EXIST") && has_no_results(&text) =>
            {
                Came::Refused
            }
            _ => panic!("{status}: {text}"),
        }
    }
}

fn has_no_results(text: &str) -> bool {
    let body: Value = serde_json::from_str(text).unwrap();
    body["results"].as_array().is_none_or(Vec::is_empty)
}
