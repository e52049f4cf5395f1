//! What the planner answers in each situation, and, in [`properties`], that carrying out its
//! answers ends right whatever happens on the way.

mod executor;
mod moves;
mod properties;
mod readded;
mod vendor;
mod versions;

use super::{Known, Names, Observed, Operation, Step, plan};
use crate::domain::{
    Attributes, Effect, ProblemReason, ResourceId, ResourceKind, Revision, Sync, Timestamp,
    Transition,
};

/// The canonical form of a resource with two attributes.
fn attributes(x: u8, y: u8) -> Attributes {
    Attributes::from([("x", x.into()), ("y", y.into())])
}

fn only(name: &str, value: u8) -> Attributes {
    Attributes::from([(name, value.into())])
}

fn present(attributes: Attributes) -> Observed {
    Observed::Present { attributes, protected: false }
}

fn protected(attributes: Attributes) -> Observed {
    Observed::Present { attributes, protected: true }
}

fn applied(attributes: Attributes) -> Sync {
    let mut sync = Sync::default();
    let confirmed = Transition::Confirm(Some(attributes));
    sync.apply(&confirmed, Revision::new(1), Revision::new(1), Timestamp::default());
    sync
}

fn in_doubt(mut sync: Sync, effect: Effect) -> Sync {
    sync.begin(effect, NAME, Timestamp::default());
    sync
}

fn parked(mut sync: Sync) -> Sync {
    sync.cancel(REVISION);
    sync
}

/// The revision of the version that is planned for.
const REVISION: Revision = Revision::new(2);
/// The name that was decided.
const NAME: &str = "tier";

fn planned(desired: Option<&Attributes>, sync: &Sync, observed: Option<&Observed>) -> Option<Step> {
    let id = ResourceId::from_trusted("field-1");
    let known = known(&id, desired, sync, observed);
    let operations = plan([known], &Names::default());
    assert!(operations.len() <= 1);
    operations.into_iter().next().map(|operation| {
        assert_eq!(operation.id, id);
        operation.step
    })
}

fn known<'a>(
    id: &'a ResourceId,
    desired: Option<&'a Attributes>,
    sync: &'a Sync,
    observed: Option<&'a Observed>,
) -> Known<'a> {
    Known {
        id,
        kind: ResourceKind::Field,
        name: NAME,
        stands_in: None,
        desired,
        desired_rev: REVISION,
        stays: false,
        sync,
        observed,
        fill: None,
        now: Timestamp::default(),
    }
}

fn conflict(step: Option<Step>) -> (String, Vec<String>) {
    match step {
        Some(Step::Park { problem, .. }) => {
            assert_eq!(problem.reason, ProblemReason::Conflict);
            (problem.message, problem.attributes)
        }
        other => panic!("not parked: {other:?}"),
    }
}

#[test]
fn what_the_vendor_lacks_is_created() {
    let wanted = attributes(1, 1);
    let step = planned(Some(&wanted), &Sync::default(), None);
    assert_eq!(step, Some(Step::Call(Effect::Create(wanted))));
}

#[test]
fn only_what_differs_is_updated() {
    let step = planned(Some(&attributes(1, 2)), &applied(attributes(1, 1)), None);
    assert_eq!(step, Some(Step::Call(Effect::Update(only("y", 2)))));
}

#[test]
fn what_is_as_decided_is_confirmed_without_a_call() {
    let held = attributes(1, 1);
    let step = planned(Some(&held), &applied(held.clone()), None);
    assert_eq!(step, Some(Step::Confirm(Some(held))));
}

#[test]
fn attributes_that_nobody_decided_are_none_of_our_business() {
    let held = attributes(1, 1);
    let step = planned(Some(&only("x", 1)), &applied(held.clone()), None);
    assert_eq!(step, Some(Step::Confirm(Some(held))));
}

#[test]
fn what_was_removed_is_archived_if_the_vendor_holds_it() {
    let step = planned(None, &applied(attributes(1, 1)), None);
    assert_eq!(step, Some(Step::Call(Effect::Archive)));
    assert_eq!(planned(None, &Sync::default(), None), Some(Step::Confirm(None)));
}

#[test]
fn what_is_managed_no_more_stays_where_it_is_once_it_is_certain_what_that_is() {
    let held = attributes(1, 1);
    let id = ResourceId::from_trusted("field-1");
    let plan_it = |sync: &Sync, observed: Option<&Observed>| {
        let known = Known { stays: true, ..known(&id, None, sync, observed) };
        plan([known], &Names::default()).pop().map(|operation| operation.step)
    };
    assert_eq!(plan_it(&applied(held.clone()), None), Some(Step::Confirm(None)));
    // Also what it had before, half way to another name.
    let mut moved = applied(held.clone());
    moved.rename_from("before");
    let to = Transition::Move { name: NAME.to_owned(), foreign: false };
    moved.apply(&to, REVISION, REVISION, Timestamp::default());
    assert_eq!(moved.left().len(), 1);
    assert_eq!(plan_it(&moved, None), Some(Step::Confirm(None)));
    let in_doubt = in_doubt(applied(held), Effect::Update(only("x", 2)));
    assert_eq!(plan_it(&in_doubt, None), Some(Step::Read));
    let found = present(attributes(2, 1));
    assert_eq!(plan_it(&in_doubt, Some(&found)), Some(Step::Confirm(None)));
}

#[test]
fn a_call_in_doubt_is_looked_into_before_anything_else() {
    let wanted = attributes(1, 1);
    for effect in [Effect::Create(wanted.clone()), Effect::Update(only("x", 1)), Effect::Archive] {
        for sync in [Sync::default(), applied(attributes(1, 1)), applied(attributes(2, 2))] {
            let sync = in_doubt(sync, effect.clone());
            assert_eq!(planned(Some(&wanted), &sync, None), Some(Step::Read));
            assert_eq!(planned(None, &sync, None), Some(Step::Read));
            assert_eq!(planned(Some(&wanted), &parked(sync), None), Some(Step::Read));
        }
    }
}

#[test]
fn a_create_in_doubt_that_took_effect_is_confirmed() {
    let wanted = attributes(1, 1);
    let sync = in_doubt(Sync::default(), Effect::Create(wanted.clone()));
    let step = planned(Some(&wanted), &sync, Some(&present(wanted.clone())));
    assert_eq!(step, Some(Step::Confirm(Some(wanted))));
}

#[test]
fn a_create_in_doubt_that_took_no_effect_is_made_again() {
    let wanted = attributes(1, 1);
    let sync = in_doubt(Sync::default(), Effect::Create(wanted.clone()));
    let step = planned(Some(&wanted), &sync, Some(&Observed::Absent));
    assert_eq!(step, Some(Step::Call(Effect::Create(wanted))));
}

#[test]
fn an_archive_in_doubt_that_took_effect_is_confirmed() {
    let sync = in_doubt(applied(attributes(1, 1)), Effect::Archive);
    assert_eq!(planned(None, &sync, Some(&Observed::Absent)), Some(Step::Confirm(None)));
}

#[test]
fn what_a_call_in_doubt_has_done_is_noted_before_the_next_call() {
    let (first, second) = (attributes(1, 1), attributes(2, 2));
    let created = in_doubt(Sync::default(), Effect::Create(first.clone()));
    let updated = in_doubt(applied(second.clone()), Effect::Update(first.clone()));
    for sync in [created, updated] {
        let found = present(first.clone());
        let settle = Some(Step::Settle(Some(first.clone())));
        assert_eq!(planned(Some(&second), &sync, Some(&found)), settle);
        assert_eq!(planned(None, &sync, Some(&found)), settle);
    }
    let archived = in_doubt(applied(first.clone()), Effect::Archive);
    let step = planned(Some(&first), &archived, Some(&Observed::Absent));
    assert_eq!(step, Some(Step::Settle(None)));
}

#[test]
fn a_call_that_comes_to_nothing_does_not_bring_back_what_was_known_before_a_doubt() {
    let (first, second) = (attributes(1, 1), attributes(2, 2));
    let mut sync = in_doubt(applied(first.clone()), Effect::Update(second.clone()));
    let mut calls = Vec::new();
    // The update took effect, the first definition is wanted again, and the vendor is busy.
    for observed in [Some(present(second)), None, None] {
        match planned(Some(&first), &sync, observed.as_ref()) {
            Some(Step::Settle(held)) => {
                sync.apply(&Transition::Settle(held), REVISION, REVISION, Timestamp::default());
            }
            Some(Step::Call(effect)) => {
                sync.begin(effect.clone(), NAME, Timestamp::default());
                sync.apply(&Transition::Withdraw, REVISION, REVISION, Timestamp::default());
                calls.push(effect);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(calls, vec![Effect::Update(first); 2]);
}

#[test]
fn what_is_parked_is_left_alone() {
    let wanted = attributes(2, 2);
    for sync in [Sync::default(), applied(attributes(1, 1)), applied(wanted.clone())] {
        assert_eq!(planned(Some(&wanted), &parked(sync.clone()), None), None);
        assert_eq!(planned(None, &parked(sync), None), None);
    }
}

#[test]
fn what_is_parked_is_taken_up_when_it_is_retried_or_decided_anew() {
    let wanted = attributes(2, 2);
    let call = Some(Step::Call(Effect::Create(wanted.clone())));
    let mut sync = parked(Sync::default());
    sync.unpark();
    assert_eq!(planned(Some(&wanted), &sync, None), call);
    let mut older = Sync::default();
    older.cancel(Revision::new(1));
    assert_eq!(planned(Some(&wanted), &older, None), call);
}

#[test]
fn a_call_in_doubt_of_something_parked_is_looked_into_and_nothing_more() {
    let sent = attributes(1, 1);
    let wanted = attributes(2, 2);
    let sync = parked(in_doubt(Sync::default(), Effect::Create(sent.clone())));
    let found = |observed| planned(Some(&wanted), &sync, Some(&observed));
    assert_eq!(found(Observed::Absent), Some(Step::Settle(None)));
    assert_eq!(found(present(sent.clone())), Some(Step::Settle(Some(sent))));
    assert_eq!(found(present(attributes(3, 3))), Some(Step::Settle(None)), "it is not ours");
}

#[test]
fn what_is_foreign_and_equal_is_adopted() {
    let wanted = attributes(1, 1);
    let step = planned(Some(&wanted), &Sync::default(), Some(&present(wanted.clone())));
    assert_eq!(step, Some(Step::Confirm(Some(wanted))));
}

#[test]
fn what_is_foreign_and_different_is_parked_with_what_differs() {
    let wanted = attributes(1, 2);
    let doubted = in_doubt(Sync::default(), Effect::Create(wanted.clone()));
    for sync in [Sync::default(), doubted] {
        let step = planned(Some(&wanted), &sync, Some(&present(attributes(1, 1))));
        let (message, differing) = conflict(step);
        assert_eq!(differing, ["y"]);
        assert!(message.contains("with another y"), "{message}");
    }
}

#[test]
fn what_is_foreign_is_not_archived() {
    let doubted = in_doubt(Sync::default(), Effect::Create(attributes(1, 1)));
    for sync in [Sync::default(), doubted] {
        let step = planned(None, &sync, Some(&present(attributes(2, 2))));
        assert_eq!(step, Some(Step::Confirm(None)));
    }
}

#[test]
fn what_the_vendor_defined_itself_is_never_touched() {
    let wanted = attributes(1, 1);
    let doubted = in_doubt(Sync::default(), Effect::Create(wanted.clone()));
    for sync in [Sync::default(), applied(attributes(2, 2)), doubted] {
        for held in [wanted.clone(), attributes(2, 2)] {
            let observed = protected(held);
            let (message, _) = conflict(planned(Some(&wanted), &sync, Some(&observed)));
            assert!(message.contains("GoMark does not touch it"), "{message}");
            assert_eq!(planned(None, &sync, Some(&observed)), Some(Step::Confirm(None)));
        }
    }
}

#[test]
fn what_the_vendor_defined_itself_is_not_noted_as_ours() {
    let wanted = attributes(1, 1);
    let sync = parked(in_doubt(Sync::default(), Effect::Create(wanted.clone())));
    let step = planned(Some(&wanted), &sync, Some(&protected(wanted.clone())));
    assert_eq!(step, Some(Step::Settle(None)));
}

#[test]
fn a_plan_follows_the_order_of_what_is_known() {
    let ids = ["field-3", "field-1", "field-2"].map(ResourceId::from_trusted);
    let wanted = attributes(1, 1);
    let syncs = [Sync::default(), parked(Sync::default()), applied(attributes(2, 1))];
    let known = ids.iter().zip(&syncs).map(|(id, sync)| known(id, Some(&wanted), sync, None));
    let call = |id: &ResourceId, effect| Operation { id: id.clone(), step: Step::Call(effect) };
    let expected = [
        call(&ids[0], Effect::Create(wanted.clone())),
        call(&ids[2], Effect::Update(only("x", 1))),
    ];
    assert_eq!(plan(known, &Names::default()), expected);
}
