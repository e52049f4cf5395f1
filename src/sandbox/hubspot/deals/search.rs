//! The search: filters, one sort, pages up to a cap, and an index that may lag behind the writes.

use std::cmp::Ordering;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::view::Asked;
use super::{Column, Deal};
use crate::domain::Timestamp;
use crate::sandbox::hubspot::property::PropertyType;
use crate::sandbox::hubspot::{Portal, Refusal};
use filter::{Filter, FilterDraft, Ordered};

mod filter;

/// Most deals of a page.
const PAGE_MAX: usize = 200;
const PAGE_DEFAULT: usize = 10;
/// How many results of one search can be seen.
const RESULTS_MAX: usize = 10_000;
/// The budget of filters.
const GROUPS_MAX: usize = 5;
const FILTERS_OF_GROUP_MAX: usize = 6;
const FILTERS_MAX: usize = 18;
const QUERY_CHARS_MAX: usize = 3_000;

/// The body of a search.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Search {
    filter_groups: Vec<Group>,
    sorts: Vec<SortDraft>,
    query: Option<String>,
    properties: Vec<String>,
    limit: Option<usize>,
    #[serde(deserialize_with = "offset")]
    after: usize,
}

#[derive(Clone, Debug, Deserialize)]
struct Group {
    filters: Vec<FilterDraft>,
}

/// A sort is written as a name, with `-` in front to turn it round, or at length.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum SortDraft {
    Short(String),
    Long {
        #[serde(rename = "propertyName")]
        property_name: String,
        direction: Option<Direction>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Direction {
    Ascending,
    Descending,
}

struct Sort {
    column: Column,
    kind: PropertyType,
    descending: bool,
}

/// Reads the offset, as a number or as its text.
fn offset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(0),
        Value::String(text) if text.is_empty() => return Ok(0),
        Value::String(text) => text,
        other => other.to_string(),
    };
    text.parse().map_err(|_| serde::de::Error::custom(format!("after: '{text}' is no integer")))
}

impl Portal {
    /// Searches the deals.
    pub(crate) fn search_deals(&self, search: &Search, now: Timestamp) -> Result<Value, Refusal> {
        let limit = search.limit.unwrap_or(PAGE_DEFAULT);
        search.check(limit)?;
        let groups = self.filters(search)?;
        let sort = search.sorts.first().map(|sort| self.sort(sort)).transpose()?;
        let as_of = self.indexed_until(now);
        let words = search.query.as_deref().unwrap_or_default().to_lowercase();
        let name = self.active.get("dealname").map(|property| property.column());
        let mut found: Vec<&Deal> = self
            .deals
            .active()
            .filter(|deal| deal.created_at <= as_of)
            .filter(|deal| groups.is_empty() || groups.iter().any(|all| meets(deal, all, as_of)))
            .filter(|deal| {
                words.is_empty()
                    || name
                        .and_then(|name| deal.value(name, Some(as_of)))
                        .is_some_and(|name| name.to_lowercase().contains(&words))
            })
            .collect();
        if let Some(sort) = sort {
            found.sort_by_cached_key(|deal| sort.key(deal, as_of));
            if sort.descending {
                found.reverse();
            }
        }
        let view = self.view(&Asked { properties: search.properties.clone(), ..Asked::default() });
        let view = view.seen_at(as_of);
        let end = search.after.saturating_add(limit).min(RESULTS_MAX);
        let page = found.iter().take(end).skip(search.after);
        let results: Vec<Value> = page.map(|deal| deal.wire(&view)).collect();
        let mut body = json!({ "total": found.len(), "results": results });
        if let (true, Some(body)) = (end < found.len(), body.as_object_mut()) {
            body.insert("paging".into(), json!({ "next": { "after": end.to_string() } }));
        }
        Ok(body)
    }

    /// Returns the moment up to which the index knows of writes.
    fn indexed_until(&self, now: Timestamp) -> Timestamp {
        let lag = Duration::from_millis(self.switches.search_lag_ms);
        let lag = i64::try_from(lag.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(now.as_micros().saturating_sub(lag))
    }

    fn filters(&self, search: &Search) -> Result<Vec<Vec<Filter>>, Refusal> {
        let all = |group: &Group| {
            group.filters.iter().map(|draft| Filter::new(draft, &self.active)).collect()
        };
        search.filter_groups.iter().map(all).collect()
    }

    fn sort(&self, draft: &SortDraft) -> Result<Sort, Refusal> {
        let (name, descending) = match draft {
            SortDraft::Short(name) => match name.strip_prefix('-') {
                Some(name) => (name, true),
                None => (name.as_str(), false),
            },
            SortDraft::Long { property_name, direction } => {
                (property_name.as_str(), *direction == Some(Direction::Descending))
            }
        };
        let property = self.active.get(name).ok_or_else(|| filter::unknown(name))?;
        Ok(Sort { column: property.column(), kind: property.kind, descending })
    }
}

impl Search {
    fn check(&self, limit: usize) -> Result<(), Refusal> {
        let refuse = |said: String| Err(Refusal::invalid(said));
        if limit == 0 || limit > PAGE_MAX {
            return refuse(format!("The limit of a search lies between 1 and {PAGE_MAX}."));
        }
        if self.after >= RESULTS_MAX {
            return refuse(format!(
                "A search shows {RESULTS_MAX} results and no more: there is none after {}.",
                self.after
            ));
        }
        if self.sorts.len() > 1 {
            return refuse("A search takes one sort.".to_owned());
        }
        let filters: usize = self.filter_groups.iter().map(|group| group.filters.len()).sum();
        let largest = self.filter_groups.iter().map(|group| group.filters.len()).max();
        if self.filter_groups.len() > GROUPS_MAX
            || largest.unwrap_or(0) > FILTERS_OF_GROUP_MAX
            || filters > FILTERS_MAX
        {
            return refuse(format!(
                "A search takes {GROUPS_MAX} groups of {FILTERS_OF_GROUP_MAX} filters, and \
                 {FILTERS_MAX} filters in all."
            ));
        }
        if self.query.as_ref().is_some_and(|query| query.chars().count() > QUERY_CHARS_MAX) {
            return refuse(format!("A query has at most {QUERY_CHARS_MAX} characters."));
        }
        Ok(())
    }
}

impl Sort {
    /// Deals without a value come last, or first when the order is turned round.
    fn key(&self, deal: &Deal, as_of: Timestamp) -> SortKey {
        let value = deal.value(self.column, Some(as_of)).filter(|value| !value.is_empty());
        SortKey(value.map(|value| Ordered::new(self.kind, &value)), deal.id)
    }
}

#[derive(PartialEq)]
struct SortKey(Option<Ordered>, u64);

impl Eq for SortKey {}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let values = match (&self.0, &other.0) {
            (Some(one), Some(two)) => one.compare(two),
            (one, two) => two.is_some().cmp(&one.is_some()),
        };
        values.then(self.1.cmp(&other.1))
    }
}

fn meets(deal: &Deal, all: &[Filter], as_of: Timestamp) -> bool {
    all.iter().all(|filter| filter.admits(deal, as_of))
}
