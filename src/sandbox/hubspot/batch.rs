//! Batches: every input on its own, and one answer that tells what worked and what did not.

use serde_json::{Value, json};

use super::draft::{BatchCreate, BatchNames};
use super::portal::Portal;
use super::property::{DataSensitivity, WireTime};
use super::refusal::Refusal;
use crate::domain::Timestamp;
use crate::sandbox::Recreate;

/// Most inputs of one batch. Nobody states it for properties; 100 is what object batches take.
pub(crate) const INPUTS_MAX: usize = 100;

/// The outcome of a batch: results, and an error entry for every input that failed.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    results: Vec<Value>,
    errors: Vec<Value>,
}

impl Outcome {
    /// Returns the status: 207 as soon as one input failed.
    pub(crate) fn status(&self, all_well: u16) -> u16 {
        if self.errors.is_empty() { all_well } else { 207 }
    }

    /// Writes the answer.
    pub(crate) fn body(self, now: Timestamp) -> Value {
        let time = WireTime(now).to_string();
        let mut body = json!({
            "status": "COMPLETE",
            "results": self.results,
            "startedAt": time,
            "completedAt": time,
        });
        if let (false, Some(body)) = (self.errors.is_empty(), body.as_object_mut()) {
            body.insert("numErrors".into(), json!(self.errors.len()));
            body.insert("errors".into(), Value::Array(self.errors));
        }
        body
    }
}

impl Portal {
    /// Creates properties one by one; a refused one does not stop the others.
    pub(crate) fn create_batch(
        &mut self,
        batch: BatchCreate,
        recreate: Recreate,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        check_size(batch.inputs.len())?;
        let mut outcome = Outcome::default();
        for draft in batch.inputs {
            let name = draft.name.clone().unwrap_or_default();
            match self.create(draft, recreate, now) {
                Ok(property) => outcome.results.push(property.wire_created()),
                Err(refusal) => outcome.errors.push(refusal.batch_entry(&name)),
            }
        }
        Ok(outcome)
    }

    /// Reads properties by name.
    pub(crate) fn read_batch(&self, batch: &BatchNames) -> Result<Outcome, Refusal> {
        check_size(batch.inputs.len())?;
        let mut outcome = Outcome::default();
        for input in &batch.inputs {
            let found = if batch.data_sensitivity == DataSensitivity::NonSensitive {
                self.property(&input.name, batch.archived)
            } else {
                Err(Refusal::not_found(format!("No such property as '{}'.", input.name)))
            };
            match found {
                Ok(property) => outcome.results.push(property.wire()),
                Err(refusal) => outcome.errors.push(refusal.batch_entry(&input.name)),
            }
        }
        Ok(outcome)
    }

    /// Archives properties; names that are archived already or never existed are passed over.
    pub(crate) fn archive_batch(
        &mut self,
        batch: &BatchNames,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        check_size(batch.inputs.len())?;
        for input in &batch.inputs {
            match self.archive(&input.name, now) {
                Err(refusal) if refusal.status != 404 => return Err(refusal),
                _ => {}
            }
        }
        Ok(())
    }
}

fn check_size(inputs: usize) -> Result<(), Refusal> {
    if inputs > INPUTS_MAX {
        return Err(Refusal::invalid(format!(
            "A batch takes at most {INPUTS_MAX} inputs, but {inputs} were given."
        )));
    }
    Ok(())
}
