//! What a read shows of a deal.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::{Column, Deal, Entry};
use crate::domain::Timestamp;
use crate::sandbox::hubspot::{Portal, Refusal};
use crate::sandbox::wire_time::WireTime;

/// Most deals on a page of a list, and of one that shows histories.
pub(crate) const PAGE_MAX: usize = 100;
pub(crate) const PAGE_WITH_HISTORY_MAX: usize = 50;
const PAGE_DEFAULT: usize = 10;

/// What is shown whatever was asked for.
const ALWAYS: [&str; 3] = ["createdate", "hs_lastmodifieddate", "hs_object_id"];
/// What is shown besides when nothing was asked for.
const DEFAULT: [&str; 5] = ["amount", "closedate", "dealname", "dealstage", "pipeline"];

/// The names of the properties that a request asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) properties: Vec<String>,
    pub(crate) with_history: Vec<String>,
}

/// What to show of a deal, and as of when.
#[derive(Debug)]
pub(crate) struct View {
    columns: Vec<(String, Column)>,
    histories: Vec<(String, Column)>,
    as_of: Option<Timestamp>,
}

/// Which page of a list is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Page {
    pub(crate) limit: Option<usize>,
    pub(crate) after: u64,
    pub(crate) archived: bool,
}

/// A page of deals.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) results: Vec<Value>,
    /// The cursor of the next page, if there is one.
    pub(crate) after: Option<u64>,
}

impl View {
    /// Shows what was true at a moment.
    pub(crate) fn seen_at(mut self, moment: Timestamp) -> Self {
        self.as_of = Some(moment);
        self
    }
}

impl Portal {
    /// Settles what a read shows; names that no property has are passed over.
    pub(crate) fn view(&self, asked: &Asked) -> View {
        let column = |name: &str| {
            let property = self.active.get(name)?;
            Some((name.to_owned(), property.column()))
        };
        let none_named = asked.properties.is_empty() && asked.with_history.is_empty();
        let default = if none_named { &DEFAULT[..] } else { &[] };
        let named = asked.properties.iter().map(String::as_str);
        let columns = named.chain(ALWAYS).chain(default.iter().copied()).filter_map(column);
        let histories = asked.with_history.iter().filter_map(|name| column(name));
        View { columns: columns.collect(), histories: histories.collect(), as_of: None }
    }

    /// Returns a page of deals, in the order of their ids.
    pub(crate) fn list_deals(&self, page: Page, asked: &Asked) -> Result<Listed, Refusal> {
        let max = match asked.with_history.len() {
            0 => PAGE_MAX,
            _ => PAGE_WITH_HISTORY_MAX,
        };
        let limit = page.limit.unwrap_or(PAGE_DEFAULT);
        if limit == 0 || limit > max {
            return Err(Refusal::invalid(format!(
                "The limit of a page lies between 1 and {max}, but {limit} was asked for."
            )));
        }
        let view = self.view(asked);
        let mut deals = self.deals.following(page.after, page.archived);
        let mut last = page.after;
        let mut results = Vec::with_capacity(limit);
        for deal in deals.by_ref().take(limit) {
            results.push(deal.wire(&view));
            last = deal.id;
        }
        Ok(Listed { results, after: deals.next().map(|_| last) })
    }
}

impl Deal {
    /// Returns the value of a property; none where the deal never had one.
    pub(crate) fn value(&self, column: Column, as_of: Option<Timestamp>) -> Option<Cow<'_, str>> {
        let modified = || as_of.map_or(self.modified_at, |moment| self.modified_at(moment));
        match column {
            Column::Id => Some(self.id.to_string().into()),
            Column::Created => Some(WireTime(self.created_at).to_string().into()),
            Column::Modified => Some(WireTime(modified()).to_string().into()),
            Column::Stored(slot) => {
                let entry = match as_of {
                    None => self.entry(slot),
                    Some(moment) => self.entry_at(slot, moment),
                };
                entry.map(|entry| Cow::Borrowed(&*entry.value))
            }
        }
    }

    /// Writes the deal as the API does.
    pub(crate) fn wire(&self, view: &View) -> Value {
        let value = |column| self.value(column, view.as_of).map_or(Value::Null, |v| json!(v));
        let properties: Map<String, Value> =
            view.columns.iter().map(|(name, column)| (name.clone(), value(*column))).collect();
        let modified = view.as_of.map_or(self.modified_at, |moment| self.modified_at(moment));
        let mut wire = json!({
            "id": self.id.to_string(),
            "properties": properties,
            "createdAt": WireTime(self.created_at),
            "updatedAt": WireTime(modified),
            "archived": self.archived_at.is_some(),
            "url": format!("https://app.hubspot.com/contacts/record/0-3/{}", self.id),
        });
        let Some(object) = wire.as_object_mut() else { return wire };
        if let Some(archived_at) = self.archived_at {
            object.insert("archivedAt".into(), json!(WireTime(archived_at)));
        }
        if !view.histories.is_empty() {
            let histories = view.histories.iter();
            let histories: Map<String, Value> = histories
                .map(|(name, column)| (name.clone(), self.wire_history(*column)))
                .collect();
            object.insert("propertiesWithHistory".into(), Value::Object(histories));
        }
        wire
    }

    fn wire_history(&self, column: Column) -> Value {
        match column {
            Column::Stored(slot) => self.history(slot).map(Entry::wire).collect(),
            // What HubSpot computes has no history of its own here: only what it is now.
            _ => self.value(column, None).map_or(json!([]), |value| {
                json!([{
                    "value": value,
                    "timestamp": WireTime(self.modified_at),
                    "sourceType": "CALCULATED",
                }])
            }),
        }
    }
}

impl Entry {
    fn wire(&self) -> Value {
        let mut entry = Map::new();
        entry.insert("value".into(), json!(self.value));
        entry.insert("timestamp".into(), json!(WireTime(self.at)));
        self.source.write(&mut entry);
        Value::Object(entry)
    }
}
