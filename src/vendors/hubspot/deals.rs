//! Deals, as far as the values of a property go: pages of them, their histories, writing many at once,
//! counting.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::calls::Turn;
use super::classify::Classify as _;
use super::portal::Portal;
use super::said::Said;
use crate::domain::ProblemReason;
use crate::domain::carry::{Refused, Value};
use crate::vendors::http::Reply;
use crate::vendors::{Failure, FailureScope};

/// How many deals a page has, and how many a call writes (HubSpot's guide to the object API).
pub(super) const PAGE: usize = 100;
/// How many deals are read with their histories in a call (HubSpot's own words when it is more).
pub(super) const HISTORIES: usize = 50;
/// How many deals a search answers at once (HubSpot's guide to searching).
const SEARCHED: usize = 200;
/// When a deal was modified last (HubSpot's documentation).
const MODIFIED: &str = "hs_lastmodifieddate";

/// A deal, with the values of the properties that were asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Deal {
    pub(super) id: String,
    properties: HashMap<String, Option<String>>,
    #[serde(rename = "propertiesWithHistory")]
    histories: HashMap<String, Vec<Version>>,
}

/// A value that a deal had.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Version {
    value: Option<String>,
    timestamp: String,
}

/// Some deals: a page, or what came of a batch.
#[derive(Debug, Deserialize)]
pub(super) struct Deals {
    pub(super) results: Vec<Deal>,
    #[serde(default)]
    paging: Option<Paging>,
    #[serde(default)]
    pub(super) total: Option<i64>,
    #[serde(default)]
    errors: Vec<Json>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Paging {
    next: Option<Next>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Next {
    after: String,
}

/// A value to be written on a deal.
pub(super) struct Write {
    pub(super) id: String,
    pub(super) value: String,
}

/// What came of writing values.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) count: i64,
    pub(super) refused: Refused,
}

impl Deal {
    /// Returns the value of a property; empty when the deal has none.
    pub(super) fn value(&self, name: &str) -> &str {
        self.properties.get(name).and_then(Option::as_deref).unwrap_or_default()
    }

    /// Returns when the deal was modified last, in microseconds, where that was asked for.
    pub(super) fn modified(&self) -> Option<i64> {
        let at = self.value(MODIFIED);
        let at: Option<jiff::Timestamp> = at.parse().ok();
        at.map(jiff::Timestamp::as_microsecond)
    }

    /// Returns the values that a property had, the newest first; `None` when they cannot be relied on.
    pub(super) fn history(&self, name: &str) -> Option<Vec<Value>> {
        let versions = self.histories.get(name).map(Vec::as_slice).unwrap_or_default();
        let read = |version: &Version| {
            let at: jiff::Timestamp = version.timestamp.parse().ok()?;
            let value = version.value.clone().unwrap_or_default();
            Some(Value { value, at_micros: at.as_microsecond() })
        };
        let mut values = versions.iter().map(read).collect::<Option<Vec<_>>>()?;
        values.sort_by_key(|value| std::cmp::Reverse(value.at_micros));
        // A value that its history does not know of is one of which nothing is known.
        let known = values.first().map_or("", |value| value.value.as_str());
        (known == self.value(name)).then_some(values)
    }
}

impl Deals {
    /// Returns where the next page begins; `None` after the last.
    pub(super) fn next(&self) -> Option<String> {
        self.paging.as_ref()?.next.as_ref().map(|next| next.after.clone())
    }
}

impl Portal {
    /// Reads a page of all deals.
    pub(super) async fn deals(
        &self,
        turn: &mut Turn<'_>,
        names: &[&str],
        after: Option<&str>,
    ) -> Result<Deals, Failure> {
        let reply = turn.get(self.paths.deals(PAGE, names, after)).await?;
        self.read_deals(&reply, &[200])
    }

    /// Reads deals with the values that these properties had. Deals that are gone are left out.
    pub(super) async fn histories(
        &self,
        turn: &mut Turn<'_>,
        ids: &[String],
        names: &[&str],
    ) -> Result<HashMap<String, Deal>, Failure> {
        let mut found = HashMap::new();
        for ids in ids.chunks(HISTORIES) {
            let inputs: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
            let body = json!({
                "inputs": inputs, "properties": names, "propertiesWithHistory": names,
            });
            let url = self.paths.deals_at(&["batch", "read"]);
            let reply = turn.ask(url, &body).await?;
            let deals = self.read_deals(&reply, &[200, 207])?;
            let errors: Vec<_> = deals.errors.iter().map(Said::from_value).collect();
            let is_gone = |id: &String| {
                let gone = errors.iter().filter(|said| said.says_not_found());
                gone.into_iter().any(|said| said.context("ids").any(|it| it == id))
            };
            // What is passed over is not known to be gone.
            let told = |id: &String| deals.results.iter().any(|deal| deal.id == *id) || is_gone(id);
            if !ids.iter().all(told) {
                let what = "it passes over a deal whose history was asked for";
                return Err(self.view(false).unreadable(reply.status, what));
            }
            found.extend(deals.results.into_iter().map(|deal| (deal.id.clone(), deal)));
        }
        Ok(found)
    }

    /// Looks for deals that were modified since a moment, the earliest first: a page of them. The index
    /// that HubSpot searches is behind what was written (its guide), so nothing but which deals they are
    /// is taken from it.
    pub(super) async fn modified_deals(
        &self,
        turn: &mut Turn<'_>,
        since_ms: i64,
        after: Option<&str>,
    ) -> Result<Deals, Failure> {
        let filter = json!({
            "propertyName": MODIFIED, "operator": "GTE", "value": since_ms.to_string(),
        });
        let mut body = json!({
            "filterGroups": [{ "filters": [filter] }], "sorts": [MODIFIED],
            "properties": [MODIFIED], "limit": SEARCHED,
        });
        if let Some(after) = after {
            body["after"] = json!(after);
        }
        let reply = turn.search(self.paths.deals_at(&["search"]), &body).await?;
        let found = self.read_deals(&reply, &[200])?;
        let moments: Option<Vec<_>> = found.results.iter().map(Deal::modified).collect();
        if moments.is_none_or(|moments| !moments.is_sorted()) {
            let what = "the deals are not in the order of when they were modified";
            return Err(harmless(self.view(false).unreadable(reply.status, what)));
        }
        Ok(found)
    }

    /// Counts deals.
    pub(super) async fn count_deals(
        &self,
        turn: &mut Turn<'_>,
        filters: &[Json],
    ) -> Result<i64, Failure> {
        let groups: Vec<_> = filters.iter().map(|filter| json!({ "filters": [filter] })).collect();
        let body = json!({ "filterGroups": groups, "properties": [], "limit": 1 });
        let reply = turn.search(self.paths.deals_at(&["search"]), &body).await?;
        let deals = self.read_deals(&reply, &[200])?;
        deals.total.ok_or_else(|| self.view(false).unreadable(200, "it tells no number of deals"))
    }

    /// Writes a property of deals: at most [`PAGE`]. A call that HubSpot refuses as a whole is halved
    /// until the refusal is that of a single deal.
    pub(super) async fn write_deals(
        &self,
        turn: &mut Turn<'_>,
        name: &str,
        writes: &[Write],
    ) -> Result<Written, Failure> {
        let mut written = Written::default();
        let mut todo = vec![writes];
        while let Some(part) = todo.pop() {
            if part.is_empty() {
                continue;
            }
            match self.write_part(turn, name, part, &mut written).await {
                Ok(()) => {}
                Err(failure) if !is_about_values(&failure) => return Err(failure),
                Err(failure) => match part {
                    [one] => written.refused.add(&one.id, failure.problem.message),
                    _ => {
                        let (first, second) = part.split_at(part.len() / 2);
                        todo.extend([second, first]);
                    }
                },
            }
        }
        Ok(written)
    }

    async fn write_part(
        &self,
        turn: &mut Turn<'_>,
        name: &str,
        writes: &[Write],
        written: &mut Written,
    ) -> Result<(), Failure> {
        let input = |write: &Write| {
            let properties = BTreeMap::from([(name, write.value.as_str())]);
            json!({ "id": write.id, "properties": properties })
        };
        let inputs: Vec<_> = writes.iter().map(input).collect();
        let url = self.paths.deals_at(&["batch", "update"]);
        let reply = turn.post(url, &json!({ "inputs": inputs })).await?;
        let view = self.view(true);
        if !matches!(reply.status, 200 | 207) {
            let said = Said::read(&reply.body);
            let failure = view.failure(&reply);
            let missing = said.is_some_and(|said| said.says_property_is_missing());
            return Err(if missing { not_yet(failure) } else { failure });
        }
        let answer: Deals = serde_json::from_slice(&reply.body)
            .map_err(|_| view.unreadable(reply.status, "it is no answer to a batch"))?;
        let mut came_of: HashMap<&str, Option<Said>> =
            answer.results.iter().map(|deal| (deal.id.as_str(), None)).collect();
        let errors: Vec<_> = answer.errors.iter().map(Said::from_value).collect();
        for said in &errors {
            if said.says_property_is_missing() {
                return Err(not_yet(view.item_failure(reply.status, said)));
            }
            came_of.extend(said.context("ids").map(|id| (id, Some(said.clone()))));
        }
        for write in writes {
            match came_of.get(write.id.as_str()) {
                Some(None) => written.count += 1,
                // A deal that was deleted has no values.
                Some(Some(said)) if said.says_not_found() => {}
                Some(Some(said)) => {
                    let failure = view.item_failure(reply.status, said);
                    if failure.scope != FailureScope::Refused {
                        return Err(failure);
                    }
                    written.refused.add(&write.id, said.told(&view.secrets));
                }
                None => return Err(view.unreadable(reply.status, "it passes over a deal")),
            }
        }
        Ok(())
    }

    fn read_deals(&self, reply: &Reply, right: &[u16]) -> Result<Deals, Failure> {
        let view = self.view(false);
        if !right.contains(&reply.status) {
            return Err(view.failure(reply));
        }
        let deals: Deals = serde_json::from_slice(&reply.body)
            .map_err(|_| view.unreadable(reply.status, "it is no list of deals"))?;
        if deals.results.iter().any(|deal| deal.id.is_empty()) {
            return Err(view.unreadable(reply.status, "it is no list of deals"));
        }
        Ok(deals)
    }
}

/// What fails before anything is written had no effect, though it is no GET.
pub(super) fn harmless(failure: Failure) -> Failure {
    Failure { effect_unknown: false, ..failure }
}

/// What was just created is not known everywhere yet: the refusal is for now.
pub(super) fn not_yet(failure: Failure) -> Failure {
    let mut problem = failure.problem;
    problem.reason = ProblemReason::VendorUnavailable;
    Failure { scope: FailureScope::Resource, effect_unknown: false, problem, ..failure }
}

/// Tells whether a refusal may be the fault of a single value.
fn is_about_values(failure: &Failure) -> bool {
    failure.scope == FailureScope::Refused && failure.problem.vendor_status == 400
}
