//! Batches of deals: what can be done is done, and one answer tells what could not.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Hand;
use super::view::{Asked, PAGE_MAX, PAGE_WITH_HISTORY_MAX};
use super::write::{DealDraft, missing};
use crate::sandbox::hubspot::batch::{Outcome, check_size_within};
use crate::sandbox::hubspot::{Portal, Refusal};

/// Which deals are meant, by their ids or by a property with unique values.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct DealKey {
    pub(crate) id: String,
}

/// The body of a batch of reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchRead {
    inputs: Vec<DealKey>,
    #[serde(default)]
    properties: Vec<String>,
    #[serde(default)]
    properties_with_history: Vec<String>,
    id_property: Option<String>,
}

/// The body of a batch of updates.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BatchUpdate {
    inputs: Vec<DealUpdate>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DealUpdate {
    id: String,
    id_property: Option<String>,
    #[serde(default)]
    properties: Map<String, Value>,
}

/// The body of a batch of creates.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BatchMake {
    inputs: Vec<DealDraft>,
}

/// The body of a batch of archives.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BatchArchive {
    inputs: Vec<DealKey>,
}

impl Portal {
    /// Reads deals; they come back in the order of their ids, whatever order was asked for.
    pub(crate) fn read_deals(
        &mut self,
        batch: BatchRead,
        archived: bool,
    ) -> Result<Outcome, Refusal> {
        let with_history = batch.properties_with_history;
        let max = if with_history.is_empty() { PAGE_MAX } else { PAGE_WITH_HISTORY_MAX };
        check_size_within(batch.inputs.len(), max)?;
        let (mut found, mut lost) = (BTreeSet::new(), Vec::new());
        for DealKey { id: key } in batch.inputs {
            let id = match key.parse() {
                Ok(id) if archived => Ok(id),
                _ => self.deal_id(&key, batch.id_property.as_deref()),
            };
            match id {
                Ok(id) if self.deal(id, archived).is_ok() => {
                    found.insert(id);
                }
                Err(refusal) if refusal.status != 404 => return Err(refusal),
                _ => lost.push(key),
            }
        }
        let view = self.view(&Asked { properties: batch.properties, with_history });
        let mut outcome = Outcome::default();
        let deals = found.iter().filter_map(|id| self.deals.any(*id));
        outcome.results.extend(deals.map(|deal| deal.wire(&view)));
        outcome.lost(lost);
        Ok(outcome)
    }

    /// Changes deals. Those that cannot be changed do not stop the others, unless `whole` says that
    /// a value that is not valid refuses the batch.
    pub(crate) fn update_deals(
        &mut self,
        batch: BatchUpdate,
        whole: bool,
        hand: &Hand,
    ) -> Result<Outcome, Refusal> {
        check_size_within(batch.inputs.len(), PAGE_MAX)?;
        check_no_doubles(&batch.inputs)?;
        let mut outcome = Outcome::default();
        let (mut written, mut lost) = (BTreeMap::new(), Vec::new());
        if whole {
            for input in &batch.inputs {
                self.check_values(input.id.parse().ok(), &input.properties)?;
            }
        }
        for input in batch.inputs {
            let Ok(id) = self.deal_id(&input.id, input.id_property.as_deref()) else {
                lost.push(input.id);
                continue;
            };
            let draft = DealDraft { properties: input.properties };
            match self.update_deal(id, &draft, hand) {
                Ok(()) => {
                    written.insert(id, draft);
                }
                Err(refusal) => outcome.errors.push(refusal.entry("ids", vec![input.id])),
            }
        }
        for (id, draft) in written {
            outcome.results.extend(self.wire_written(id, &draft));
        }
        outcome.lost(lost);
        Ok(outcome)
    }

    /// Makes deals. A value that is not valid refuses the whole batch.
    pub(crate) fn create_deals(
        &mut self,
        batch: BatchMake,
        hand: &Hand,
    ) -> Result<Outcome, Refusal> {
        check_size_within(batch.inputs.len(), PAGE_MAX)?;
        for draft in &batch.inputs {
            self.check_values(None, &draft.properties)?;
        }
        let mut outcome = Outcome::default();
        for draft in batch.inputs {
            let id = self.create_deal(&draft, hand)?;
            outcome.results.extend(self.wire_written(id, &draft));
        }
        Ok(outcome)
    }

    /// Archives deals; the ones that are not there are passed over.
    pub(crate) fn archive_deals(
        &mut self,
        batch: &BatchArchive,
        hand: &Hand,
    ) -> Result<(), Refusal> {
        check_size_within(batch.inputs.len(), PAGE_MAX)?;
        for id in batch.inputs.iter().filter_map(|key| key.id.parse().ok()) {
            self.deals.archive(id, hand.now);
        }
        Ok(())
    }

    /// Writes a deal as the answer to a write does: what was written, and what is always shown.
    pub(crate) fn wire_written(&self, id: u64, draft: &DealDraft) -> Option<Value> {
        let properties = draft.properties.keys().cloned().collect();
        let view = self.view(&Asked { properties, with_history: Vec::new() });
        self.deals.any(id).map(|deal| deal.wire(&view))
    }
}

impl Outcome {
    /// Adds the one entry in which HubSpot names all deals that are not there.
    fn lost(&mut self, ids: Vec<String>) {
        if ids.is_empty() {
            return;
        }
        let mut refusal = missing("");
        refusal.message = "Could not get some DEAL objects, they may be deleted or not exist. \
                           Check that ids are valid."
            .to_owned();
        refusal.context.clear();
        self.errors.push(refusal.entry("ids", ids));
    }
}

fn check_no_doubles(inputs: &[DealUpdate]) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    let doubles: BTreeSet<&str> =
        inputs.iter().map(|input| input.id.as_str()).filter(|id| !seen.insert(*id)).collect();
    if doubles.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = doubles.into_iter().map(str::to_owned).collect();
    Err(Refusal::invalid(format!("Duplicate IDs found in batch input: {}", ids.join(", ")))
        .with("ids", ids))
}
