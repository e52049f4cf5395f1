//! The model: a company that does one thing after the other, in memory.
//!
//! It is written from the API's documentation and shares nothing with the product but its messages.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use gomark_sdk::v1::ErrorReason;

use crate::history::{
    Answer, Ask, Definition, Entry, Fields, Mutation, Patch, Refusal, Request, is_cadence,
};

/// A company after some revisions; none before it is registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Company {
    pub(crate) display_name: String,
    pub(crate) connected: bool,
    pub(crate) connected_to_upso: bool,
    /// The revisions, the first one first.
    pub(crate) revisions: Vec<Arc<Revision>>,
}

/// A revision: the mutation that made it, and the fields since then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    pub(crate) mutation: Mutation,
    pub(crate) fields: Arc<Fields>,
}

/// The whole state follows from the mutations; the latest is enough to tell most states apart.
impl Hash for Company {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.revision().hash(hasher);
        self.revisions.last().map(|last| last.mutation.id).hash(hasher);
    }
}

/// What a mutation comes to.
enum Outcome {
    /// It is so already, or was asked before, or is a dry run: the revision to answer.
    Stays(i64),
    Becomes(Company),
    /// One of these, whichever is looked at first.
    Refused(Vec<ErrorReason>),
}

impl Company {
    pub(crate) fn revision(&self) -> i64 {
        i64::try_from(self.revisions.len()).unwrap()
    }

    /// The fields at a revision that there is.
    pub(crate) fn fields_at(&self, revision: i64) -> Option<&Arc<Fields>> {
        let index = usize::try_from(revision - 1).ok()?;
        self.revisions.get(index).map(|revision| &revision.fields)
    }

    fn fields(&self) -> Arc<Fields> {
        self.fields_at(self.revision()).cloned().unwrap_or_default()
    }

    /// Answers a call, and what the company is after it.
    pub(crate) fn answer(&self, request: &Request) -> (Answer, Option<Company>) {
        let refused = |reason| (Answer::Refused(self.refusal(reason)), None);
        if let Request::Mutate(mutation) = request {
            return match self.outcome(mutation) {
                Outcome::Stays(revision) => (Answer::Accepted(revision), None),
                Outcome::Becomes(after) => (Answer::Accepted(after.revision()), Some(after)),
                Outcome::Refused(reasons) => refused(reasons[0]),
            };
        }
        if self.revisions.is_empty() {
            return refused(ErrorReason::CompanyNotFound);
        }
        let answer = match request {
            Request::Config { revision, min_revision } => {
                let at = if *revision == 0 { self.revision() } else { *revision };
                match self.fields_at(at) {
                    None => return refused(ErrorReason::RevisionNotFound),
                    Some(_) if self.revision() < *min_revision => {
                        return refused(ErrorReason::MinRevisionNotReached);
                    }
                    Some(fields) => Answer::Config { revision: at, fields: (**fields).clone() },
                }
            }
            Request::Audit { entries } => Answer::Audit(self.newest(*entries)),
            Request::Company | Request::Mutate(_) => Answer::Company {
                revision: self.revision(),
                display_name: self.display_name.clone(),
                connected: self.connected,
            },
        };
        (answer, None)
    }

    /// Tells whether a call may be answered so now, and what the company is after it: `Some(None)`
    /// where that is the same.
    pub(crate) fn accepts(&self, request: &Request, answer: &Answer) -> Option<Option<Company>> {
        match (request, answer) {
            (Request::Mutate(mutation), Answer::Unknown) => match self.outcome(mutation) {
                Outcome::Becomes(after) => Some(Some(after)),
                Outcome::Stays(_) | Outcome::Refused(_) => Some(None),
            },
            (Request::Mutate(mutation), Answer::Refused(refusal)) => match self.outcome(mutation) {
                Outcome::Refused(reasons) if reasons.contains(&refusal.reason) => {
                    (*refusal == self.refusal(refusal.reason)).then_some(None)
                }
                _ => None,
            },
            // Looked at first: every candidate of a search comes by here.
            (Request::Mutate(_), Answer::Accepted(revision))
                if !(0..=self.revision() + 1).contains(revision) =>
            {
                None
            }
            _ => {
                let (expected, after) = self.answer(request);
                (expected == *answer).then_some(after)
            }
        }
    }

    fn refusal(&self, reason: ErrorReason) -> Refusal {
        let named = reason == ErrorReason::RevisionMismatch;
        Refusal { reason, revision: named.then(|| self.revision()) }
    }

    fn newest(&self, entries: usize) -> Vec<Entry> {
        let numbered = self.revisions.iter().enumerate().rev().take(entries);
        let entry = |(index, revision): (usize, &Arc<Revision>)| Entry {
            revision: i64::try_from(index + 1).unwrap(),
            action: revision.mutation.ask.action(),
            request_id: revision.mutation.request_id(),
            reason: revision.mutation.reason(),
        };
        numbered.map(entry).collect()
    }

    fn outcome(&self, mutation: &Mutation) -> Outcome {
        let made = |id| self.revisions.iter().rposition(|made| made.mutation.id == Some(id));
        if let Some(index) = mutation.id.and_then(made) {
            return match self.revisions[index].mutation == *mutation {
                true => Outcome::Stays(i64::try_from(index + 1).unwrap()),
                false => Outcome::Refused(vec![ErrorReason::RequestIdReused]),
            };
        }
        let reasons = self.reasons_against(mutation);
        if !reasons.is_empty() {
            return Outcome::Refused(reasons);
        }
        let Some((changed, fields)) = self.changed(&mutation.ask) else {
            return Outcome::Stays(self.revision());
        };
        if mutation.id.is_none() {
            return Outcome::Stays(self.revision());
        }
        let mut after = changed;
        after.revisions.push(Arc::new(Revision { mutation: mutation.clone(), fields }));
        Outcome::Becomes(after)
    }

    fn reasons_against(&self, mutation: &Mutation) -> Vec<ErrorReason> {
        let mut reasons = Vec::new();
        let registers = matches!(mutation.ask, Ask::Register(_));
        let revision = self.revision();
        if revision == 0 && !registers {
            return vec![ErrorReason::CompanyNotFound];
        }
        if revision > 0 && registers {
            reasons.push(ErrorReason::CompanyExists);
        }
        if mutation.expected_revision != 0 && mutation.expected_revision != revision {
            reasons.push(ErrorReason::RevisionMismatch);
        }
        let has = |name| self.fields().contains_key(name);
        match &mutation.ask {
            Ask::Add(name, _) if has(name) => reasons.push(match is_cadence(name) {
                true => ErrorReason::CadenceExists,
                false => ErrorReason::FieldExists,
            }),
            Ask::Modify(name, _) | Ask::Remove(name) if !has(name) => {
                reasons.push(match is_cadence(name) {
                    true => ErrorReason::CadenceNotFound,
                    false => ErrorReason::FieldNotFound,
                });
            }
            Ask::Rollback(to) if *to > revision => reasons.push(ErrorReason::RevisionNotFound),
            Ask::Disconnect if !self.connected => reasons.push(ErrorReason::NotConnected),
            _ => {}
        }
        reasons
    }

    /// What the company becomes, and its fields; `None` where it is so already.
    fn changed(&self, ask: &Ask) -> Option<(Company, Arc<Fields>)> {
        let before = self.fields();
        let mut fields = (*before).clone();
        let mut company = self.clone();
        match ask {
            Ask::Register(name) | Ask::Rename(name) => company.display_name.clone_from(name),
            Ask::Connect => company.connected = true,
            Ask::ConnectUpso => company.connected_to_upso = true,
            Ask::Disconnect => company.connected = false,
            Ask::Add(name, definition) => {
                fields.insert(name.clone(), definition.clone());
            }
            Ask::Modify(name, patch) => fields.get_mut(name)?.apply(patch),
            Ask::Remove(name) => {
                fields.remove(name);
            }
            Ask::Rollback(to) => fields.clone_from(self.fields_at(*to)?),
        }
        let same = fields == *before;
        if same && company == *self {
            return None;
        }
        Some((company, if same { before } else { Arc::new(fields) }))
    }
}

impl Definition {
    fn apply(&mut self, patch: &Patch) {
        match patch {
            Patch::Label(label) => self.label.clone_from(label),
            Patch::Description(description) => self.description.clone_from(description),
            Patch::DefaultValue(value) => self.default_value.clone_from(value),
            Patch::Choices(choices) => self.choices.clone_from(choices),
        }
    }
}
