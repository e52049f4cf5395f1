//! Batches: every input on its own, and one answer that tells what worked and what did not.

use serde_json::{Value, json};

use super::draft::{BatchCreate, BatchNames};
use super::portal::{Portal, missing};
use super::refusal::Refusal;
use crate::domain::Timestamp;
use crate::sandbox::Recreate;
use crate::sandbox::wire_time::WireTime;

/// Most inputs of one batch. Nobody states it for properties; 100 is what object batches take.
pub(crate) const INPUTS_MAX: usize = 100;

/// The outcome of a batch: results, and an error entry for every input that failed.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(super) results: Vec<Value>,
    pub(super) errors: Vec<Value>,
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
    pub(crate) fn read_batch(
        &mut self,
        batch: &BatchNames,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        check_size(batch.inputs.len())?;
        let mut outcome = Outcome::default();
        for input in &batch.inputs {
            let found = self.seen_property(&input.name, batch.archived, now);
            let found = found.and_then(|property| {
                let shown = property.data_sensitivity == batch.data_sensitivity;
                if shown { Ok(property) } else { Err(missing(&input.name)) }
            });
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
        let found: Vec<&str> = batch
            .inputs
            .iter()
            .map(|input| input.name.as_str())
            .filter(|name| self.active.contains_key(*name))
            .collect();
        // All are checked before any is archived: a refused batch changes nothing.
        found.iter().try_for_each(|name| self.check_archivable(name))?;
        for name in found {
            self.archive(name, now).or_else(passed_over)?;
        }
        Ok(())
    }
}

/// A name that is given twice is gone the second time, which is no fault.
fn passed_over(refusal: Refusal) -> Result<(), Refusal> {
    if refusal.status == 404 { Ok(()) } else { Err(refusal) }
}

fn check_size(inputs: usize) -> Result<(), Refusal> {
    check_size_within(inputs, INPUTS_MAX)
}

/// Refuses a batch of more inputs than it may have.
pub(super) fn check_size_within(inputs: usize, max: usize) -> Result<(), Refusal> {
    if inputs > max {
        return Err(Refusal::invalid(format!(
            "A batch takes at most {max} inputs, but {inputs} were given."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::hubspot::draft::parse;

    const NOW: Timestamp = Timestamp::from_micros(0);

    fn create(portal: &mut Portal, names: &[&str]) -> Result<Outcome, Refusal> {
        let input = |name: &&str| {
            json!({
                "name": name, "label": name, "type": "string", "fieldType": "text",
                "groupName": "dealinformation"
            })
        };
        let inputs: Vec<Value> = names.iter().map(input).collect();
        let batch = parse(json!({ "inputs": inputs })).unwrap();
        portal.create_batch(batch, Recreate::Restore, NOW)
    }

    fn names(names: &[&str]) -> BatchNames {
        let inputs: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        parse(json!({ "inputs": inputs })).unwrap()
    }

    #[test]
    fn a_conflict_in_a_batch_does_not_stop_the_others() {
        let mut portal = Portal::open(NOW);
        let outcome = create(&mut portal, &["a", "a", "amount", "b"]).unwrap();
        assert_eq!(outcome.status(201), 207);
        let body = outcome.body(NOW);
        assert_eq!(body["status"], "COMPLETE");
        assert_eq!(body["numErrors"], 2);
        assert_eq!(body["errors"][1]["context"]["name"], json!(["amount"]));
        assert_eq!(body["results"][1]["name"], "b");
    }

    #[test]
    fn a_batch_without_a_failure_reports_no_errors() {
        let outcome = create(&mut Portal::open(NOW), &["a"]).unwrap();
        assert_eq!(outcome.status(201), 201);
        assert!(outcome.body(NOW).get("errors").is_none());
    }

    #[test]
    fn a_batch_takes_a_hundred_inputs_and_no_more() {
        let many: Vec<String> = (0..=INPUTS_MAX).map(|i| format!("p{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(create(&mut Portal::open(NOW), &many).unwrap_err().status, 400);
        assert!(create(&mut Portal::open(NOW), &many[1..]).is_ok());
    }

    #[test]
    fn a_batch_of_reads_tells_the_missing_from_the_found() {
        let outcome = Portal::open(NOW).read_batch(&names(&["amount", "nothing"]), NOW).unwrap();
        let body = outcome.body(NOW);
        assert_eq!(body["results"][0]["name"], "amount");
        assert_eq!(body["errors"][0]["category"], "OBJECT_NOT_FOUND");
    }

    #[test]
    fn a_batch_archives_what_is_there_and_passes_over_the_rest() {
        let mut portal = Portal::open(NOW);
        create(&mut portal, &["a", "b"]).unwrap();
        portal.archive_batch(&names(&["a", "a", "nothing"]), NOW).unwrap();
        assert!(portal.property("a", true).is_ok());
        assert_eq!(portal.archive_batch(&names(&["b", "amount"]), NOW).unwrap_err().status, 400);
        assert!(portal.property("b", false).is_ok(), "a refused batch changes nothing");
    }
}
