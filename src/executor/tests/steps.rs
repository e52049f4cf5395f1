//! Every step of carrying out a small history goes wrong once: it fails, its answer gets lost, or it
//! is done twice.
//!
//! Which steps there are is learnt from a run in which none of them goes wrong.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, stream};

use super::vendor::Keeper;
use super::{BOUND, Rig, field};
use crate::domain::{CompanyId, FieldPatch, Intent, JobId, JobState, Resource, Revision, Scope};
use crate::store::Store as _;
use crate::store::hooked::steps::{Step, Steps, Wrong};
use crate::vendors::Vendor as _;

/// How many runs are under way at the same time. They mostly wait.
const AT_ONCE: usize = 16;

/// After how long a job is looked at again when no event told of it: some are lost on purpose.
const A_WHILE: Duration = Duration::from_millis(100);

/// What a company decides, one list after the other: two fields, a change of one, the end of the
/// other, and the way back to where both were there.
fn decisions() -> [Vec<Intent>; 4] {
    let label = Some("Changed".to_owned());
    let patch = FieldPatch { label, ..FieldPatch::default() };
    [
        vec![Intent::add_field(field("first")), Intent::add_field(field("second"))],
        vec![Intent::modify_field("first", patch)],
        vec![Intent::remove_field("second")],
        vec![Intent::rollback(Revision::new(5))],
    ]
}

/// When a company goes on to its next decision after something went wrong.
#[derive(Clone, Copy, Debug)]
enum Patience {
    /// When its job has ended.
    Patient,
    /// At once, in the middle of it.
    Impatient,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_that_goes_wrong_once_is_made_up_for() {
    let (steps, _) = run(None, Patience::Patient).await;
    for name in ["claim", "work", "begin", "carry out", "read", "record", "renew", "release"] {
        assert!(steps.iter().any(|(step, _)| *step == name), "no step is to {name}");
    }
    let mut runs = Vec::new();
    for wrong in Wrong::ALL {
        for patience in [Patience::Patient, Patience::Impatient] {
            let steps = steps.iter().filter(|(name, _)| is_made_up_for(wrong, name, patience));
            runs.extend(steps.map(|step| run(Some((wrong, *step)), patience)));
        }
    }
    let runs = stream::iter(runs).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    let struck = runs.iter().filter(|(_, struck)| *struck).count();
    eprintln!("{} steps, {struck} of {} runs in which one went wrong", steps.len(), runs.len());
    // The last of a kind is not always taken: that depends on what was folded into one.
    assert!(struck * 10 >= runs.len() * 9, "only {struck} of {} went wrong", runs.len());
}

/// A vendor that does a call twice by itself says that the name is taken. Was something else decided
/// meanwhile, nothing tells that what it holds is ours: that is a conflict, and left to people.
fn is_made_up_for(wrong: Wrong, name: &str, patience: Patience) -> bool {
    !matches!((wrong, name, patience), (Wrong::Twice, "carry out", Patience::Impatient))
}

/// Carries the decisions out and checks what came of them; answers the steps that were taken, and
/// whether one went wrong.
async fn run(wrong: Option<(Wrong, Step)>, patience: Patience) -> (Vec<Step>, bool) {
    let steps = Arc::new(Steps::new(wrong));
    let vendor = Keeper::new(steps.clone());
    let mut rig = Rig::with(Arc::new(vendor.clone()), steps.clone()).await;
    // Many run at the same time, on a machine that has other tests to do.
    rig.parts.settings.sweep_interval = A_WHILE;
    let bell = rig.connected("acme").await;
    rig.start();
    let mut jobs = Vec::new();
    let mut goes_on_early = matches!(patience, Patience::Impatient);
    for intents in decisions() {
        let new = rig.ask_all(&bell.company_id, intents).await;
        jobs.extend(new.into_iter().map(|job| job.expect("something is to be done")));
        rig.parts.broker.ring(&bell).await;
        tokio::select! {
            () = all_end(&rig, &jobs, wrong) => {}
            () = steps.struck(), if goes_on_early => goes_on_early = false,
        }
    }
    all_end(&rig, &jobs, wrong).await;
    check(&rig, &vendor, &bell.company_id, &jobs, wrong).await;
    rig.end().await;
    (steps.taken(), steps.has_struck())
}

async fn all_end(rig: &Rig, jobs: &[JobId], wrong: Option<(Wrong, Step)>) {
    let mut told = rig.parts.bus.subscribe();
    let ended = async {
        for job in jobs {
            while !rig.store.job(&Scope::All, job).await.unwrap().unwrap().state.is_terminal() {
                let _next = tokio::time::timeout(A_WHILE, told.next()).await;
            }
        }
    };
    tokio::time::timeout(BOUND, ended).await.unwrap_or_else(|_| panic!("{wrong:?}: no end"));
}

async fn check(
    rig: &Rig,
    vendor: &Keeper,
    company: &CompanyId,
    jobs: &[JobId],
    wrong: Option<(Wrong, Step)>,
) {
    let config = rig.store.config(&Scope::All, company, None).await.unwrap().unwrap();
    let fields = config.fields.into_iter().map(Resource::Field);
    let desired = fields.map(|one| (one.name().to_owned(), vendor.desired(&one))).collect();
    let kept = vendor.kept();
    assert_eq!(kept.holds, desired, "{wrong:?}");
    let count = |of: &BTreeMap<String, usize>, name| of.get(name).copied().unwrap_or_default();
    assert_eq!(count(&kept.created, "first"), 1, "{wrong:?}");
    assert_eq!(count(&kept.archived, "first"), 0, "{wrong:?}");
    let (created, archived) = (count(&kept.created, "second"), count(&kept.archived, "second"));
    assert!(archived <= 1 && created == archived + 1, "{wrong:?}: {created}, {archived}");
    if !matches!(wrong, Some((Wrong::Twice, ("carry out", _)))) {
        assert_eq!(kept.in_vain, 0, "{wrong:?}: a create was sent again unread");
    }
    for job in jobs {
        let read = rig.store.job(&Scope::All, job).await.unwrap().unwrap();
        assert_eq!(read.state, JobState::Succeeded, "{wrong:?}: {read:?}");
        let events = rig.store.events(&Scope::All, job, 0, 1_000).await.unwrap().unwrap();
        let seqs = events.events.iter().map(|event| event.seq);
        assert!(seqs.eq(1..=events.events.len() as i64), "{wrong:?}: {events:?}");
    }
}
