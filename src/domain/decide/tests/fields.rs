//! Adding, changing and removing fields.

use super::*;
use crate::domain::OptionDraft;
use crate::domain::decide::{CONFIG_BYTES_MAX, FIELDS_MAX, Holds};
use crate::domain::field::{FieldDetails, UNIQUE_FIELDS_MAX};

fn not_found(name: &str) -> Refusal {
    Refusal::FieldNotFound { company_id: company_id(), name: name.to_owned() }
}

#[test]
fn a_new_field_is_named_after_its_revision_and_brought_to_the_vendor() {
    let mut ledger = Ledger::registered();
    let writes = ledger.change(add("stage", "Stage"));
    assert_eq!(writes.entry.action, Action::AddField);
    assert_eq!(items(&writes), ["field-2"]);
    assert_eq!(writes.touched.len(), 1);
    assert_eq!(writes.touched[0].sync, Sync::default());
}

#[test]
fn a_job_waits_until_the_company_is_connected() {
    let mut ledger = Ledger::registered();
    let job = ledger.change(add("a", "A")).parts.remove(0);
    assert_eq!((job.state, job.connection), (JobState::Waiting, None));
    let problem = job.problem.expect("a problem");
    assert_eq!(problem.message, "the company is not connected to hubspot");
    ledger.change(connect("1"));
    let job = ledger.change(add("b", "B")).parts.remove(0);
    assert_eq!((job.state, job.problem), (JobState::Queued, None));
    assert_eq!(job.connection.as_ref(), ledger.connected());
    ledger.change(DISCONNECT);
    let job = ledger.change(add("c", "C")).parts.remove(0);
    assert_eq!((job.state, job.connection), (JobState::Waiting, None));
}

#[test]
fn a_name_is_given_once() {
    let mut ledger = Ledger::registered();
    ledger.change(add("deal_stage", "A"));
    let exists = Refusal::FieldExists { company_id: company_id(), name: "deal_stage".to_owned() };
    assert_eq!(ledger.refusal(add("deal_stage", "B")), exists);
    assert_eq!(ledger.refusal(add("", "Deal Stage")), exists);
}

#[test]
fn a_company_has_at_most_ten_fields_of_unique_values() {
    let mut ledger = Ledger::registered();
    let unique = |number: usize| {
        let details = FieldDetails { has_unique_value: true, ..FieldDetails::default() };
        Intent::add_field(FieldDraft { details, ..draft(&format!("u{number}"), "U") })
    };
    for number in 0..UNIQUE_FIELDS_MAX {
        ledger.change(unique(number));
    }
    ledger.change(add("plain", "Plain"));
    let full = ledger.refusal(unique(10));
    let limit = "at most 10 fields of unique values";
    assert_eq!(full, Refusal::LimitReached { company_id: company_id(), limit });
    ledger.change(remove("u3"));
    ledger.change(unique(10));
    assert!(matches!(ledger.refusal(unique(3)), Refusal::LimitReached { .. }));
}

#[test]
fn a_name_that_was_removed_comes_back_under_its_old_id() {
    let mut ledger = Ledger::registered();
    ledger.change(connect("1"));
    ledger.change(add("a", "A"));
    ledger.set_sync("field-3", confirmed(3));
    let removed = ledger.change(remove("a"));
    assert_eq!((items(&removed), removed.entry.action), (vec!["field-3"], Action::RemoveField));
    assert_eq!(removed.versions[0].version.resource, None);
    let again = ledger.change(add("a", "Again"));
    assert_eq!(items(&again), ["field-3"]);
    assert_eq!(again.versions[0].sync, confirmed(3), "the plan starts from what is there");
    assert_eq!(again.versions[0].before, None);
}

#[test]
fn what_does_not_exist_is_neither_changed_nor_removed() {
    let mut ledger = Ledger::registered();
    ledger.change(add("a", "A"));
    ledger.change(remove("a"));
    for name in ["a", "b", "Not a name"] {
        assert_eq!(ledger.refusal(relabel(name, "X")), not_found(name));
        assert_eq!(ledger.refusal(remove(name)), not_found(name));
    }
    for intent in [relabel("", "X"), remove("")] {
        let Refusal::Invalid(found) = ledger.refusal(intent) else { panic!("not invalid") };
        assert_eq!(found.to_string(), "name: must be given");
    }
}

#[test]
fn paths_of_broken_rules_begin_with_the_field() {
    let mut ledger = Ledger::registered();
    let wrong = Intent::add_field(FieldDraft {
        options: vec![OptionDraft::default()],
        property_type: Some(crate::domain::PropertyType::Enumeration),
        ..draft("Wrong", "A")
    });
    let Refusal::Invalid(found) = ledger.refusal(wrong) else { panic!("not invalid") };
    let paths: Vec<_> = found.as_slice().iter().map(|found| found.field.as_str()).collect();
    assert_eq!(paths, ["field.name", "field.options[0].label", "field.options[0].value"]);
    ledger.change(add("a", "A"));
    let Refusal::Invalid(found) = ledger.refusal(relabel("a", " ")) else { panic!("not invalid") };
    assert_eq!(found.to_string(), "field.label: must not be blank");
}

#[test]
fn a_change_to_the_same_changes_nothing() {
    let mut ledger = Ledger::registered();
    ledger.change(add("a", "A"));
    ledger.same(relabel("a", "A"));
    ledger.same(modify("a", FieldPatch::default()));
    ledger.same(redefault("a", ""));
}

#[test]
fn a_default_value_is_decided_but_not_brought_to_the_vendor() {
    let mut ledger = Ledger::registered();
    ledger.change(connect("1"));
    ledger.change(add("a", "A"));
    let writes = ledger.change(redefault("a", "x"));
    assert_eq!(writes.entry.revision, rev(4));
    assert!(writes.parts.is_empty());
    let both = FieldPatch {
        label: Some("B".to_owned()),
        default_value: Some("y".to_owned()),
        ..FieldPatch::default()
    };
    assert_eq!(items(&ledger.change(modify("a", both))), ["field-3"]);
}

#[test]
fn a_default_value_over_a_parked_field_is_seen_in_a_job_because_the_park_ends() {
    let mut ledger = Ledger::registered();
    ledger.change(connect("1"));
    ledger.change(add("a", "A"));
    let intent = redefault("a", "x");
    let mut situation = ledger.situation(&intent);
    situation.latest[0].sync.cancel(rev(3));
    let Ok(Decision::Change(writes)) = decide(&situation, &mutation(intent)) else {
        panic!("a change");
    };
    assert_eq!(items(&writes), ["field-3"]);
}

#[test]
fn a_company_has_at_most_two_thousand_fields() {
    let ledger = Ledger::registered();
    let with = |fields| {
        let intent = add("a", "A");
        let holds = Holds { fields, ..Holds::default() };
        let situation = Situation { holds, ..ledger.situation(&intent) };
        decide(&situation, &mutation(intent)).map(|_| ())
    };
    assert_eq!(FIELDS_MAX, 2_000);
    assert_eq!(with(FIELDS_MAX - 1), Ok(()));
    let limit = "at most 2000 fields";
    assert_eq!(with(FIELDS_MAX), Err(Refusal::LimitReached { company_id: company_id(), limit }));
}

#[test]
fn a_full_company_can_still_change_and_remove_fields() {
    let mut ledger = Ledger::registered();
    ledger.change(add("a", "A"));
    for intent in [relabel("a", "B"), remove("a")] {
        let situation = Situation {
            holds: Holds { fields: FIELDS_MAX, bytes: CONFIG_BYTES_MAX + 1, ..Holds::default() },
            ..ledger.situation(&intent)
        };
        assert!(decide(&situation, &mutation(intent)).is_ok());
    }
}

#[test]
fn a_company_has_at_most_so_many_bytes_of_text() {
    let mut ledger = Ledger::registered();
    ledger.change(add("a", "AAAA"));
    let with = |intent: Intent, bytes| {
        let holds = Holds { fields: 1, bytes, ..Holds::default() };
        let situation = Situation { holds, ..ledger.situation(&intent) };
        decide(&situation, &mutation(intent)).map(|_| ())
    };
    let limit = "at most 16 MiB of text in its fields, groups and cadences";
    let refused = Err(Refusal::LimitReached { company_id: company_id(), limit });
    // One byte of name, one of label, and the group.
    let more = 2 + i64::try_from("dealinformation".len()).expect("few");
    assert_eq!(with(add("b", "B"), CONFIG_BYTES_MAX - more), Ok(()));
    assert_eq!(with(add("b", "B"), CONFIG_BYTES_MAX - more + 1), refused);
    assert_eq!(with(relabel("a", "AAAAA"), CONFIG_BYTES_MAX - 1), Ok(()));
    assert_eq!(with(relabel("a", "AAAAA"), CONFIG_BYTES_MAX), refused);
    assert_eq!(with(relabel("a", "AAA"), CONFIG_BYTES_MAX + 100), Ok(()), "shorter is welcome");
}

fn relabel_the_one(label: &str, new_label: &str) -> Intent {
    Intent::RelabelField {
        label: label.to_owned(),
        new_label: new_label.to_owned(),
        renames: false,
    }
}

#[test]
fn the_only_field_of_a_label_is_found_by_it() {
    let mut ledger = Ledger::registered();
    ledger.change(add("a", "Tier"));
    ledger.change(add("b", "Stage"));
    let writes = ledger.change(relabel_the_one("Stage", "Phase"));
    assert_eq!(writes.entry.action, Action::ModifyField);
    assert_eq!(items(&writes), ["field-3"]);
    assert_eq!(ledger.refusal(relabel_the_one("Stage", "Phase")), not_found("Stage"));
    assert_eq!(ledger.refusal(relabel_the_one("b", "Phase")), not_found("b"));
    assert_eq!(
        ledger.refusal(relabel_the_one("Tier", " ")).to_string(),
        "field.label: must not be blank"
    );
}

#[test]
fn a_label_of_several_fields_finds_none_of_them() {
    let mut ledger = Ledger::registered();
    ledger.change(add("b", "Stage"));
    ledger.change(add("a", "Stage"));
    ledger.change(add("c", "Stage"));
    ledger.change(remove("c"));
    let names = vec!["a".to_owned(), "b".to_owned()];
    let ambiguous = Refusal::FieldAmbiguous { company_id: company_id(), names };
    assert_eq!(ambiguous.to_string(), "several fields of company acme have this label: a, b");
    assert_eq!(ledger.refusal(relabel_the_one("Stage", "Phase")), ambiguous);
    ledger.change(remove("a"));
    assert_eq!(items(&ledger.change(relabel_the_one("Stage", "Phase"))), ["field-2"]);
}
