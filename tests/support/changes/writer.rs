//! One client of one company.

use std::collections::BTreeSet;

use gomark_sdk::v1::{Cadence, ErrorReason, Field};
use gomark_sdk::{Change, Error, cadences, fields};
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;

use super::ledger::{FIRST_REVISIONS, Wish};
use super::workload::Company;

/// What the ids of cadences begin with, and names of fields do not.
const CADENCE: &str = "cadence-";
/// After how many fields and cadences of its own it rather removes some.
const FIELDS_MAX: usize = 20;

/// A client that makes one request after the other, about fields and cadences of its own and, now and
/// then, about all of the company.
pub(super) struct Writer {
    company: Company,
    number: usize,
    random: StdRng,
    requests: usize,
    /// Its fields and cadences, as far as it knows: another client may have rolled the company back.
    there: BTreeSet<String>,
    removed: BTreeSet<String>,
    /// The latest revision it was answered.
    revision: i64,
}

impl Writer {
    pub(super) fn new(company: Company, number: usize, random: StdRng) -> Self {
        let (there, removed) = (BTreeSet::new(), BTreeSet::new());
        Self { company, number, random, requests: 0, there, removed, revision: FIRST_REVISIONS }
    }

    /// Changes something whenever `may_go_on` says that it may.
    pub(super) async fn write(mut self, may_go_on: impl AsyncFn() -> bool) {
        while may_go_on().await {
            let change = loop {
                let wish = self.wish();
                if let Some(change) = self.ask(&wish).await {
                    break change;
                }
            };
            if self.random.random_bool(0.1) {
                self.read(&change).await;
            }
            if self.random.random_bool(0.03) {
                self.follow(&change).await;
            }
        }
    }

    fn wish(&mut self) -> Wish {
        let label = format!("label {}-{}", self.number, self.requests);
        let full = self.there.len() >= FIELDS_MAX;
        let one = self.there.iter().choose(&mut self.random).cloned();
        match (self.random.random_range(0..100), one) {
            (0..3, _) if self.revision > FIRST_REVISIONS => {
                let back = self.revision - self.random.random_range(1..=8);
                Wish::Rollback { to: back.max(FIRST_REVISIONS) }
            }
            (0..40, Some(name)) => Wish::Modify { name, label },
            (roll, Some(name)) if full || roll < 60 => Wish::Remove { name },
            _ => {
                let again = self.removed.iter().choose(&mut self.random).cloned();
                let again = again.filter(|_| self.random.random_bool(0.5));
                let prefix = if self.random.random_bool(0.3) { CADENCE } else { "" };
                let new = || format!("{prefix}w{}_{}", self.number, self.requests);
                Wish::Add { name: again.unwrap_or_else(new), label }
            }
        }
    }

    /// Asks for it and notes the answer; `None` when nothing changed.
    async fn ask(&mut self, wish: &Wish) -> Option<Change> {
        self.requests += 1;
        let request_id = format!("request-{}-{}", self.number, self.requests);
        let answer = self.send(wish, &request_id).await;
        let exists = match &answer {
            Ok(_) => matches!(wish, Wish::Add { .. } | Wish::Modify { .. }),
            Err(error) => match error.reason() {
                Some(ErrorReason::FieldExists | ErrorReason::CadenceExists) => true,
                Some(ErrorReason::FieldNotFound | ErrorReason::CadenceNotFound) => false,
                _ => panic!("{wish:?}: {error:?}"),
            },
        };
        if let Wish::Add { name, .. } | Wish::Modify { name, .. } | Wish::Remove { name } = wish {
            let (into, from) = match exists {
                true => (&mut self.there, &mut self.removed),
                false => (&mut self.removed, &mut self.there),
            };
            from.remove(name);
            into.insert(name.clone());
        }
        let mut ledger = self.company.ledger.lock().unwrap();
        let Some(change) = answer.ok().filter(|change| change.job.is_some()) else {
            ledger.others.insert(request_id);
            return None;
        };
        self.revision = change.revision;
        ledger.accepted.insert(request_id, (change.revision, wish.clone()));
        Some(change)
    }

    async fn send(&self, wish: &Wish, request_id: &str) -> Result<Change, Error> {
        let Company { id, client, .. } = &self.company;
        match wish {
            Wish::Add { name, label } if name.starts_with(CADENCE) => {
                let step = cadences::email(label, "Hello {{first_name}}");
                let cadence =
                    Cadence { cadence_id: name.clone(), ..cadences::cadence(label, [step]) };
                client.add_cadence(id, cadence).request_id(request_id).await
            }
            Wish::Modify { name, label } if name.starts_with(CADENCE) => {
                let cadence = Cadence { name: label.clone(), ..Cadence::default() };
                client.modify_cadence(id, name).cadence(cadence).request_id(request_id).await
            }
            Wish::Remove { name } if name.starts_with(CADENCE) => {
                client.remove_cadence(id, name).request_id(request_id).await
            }
            Wish::Add { name, label } => {
                let field = Field { name: name.clone(), ..fields::text(label) };
                client.add_field(id, field).request_id(request_id).await
            }
            Wish::Modify { name, label } => {
                let field = Field { label: label.clone(), ..Field::default() };
                client.modify_field(id, name, field).request_id(request_id).await
            }
            Wish::Remove { name } => client.remove_field(id, name).request_id(request_id).await,
            Wish::Rollback { to } => client.rollback(id, *to).request_id(request_id).await,
        }
    }

    /// Reads its own write, from whichever process is there now.
    async fn read(&self, change: &Change) {
        let Company { id, client, .. } = &self.company;
        let config = client.get_config(id).min_revision(change.revision).await.unwrap();
        assert!(config.revision >= change.revision, "an older configuration was read");
    }

    /// Follows the job from its first event to its end, from process to process. How long that takes
    /// is bounded by the end of the crashes.
    async fn follow(&self, change: &Change) {
        let job = change.job.as_ref().unwrap();
        let mut seqs = Vec::new();
        job.wait_with(|event| seqs.push(event.seq)).await.unwrap();
        assert!(seqs.iter().copied().eq(1..=seqs.len() as i64), "{}: {seqs:?}", job.id());
        self.company.ledger.lock().unwrap().followed += 1;
    }
}
