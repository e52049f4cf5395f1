//! Going back to older revisions.

use super::*;
use crate::domain::drift::Outside;
use crate::domain::{Leaves, Tracked};

/// 2 connected, 3 `a` added, 4 `b` added, 5 `a` changed, 6 `b` removed, 7 `c` added.
fn ledger() -> Ledger {
    let mut ledger = Ledger::registered();
    for intent in
        [connect("1"), add("a", "A"), add("b", "B"), relabel("a", "A2"), remove("b"), add("c", "C")]
    {
        ledger.change(intent);
    }
    assert_eq!(ledger.revision(), rev(7));
    ledger
}

#[test]
fn going_back_makes_everything_as_it_was_under_the_same_ids() {
    for to in 1..=7 {
        let mut ledger = ledger();
        let then = ledger.fields_at(rev(to));
        if ledger.fields_at(rev(7)) == then {
            ledger.same(rollback(to));
            continue;
        }
        let writes = ledger.change(rollback(to));
        assert_eq!(writes.entry.action, Action::Rollback { to: rev(to) });
        assert_eq!(writes.entry.revision, rev(8));
        assert_eq!(ledger.fields_at(rev(8)), then, "{to}");
    }
}

#[test]
fn going_back_touches_only_what_differs() {
    let mut ledger = ledger();
    let writes = ledger.change(rollback(5));
    assert_eq!(items(&writes), ["field-4", "field-7"], "b comes back and c goes");
    let kinds: Vec<_> = writes
        .versions
        .iter()
        .map(|write| (write.before.is_some(), write.version.resource.is_some()))
        .collect();
    assert_eq!(kinds, [(false, true), (true, false)]);
}

#[test]
fn going_back_to_the_present_changes_nothing() {
    let mut ledger = ledger();
    ledger.same(rollback(7));
    ledger.change(rollback(4));
    ledger.same(rollback(8));
    ledger.same(rollback(4));
}

#[test]
fn going_back_can_itself_be_undone() {
    let mut ledger = ledger();
    let before = ledger.fields_at(rev(7));
    ledger.change(rollback(1));
    assert!(ledger.fields_at(rev(8)).is_empty());
    ledger.change(rollback(7));
    assert_eq!(ledger.fields_at(rev(9)), before);
}

/// What is known of a field that was imported.
fn imported() -> Sync {
    let outside = Outside { imported: true, ..Outside::default() };
    Sync { outside, ..confirmed(3) }
}

/// What the tombstones of a decision leave.
fn left(writes: &Writes) -> Vec<(&str, Leaves)> {
    let gone = writes.versions.iter().filter(|write| write.version.resource.is_none());
    let mut left: Vec<_> =
        gone.map(|write| (write.version.name.as_str(), write.version.leaves)).collect();
    left.sort_by_key(|(name, _)| *name);
    left
}

#[test]
fn going_back_to_before_an_import_leaves_what_was_imported() {
    let mut ledger = ledger();
    ledger.set_sync("field-3", imported());
    let removed = ledger.change(remove("c"));
    assert_eq!(left(&removed), [("c", Leaves::Nothing)], "that is a decision about it");
    ledger.change(add("c", "C"));
    let writes = ledger.change(rollback(1));
    assert_eq!(left(&writes), [("a", Leaves::Imported), ("c", Leaves::Imported)]);
    // Of the two, one was imported.
    let mut tracked = writes.touched;
    tracked.sort_by(|one, other| one.version.name.cmp(&other.version.name));
    assert_eq!(tracked.iter().map(Tracked::stays).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn no_group_goes_from_around_what_stays() {
    let mut ledger = Ledger::registered();
    ledger.change(connect("1"));
    for name in ["empty", "ops", "sales"] {
        ledger.change(Intent::AddGroup(GroupDraft { name: name.to_owned(), ..Default::default() }));
    }
    for (name, group) in [("a", "ops"), ("b", "sales")] {
        let group_name = group.to_owned();
        ledger.change(Intent::add_field(FieldDraft { group_name, ..draft(name, name) }));
    }
    ledger.set_sync("field-6", imported());
    let writes = ledger.change(rollback(1));
    let expected = [
        ("a", Leaves::Imported),
        ("b", Leaves::Imported),
        ("empty", Leaves::Imported),
        ("ops", Leaves::All),
        ("sales", Leaves::Imported),
    ];
    assert_eq!(left(&writes), expected);
}

#[test]
fn going_back_leaves_the_connection_and_the_name_of_the_company() {
    let mut ledger = ledger();
    ledger.change(Intent::UpdateCompany { display_name: "Acme 2".to_owned() });
    ledger.change(rollback(1));
    assert!(ledger.connected().is_some());
    assert_eq!(ledger.company.expect("a company").display_name, "Acme 2");
}

#[test]
fn going_back_over_a_default_value_only_is_no_work_for_the_vendor() {
    let mut ledger = ledger();
    ledger.change(redefault("a", "x"));
    let writes = ledger.change(rollback(7));
    assert_eq!(writes.entry.revision, rev(9));
    assert!(writes.parts.is_empty());
}

#[test]
fn only_revisions_that_there_are_can_be_gone_back_to() {
    let ledger = ledger();
    for to in [0, -1, i64::MIN] {
        let Refusal::Invalid(found) = ledger.refusal(rollback(to)) else { panic!("{to}") };
        assert_eq!(found.to_string(), "to_revision: must be 1 or more");
    }
    for to in [8, i64::MAX] {
        let present = rev(7);
        let refusal =
            Refusal::RevisionNotFound { company_id: company_id(), revision: rev(to), present };
        assert_eq!(ledger.refusal(rollback(to)), refusal);
    }
}
