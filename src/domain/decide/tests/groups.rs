//! Adding, changing and removing property groups, and what stands in them.

use super::*;
use crate::domain::ResourceKind;
use crate::domain::group::GROUPS_MAX;

fn group(name: &str) -> GroupDraft {
    GroupDraft { name: name.to_owned(), ..GroupDraft::default() }
}

fn add_group(name: &str) -> Intent {
    Intent::AddGroup(group(name))
}

fn remove_group(name: &str) -> Intent {
    Intent::RemoveGroup { name: name.to_owned() }
}

fn relabel_group(name: &str, label: &str) -> Intent {
    let patch = GroupPatch { label: Some(label.to_owned()), ..GroupPatch::default() };
    Intent::ModifyGroup { name: name.to_owned(), patch }
}

fn add_in(name: &str, group_name: &str) -> Intent {
    let group_name = group_name.to_owned();
    Intent::add_field(FieldDraft { group_name, ..draft(name, name) })
}

fn move_to(name: &str, group_name: &str) -> Intent {
    modify(name, FieldPatch { group_name: Some(group_name.to_owned()), ..FieldPatch::default() })
}

#[test]
fn a_group_is_a_resource_of_its_own_at_hubspot() {
    let mut ledger = Ledger::registered();
    ledger.change(connect("1"));
    let added = ledger.change(add_group("ops"));
    assert_eq!((items(&added), added.entry.action), (vec!["group-3"], Action::AddGroup));
    assert_eq!(added.parts[0].unit, "groups");
    let changed = ledger.change(relabel_group("ops", "Operations"));
    assert_eq!((items(&changed), changed.entry.action), (vec!["group-3"], Action::ModifyGroup));
    ledger.same(relabel_group("ops", "Operations"));
    let removed = ledger.change(remove_group("ops"));
    assert_eq!((items(&removed), removed.entry.action), (vec!["group-3"], Action::RemoveGroup));
    let again = ledger.change(add_group("ops"));
    assert_eq!(items(&again), ["group-3"], "a name comes back under its id");
}

#[test]
fn a_group_and_a_field_may_have_one_name() {
    let mut ledger = Ledger::registered();
    ledger.change(add_group("ops"));
    ledger.change(add("ops", "Ops"));
    ledger.change(remove_group("ops"));
    assert_eq!(ledger.fields_at(ledger.revision()).len(), 1);
}

#[test]
fn a_name_of_a_group_is_given_once_and_what_is_missing_is_not_found() {
    let mut ledger = Ledger::registered();
    ledger.change(add_group("sales_ops"));
    let (company_id, name) = (company_id(), "sales_ops".to_owned());
    let exists = Refusal::GroupExists { company_id: company_id.clone(), name };
    assert_eq!(ledger.refusal(add_group("sales_ops")), exists);
    let labelled = GroupDraft { label: "Sales Ops".to_owned(), ..GroupDraft::default() };
    assert_eq!(ledger.refusal(Intent::AddGroup(labelled)), exists);
    let missing = Refusal::GroupNotFound { company_id, name: "ops".to_owned() };
    assert_eq!(ledger.refusal(relabel_group("ops", "A")), missing);
    assert_eq!(ledger.refusal(remove_group("ops")), missing);
    assert!(matches!(ledger.refusal(remove_group("")), Refusal::Invalid(_)));
}

#[test]
fn a_group_goes_only_when_no_field_stands_in_it() {
    let mut ledger = Ledger::registered();
    ledger.change(add_group("ops"));
    ledger.change(add_in("b", "ops"));
    ledger.change(add_in("a", "ops"));
    ledger.change(add("c", "C"));
    let in_use = |fields: &[&str]| Refusal::GroupInUse {
        company_id: company_id(),
        name: "ops".to_owned(),
        fields: fields.iter().map(|&name| name.to_owned()).collect(),
    };
    assert_eq!(ledger.refusal(remove_group("ops")), in_use(&["a", "b"]));
    ledger.change(remove("a"));
    assert_eq!(ledger.refusal(remove_group("ops")), in_use(&["b"]));
    ledger.change(move_to("b", ""));
    ledger.change(remove_group("ops"));
    // A group that is not decided is one that the vendor makes ad hoc.
    ledger.change(move_to("b", "ops"));
}

#[test]
fn a_refusal_names_up_to_ten_fields() {
    let mut ledger = Ledger::registered();
    ledger.change(add_group("ops"));
    for number in 0..12 {
        ledger.change(add_in(&format!("f{number:02}"), "ops"));
    }
    let told = ledger.refusal(remove_group("ops")).to_string();
    assert!(told.contains("f00, f01") && told.ends_with("f09, …"), "{told}");
}

#[test]
fn going_back_brings_groups_back_too() {
    let mut ledger = Ledger::registered();
    ledger.change(connect("1"));
    ledger.change(add_group("ops"));
    ledger.change(add_in("a", "ops"));
    let then = ledger.fields_at(rev(4));
    ledger.change(relabel_group("ops", "Operations"));
    ledger.change(remove("a"));
    ledger.change(remove_group("ops"));
    let back = ledger.change(rollback(4));
    assert_eq!(items(&back), ["field-4", "group-3"]);
    assert_eq!(back.parts[0].unit, "resources");
    assert_eq!(ledger.fields_at(ledger.revision()), then);
}

#[test]
fn a_company_has_a_limited_number_of_groups() {
    let mut ledger = Ledger::registered();
    for number in 0..GROUPS_MAX {
        ledger.change(add_group(&format!("g{number}")));
    }
    let full = ledger.refusal(add_group("one_more"));
    assert!(matches!(full, Refusal::LimitReached { limit: "at most 500 groups", .. }), "{full}");
    ledger.change(remove_group("g7"));
    ledger.change(add_group("one_more"));
}

#[test]
fn a_field_stands_in_its_group_and_nothing_else_in_anything() {
    let mut ledger = Ledger::registered();
    ledger.change(add_group("ops"));
    ledger.change(add_in("a", "ops"));
    let all = ledger.fields_at(ledger.revision());
    assert_eq!(all["a"].stands_in(), Some((ResourceKind::Group, "ops")));
    assert_eq!(all["ops"].stands_in(), None);
}
