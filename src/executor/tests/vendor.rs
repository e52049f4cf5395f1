//! A vendor that keeps what it is told, with the trouble that every vendor has.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use crate::domain::{
    Attributes, Effect, Observed, Problem, ProblemReason, Resource, ResourceId, ResourceKind,
    VendorKind,
};
use crate::store::hooked::steps::Steps;
use crate::vendors::{
    Access, Account, Answer, Call, Entry, Failure, FailureScope, Identity, Lane, Target, Vendor,
};

/// How long it wants to be left alone, once: longer than until a lease is prolonged.
const LEFT_ALONE: Duration = Duration::from_millis(400);

/// A vendor whose calls are steps. The answer to the first update gets lost; the first archive is
/// put off.
#[derive(Clone, Debug)]
pub(super) struct Keeper {
    steps: Arc<Steps>,
    kept: Arc<Mutex<Kept>>,
}

/// What it holds, and what was done to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub(super) holds: BTreeMap<String, Attributes>,
    pub(super) created: BTreeMap<String, usize>,
    pub(super) archived: BTreeMap<String, usize>,
    /// How often something was to be created that was there.
    pub(super) in_vain: usize,
    updates: usize,
    put_off: bool,
}

impl Keeper {
    pub(super) fn new(steps: Arc<Steps>) -> Self {
        Self { steps, kept: Arc::default() }
    }

    pub(super) fn kept(&self) -> Kept {
        self.kept.lock().unwrap().clone()
    }
}

impl Kept {
    fn carry_out(&mut self, call: &Call) -> Result<Answer, Failure> {
        let name = call.target.name.clone();
        match &call.effect {
            Effect::Create(_) if self.holds.contains_key(&name) => {
                self.in_vain += 1;
                Ok(Answer::Unexpected)
            }
            Effect::Create(sent) => {
                *self.created.entry(name.clone()).or_default() += 1;
                self.holds.insert(name, sent.clone());
                Ok(Answer::Holds(sent.clone()))
            }
            Effect::Update(changes) => {
                let Some(held) = self.holds.get_mut(&name) else { return Ok(Answer::Gone) };
                for (attribute, value) in changes.iter() {
                    held.set(attribute, value.clone());
                }
                self.updates += 1;
                if self.updates == 1 { Err(unclear(true)) } else { Ok(Answer::Holds(held.clone())) }
            }
            Effect::Archive if !std::mem::replace(&mut self.put_off, true) => Err(Failure {
                scope: FailureScope::Connection,
                effect_unknown: false,
                retry_after: Some(LEFT_ALONE),
                problem: Problem::new(ProblemReason::RateLimited, "later"),
            }),
            Effect::Archive => {
                if self.holds.remove(&name).is_some() {
                    *self.archived.entry(name).or_default() += 1;
                }
                Ok(Answer::Gone)
            }
            other => panic!("{other:?} where nothing is renamed or filled in"),
        }
    }
}

/// What a caller learns of a call whose answer did not come, whether it was made or not.
fn unclear(_made: bool) -> Failure {
    Failure {
        scope: FailureScope::Resource,
        effect_unknown: true,
        retry_after: None,
        problem: Problem::new(ProblemReason::VendorUnavailable, "no answer"),
    }
}

impl Vendor for Keeper {
    fn kind(&self) -> VendorKind {
        VendorKind::HubSpot
    }

    fn default_base_url(&self) -> Option<Url> {
        Some(Url::parse("https://vendor.test").unwrap())
    }

    /// Whatever a resource is like makes a difference here.
    fn desired(&self, resource: &Resource) -> Attributes {
        Attributes::from([("all", format!("{resource:?}").into())])
    }

    fn listed(&self, _entry: &Entry, _expected: Option<&Attributes>) -> Option<Attributes> {
        None
    }

    fn resource(
        &self,
        _id: ResourceId,
        _kind: ResourceKind,
        _name: &str,
        _attributes: &Attributes,
        _base: Option<&Resource>,
    ) -> Result<Resource, String> {
        Err("nothing is taken over from here".to_owned())
    }

    fn open(&self, _access: Access) -> Result<Arc<dyn Account>, Failure> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Account for Keeper {
    async fn identify(&self) -> Result<Identity, Failure> {
        Ok(Identity { account_id: "1".to_owned(), warnings: Vec::new() })
    }

    async fn admit(&self, _lane: Lane) {}

    fn wait(&self, _lane: Lane) -> Duration {
        Duration::ZERO
    }

    fn window(&self) -> String {
        "{}".to_owned()
    }

    async fn read(&self, targets: &[Target]) -> Result<Vec<Observed>, Failure> {
        let observed = |kept: &Kept, target: &Target| match kept.holds.get(&target.name) {
            Some(held) => Observed::Present { attributes: held.clone(), protected: false },
            None => Observed::Absent,
        };
        let read = async || {
            let kept = self.kept();
            Ok(targets.iter().map(|target| observed(&kept, target)).collect())
        };
        self.steps.take("read", read, |made| Err(unclear(made))).await
    }

    async fn list(&self, _with: &[String]) -> Result<Vec<Entry>, Failure> {
        Ok(Vec::new())
    }

    async fn carry_out(&self, calls: &[Call]) -> Vec<Result<Answer, Failure>> {
        let carry_out = async || {
            let mut kept = self.kept.lock().unwrap();
            calls.iter().map(|call| kept.carry_out(call)).collect()
        };
        let otherwise = |made| calls.iter().map(|_| Err(unclear(made))).collect();
        self.steps.take("carry out", carry_out, otherwise).await
    }
}
