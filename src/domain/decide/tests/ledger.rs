//! A company in memory: it keeps what is decided, as a store does, and checks what holds for every
//! decision.

use std::collections::BTreeMap;

use super::*;
use crate::domain::decide::Holds;
use crate::domain::{Company, Needs, Tracked, Version};

/// All that was decided about a company.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    pub(super) company: Option<Company>,
    pub(super) connections: Vec<Connection>,
    /// All versions of each resource, oldest first.
    pub(super) versions: BTreeMap<ResourceId, Vec<Version>>,
    /// Where each connection stands with each resource.
    pub(super) syncs: BTreeMap<(String, ResourceId), Sync>,
}

impl Ledger {
    /// A company that has just been registered: at revision 1.
    pub(super) fn registered() -> Self {
        let mut ledger = Self::default();
        ledger.change(register());
        ledger
    }

    pub(super) fn revision(&self) -> Revision {
        self.company.as_ref().map_or(Revision::ZERO, |company| company.revision)
    }

    pub(super) fn connected(&self) -> Option<&Connection> {
        self.connections.iter().find(|known| known.status == ConnectionStatus::Connected)
    }

    /// The fields at a revision, by name.
    pub(super) fn fields_at(&self, at: Revision) -> BTreeMap<String, Resource> {
        let current = self.versions.values().filter_map(|all| current(all, at));
        let resources = current.filter_map(|version| version.resource.clone());
        resources.map(|resource| (resource.name().to_owned(), resource)).collect()
    }

    pub(super) fn set_sync(&mut self, id: &str, sync: Sync) {
        let connection = self.connected().expect("connected").id.as_str().to_owned();
        self.syncs.insert((connection, ResourceId::from_trusted(id)), sync);
    }

    /// What a store looks up for an intent.
    pub(super) fn situation(&self, intent: &Intent) -> Situation {
        let needs = intent.needs();
        let fits = |version: &&Version| match &needs {
            Needs::Nothing => false,
            Needs::Named(kind, names) => version.kind == *kind && names.contains(&version.name),
            Needs::All | Needs::AllAnd(_) => true,
        };
        let latest = self.versions.values().filter_map(|all| all.last()).filter(fits);
        let old = match needs {
            Needs::AllAnd(at) => {
                self.versions.values().filter_map(|all| current(all, at)).collect()
            }
            _ => Vec::new(),
        };
        let mut holds = Holds::default();
        for resource in self.fields_at(self.revision()).values() {
            holds.replace(None, Some(resource));
        }
        Situation {
            company: self.company.clone(),
            connections: self.connections.clone(),
            latest: latest
                .map(|version| Tracked {
                    version: version.clone(),
                    sync: self.sync(&version.id),
                    fill: None,
                })
                .collect(),
            old: old.into_iter().cloned().collect(),
            holds,
            account_taken: false,
            policies: Default::default(),
            items: Vec::new(),
        }
    }

    fn sync(&self, id: &ResourceId) -> Sync {
        let connection = self.connected().map(|known| known.id.as_str().to_owned());
        let key = connection.map(|connection| (connection, id.clone()));
        key.and_then(|key| self.syncs.get(&key).cloned()).unwrap_or_default()
    }

    pub(super) fn decide(&self, intent: Intent) -> Result<Decision, Refusal> {
        decide(&self.situation(&intent), &mutation(intent))
    }

    /// Decides about an intent that changes something, and keeps it.
    #[track_caller]
    pub(super) fn change(&mut self, intent: Intent) -> Writes {
        match self.decide(intent.clone()) {
            Ok(Decision::Change(writes)) => {
                self.keep(&writes);
                *writes
            }
            other => panic!("{intent:?} led to {other:?}"),
        }
    }

    /// Decides about an intent that changes nothing.
    #[track_caller]
    pub(super) fn same(&self, intent: Intent) {
        match self.decide(intent.clone()) {
            Ok(Decision::NoChange { revision }) => assert_eq!(revision, self.revision()),
            other => panic!("{intent:?} led to {other:?}"),
        }
    }

    /// Decides about an intent that is refused.
    #[track_caller]
    pub(super) fn refusal(&self, intent: Intent) -> Refusal {
        self.decide(intent).map(|decision| format!("{decision:?}")).expect_err("refused")
    }

    /// Keeps what was decided, and checks that it fits to what was there.
    pub(super) fn keep(&mut self, writes: &Writes) {
        let entry = &writes.entry;
        assert_eq!(entry.revision, self.revision().next(), "revisions grow by one");
        let head = self.company.as_ref().map_or([0; 32], |company| company.head_hash);
        assert_eq!(entry.prev_hash, head, "entries are chained");
        assert!(!entry.changes.is_empty(), "a revision changes something");
        assert_eq!((entry.actor.as_str(), entry.door.as_str()), ("ada", "grpc"));
        assert_eq!(entry.reason, "for a test");
        for write in &writes.versions {
            self.keep_version(write, entry);
        }
        if let Some(write) = &writes.connection {
            let is_it = |known: &&mut Connection| known.vendor == write.connection.vendor;
            for known in self.connections.iter_mut().filter(is_it) {
                known.status = ConnectionStatus::Disconnected;
            }
            self.connections.retain(|known| known.id != write.connection.id);
            self.connections.push(write.connection.clone());
        }
        self.check_job(writes);
        let before = self.company.as_ref();
        let kept_name = before.map(|company| company.display_name.clone());
        self.company = Some(Company {
            id: entry.company_id.clone(),
            display_name: writes.display_name.clone().or(kept_name).expect("a name"),
            revision: entry.revision,
            head_hash: [u8::try_from(entry.revision.get() % 251).expect("small"); 32],
            created_at: entry.at,
        });
    }

    fn keep_version(&mut self, write: &super::super::VersionWrite, entry: &crate::domain::Entry) {
        let version = &write.version;
        let all = self.versions.entry(version.id.clone()).or_default();
        let before = all.last().and_then(|latest| latest.resource.clone());
        assert_eq!(version.from_rev, entry.revision);
        assert_eq!(write.before, before, "what was before is told");
        assert_ne!(version.resource, before, "a version differs from the one before");
        if let Some(resource) = &version.resource {
            assert_eq!((resource.id(), resource.name()), (&version.id, version.name.as_str()));
        }
        let (id, after) = (version.id.clone(), version.resource.clone());
        let change = Change::Resource { id, kind: version.kind, before, after };
        assert!(entry.changes.contains(&change), "the audit log tells of it");
        all.push(version.clone());
    }

    fn check_job(&self, writes: &Writes) {
        let Some(job) = writes.parts.first() else { return };
        assert!(!job.items.is_empty());
        let kinds = writes.touched.iter().filter(|it| job.items.contains(&it.version.id));
        let unit = super::super::unit(kinds.map(|it| it.version.kind.unit()));
        assert_eq!((job.vendor, Some(job.unit)), (VendorKind::HubSpot, unit));
        assert_eq!(job.connection.as_ref(), self.connected());
        let reason = job.problem.as_ref().map(|problem| problem.reason);
        let expected = match job.connection {
            Some(_) => (JobState::Queued, None),
            None => (JobState::Waiting, Some(ProblemReason::NotConnected)),
        };
        assert_eq!((job.state, reason), expected);
        let touched: Vec<_> = writes.touched.iter().map(|tracked| &tracked.version.id).collect();
        assert!(job.items.iter().all(|item| touched.contains(&item)), "what is done is told");
    }
}

/// The version that was current at a revision, tombstones included.
fn current(all: &[Version], at: Revision) -> Option<&Version> {
    all.iter().rev().find(|version| version.from_rev <= at)
}
