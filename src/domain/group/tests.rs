//! The rules for groups: how they are completed and changed, and what is refused.

use super::*;

fn id() -> ResourceId {
    ResourceId::from_trusted("group-1")
}

fn named(name: &str) -> GroupDraft {
    GroupDraft { name: name.to_owned(), ..GroupDraft::default() }
}

fn complete(draft: GroupDraft) -> Group {
    draft.complete(id()).expect("a draft that breaks no rule")
}

/// The paths of what a check found.
fn paths(checked: Result<Group, Violations>) -> Vec<String> {
    let found = checked.err().unwrap_or_default();
    found.as_slice().iter().map(|violation| violation.field.clone()).collect()
}

#[test]
fn name_and_label_are_made_from_each_other() {
    let group = complete(named("sales_ops"));
    assert_eq!((group.name.as_str(), group.label.as_str()), ("sales_ops", "Sales ops"));
    let draft = GroupDraft { label: "Sales Ops".to_owned(), ..GroupDraft::default() };
    let group = complete(draft);
    assert_eq!((group.name.as_str(), group.label.as_str()), ("sales_ops", "Sales Ops"));
    for (name, expected) in [("a__b_", "A b"), ("x", "X")] {
        assert_eq!(label_of(name), expected);
    }
    assert_eq!(paths(GroupDraft::default().complete(id())), ["name"]);
}

#[test]
fn what_hubspot_owns_is_refused() {
    for name in ["dealinformation", "hs_own", "Sales", "9to5", "a.b"] {
        assert_eq!(paths(named(name).complete(id())), ["name"], "{name}");
    }
}

#[test]
fn a_place_is_left_to_hubspot_or_within_bounds() {
    let at = |display_order| GroupDraft { display_order: Some(display_order), ..named("ops") };
    assert_eq!(complete(at(-1)).display_order, None);
    assert_eq!(complete(at(0)).display_order, Some(0));
    assert_eq!(complete(at(1_000_000)).display_order, Some(1_000_000));
    for bad in [-2, 1_000_001, i32::MIN] {
        assert_eq!(paths(at(bad).complete(id())), ["display_order"], "{bad}");
    }
}

#[test]
fn a_change_takes_what_it_names_and_leaves_the_rest() {
    let group = complete(GroupDraft { display_order: Some(3), ..named("ops") });
    let label = GroupPatch { label: Some("Operations".to_owned()), ..GroupPatch::default() };
    let changed = label.apply(&group).unwrap();
    assert_eq!((changed.label.as_str(), changed.display_order), ("Operations", Some(3)));
    let cleared = GroupPatch { display_order: Some(None), ..GroupPatch::default() };
    assert_eq!(cleared.apply(&group).unwrap().display_order, None);
    let blank = GroupPatch { label: Some(" ".to_owned()), ..GroupPatch::default() };
    assert_eq!(paths(blank.apply(&group)), ["label"]);
}
