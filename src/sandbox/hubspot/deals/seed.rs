//! Many deals at once, and what all of them hold: for tests, which have no time to ask the API.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::write::{detail, not_valid};
use super::{Hand, Source, values};
use crate::domain::Timestamp;
use crate::sandbox::hubspot::property::Property;
use crate::sandbox::hubspot::{Portal, Refusal};
use crate::sandbox::wire_time::WireTime;

/// What stands for the number of a deal in a value.
const NUMBER: &str = "{id}";

/// How a test wants a property of many deals filled.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fill {
    property: String,
    /// One value for every deal; `{id}` stands for its number.
    value: Option<String>,
    /// Or several, of which deals take turns.
    #[serde(default)]
    values: Vec<String>,
    /// Every so many deals …
    #[serde(default = "every_one")]
    every: usize,
    /// … beginning after so many.
    #[serde(default)]
    offset: usize,
}

fn every_one() -> usize {
    1
}

impl Portal {
    /// Makes deals as an import would, each with a name, a pipeline and a stage.
    pub(crate) fn seed_deals(&mut self, count: u32, now: Timestamp) {
        let hand = Hand { source: Source::Import, now };
        let slot = |name: &str| self.active.get(name).map(|property| property.slot);
        let (name, pipeline, stage) = (slot("dealname"), slot("pipeline"), slot("dealstage"));
        for _ in 0..count {
            let id = self.deals.open(now);
            let cells = [
                (name, format!("Deal {id}")),
                (pipeline, "default".to_owned()),
                (stage, "appointmentscheduled".to_owned()),
            ];
            for (slot, value) in cells {
                if let Some(slot) = slot {
                    self.deals.put(id, slot, &value, &hand);
                }
            }
        }
    }

    /// Fills a property of many deals; returns how many were written.
    pub(crate) fn fill_deals(&mut self, fill: &Fill, hand: &Hand) -> Result<usize, Refusal> {
        let property = self.property(&fill.property, false)?.clone();
        let values: Vec<&String> = fill.value.iter().chain(&fill.values).collect();
        if values.is_empty() {
            return Err(Refusal::invalid("A fill needs a value, or several."));
        }
        let chosen = self.deals.active().skip(fill.offset).step_by(fill.every.max(1));
        let ids: Vec<u64> = chosen.map(|deal| deal.id).collect();
        for (id, value) in ids.iter().zip(values.iter().cycle()) {
            let value = value.replace(NUMBER, &id.to_string());
            let value = match value.as_str() {
                "" => String::new(),
                value => values::settle(&property, value)
                    .map_err(|(code, said)| not_valid(vec![detail(&property.name, &code, said)]))?,
            };
            self.deals.put(*id, property.slot, &value, hand);
        }
        Ok(ids.len())
    }

    /// Tells what the deals hold of a property, active or in the recycle bin: how many hold a value
    /// and how often one was written; with `values`, every value and when it was last changed.
    pub(crate) fn holding(&self, property: &Property, values: bool) -> Value {
        let mut last = None;
        let mut held = 0_u64;
        let mut told = Map::new();
        for deal in self.deals.active() {
            let Some(entry) = deal.entry(property.slot) else { continue };
            last = last.max(Some(entry.at));
            held += u64::from(!entry.value.is_empty());
            if values {
                let value = json!({ "value": entry.value, "at": WireTime(entry.at) });
                told.insert(deal.id.to_string(), value);
            }
        }
        let mut holding = json!({
            "held": held,
            "writes": self.deals.writes(property.slot),
            "last_change_at": last.map(WireTime),
            "archived": property.archived_at.is_some(),
        });
        if let (true, Some(holding)) = (values, holding.as_object_mut()) {
            holding.insert("values".into(), Value::Object(told));
        }
        holding
    }
}
