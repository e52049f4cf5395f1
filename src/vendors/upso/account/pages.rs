//! Reading all cadences of an account, page by page.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::canonical::{self, canonical, order_days};
use super::super::classify::failure;
use super::{Account, Sent};
use crate::domain::{Observed, ResourceKind};
use crate::vendors::places::Places;
use crate::vendors::{Entry, Failure, Target};

/// How many cadences a page has.
const PAGE: &str = "100";

/// A page of a list.
#[derive(Deserialize)]
struct Page {
    cadences: Vec<Value>,
    next: Option<String>,
}

impl Account {
    /// Reads cadences by reading all.
    pub(super) async fn read_list(
        &self,
        places: &mut Places<'_>,
        targets: &[Target],
    ) -> Result<Vec<Observed>, Failure> {
        let mut by_key = BTreeMap::new();
        for (key, said) in self.pages(places).await? {
            let held = canonical(said, &key).ok_or_else(|| self.no_page())?;
            by_key.insert(key, held);
        }
        let find = |target: &Target| match by_key.remove(&target.name) {
            Some(attributes) => Observed::Present { attributes, protected: false },
            None => Observed::Absent,
        };
        Ok(targets.iter().map(find).collect())
    }

    /// Lists all cadences in the order of their keys.
    pub(super) async fn list_all(&self, mut places: Places<'_>) -> Result<Vec<Entry>, Failure> {
        Ok(self.pages(&mut places).await?.into_iter().map(entry).collect())
    }

    /// Reads all pages, by key. A cadence that is there all the time is on exactly one of them.
    async fn pages(&self, places: &mut Places<'_>) -> Result<BTreeMap<String, Value>, Failure> {
        let mut by_key = BTreeMap::new();
        let mut after: Option<String> = None;
        loop {
            let mut url = self.url(&["v1", "cadences"]);
            url.query_pairs_mut()
                .append_pair("limit", PAGE)
                .extend_pairs(after.iter().map(|after| ("after", after)));
            let ends_at = places.next().await?;
            let reply = self.send(Method::GET, url, Sent::default(), ends_at).await?;
            if reply.status != 200 {
                return Err(failure(&self.view(false), &reply));
            }
            let page: Page = serde_json::from_slice(&reply.body).map_err(|_| self.no_page())?;
            for cadence in page.cadences {
                let key = cadence.get("key").and_then(Value::as_str).map(str::to_owned);
                by_key.insert(key.ok_or_else(|| self.no_page())?, cadence);
            }
            match page.next {
                None => return Ok(by_key),
                // A page that leads to itself would be read for ever.
                next if next == after => return Err(self.no_page()),
                next => after = next,
            }
        }
    }

    fn no_page(&self) -> Failure {
        self.view(false).unreadable(200, "it is no page of cadences")
    }
}

fn entry((key, mut said): (String, Value)) -> Entry {
    order_days(&mut said);
    let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
    let (made, changed_by) = (text("created_at"), text("updated_by"));
    let names = ["key", "version"].into_iter().chain(canonical::ALL);
    let mut taken = |name: &str| Some((name.to_owned(), said.get_mut(name)?.take()));
    let body: Map<_, _> = names.filter_map(&mut taken).collect();
    let (kind, body) = (ResourceKind::Cadence, Value::Object(body));
    Entry { kind, name: key, body, protected: false, made, changed_by }
}
