use serde_json::{Value, json};

use super::*;
use crate::sandbox::hubspot::GroupDraft;
use crate::sandbox::hubspot::draft::parse;

const EARLY: Timestamp = Timestamp::from_micros(1_000_000);
const LATER: Timestamp = Timestamp::from_micros(2_000_000);
const LATEST: Timestamp = Timestamp::from_micros(3_000_000);

fn draft(body: Value) -> Draft {
    parse(body).unwrap()
}

fn tier() -> Value {
    json!({
        "name": "tier", "label": "Tier", "type": "enumeration", "fieldType": "select",
        "groupName": "dealinformation",
        "options": [{ "label": "Gold", "value": "gold" }, { "label": "Silver", "value": "silver" }]
    })
}

fn with(mut body: Value, attribute: &str, value: Value) -> Value {
    body[attribute] = value;
    body
}

fn portal_with_tier() -> Portal {
    let mut portal = Portal::open(EARLY);
    portal.create(draft(tier()), Recreate::Restore, EARLY).unwrap();
    portal
}

fn refused(body: Value) -> Refusal {
    Portal::open(EARLY).create(draft(body), Recreate::Restore, EARLY).unwrap_err()
}

#[test]
fn a_created_property_is_kept_with_defaults() {
    let portal = portal_with_tier();
    let tier = portal.property("tier", false).unwrap();
    assert_eq!(tier.display_order, -1);
    assert_eq!(tier.description, "");
    assert_eq!(tier.options[1].display_order, 1);
    assert!(tier.modification_metadata.archivable && !tier.hubspot_defined);
}

#[test]
fn a_create_without_a_required_attribute_is_refused() {
    for attribute in ["name", "label", "type", "fieldType", "groupName"] {
        let refusal = refused(with(tier(), attribute, Value::Null));
        assert_eq!((refusal.status, refusal.category), (400, "VALIDATION_ERROR"), "{attribute}");
        assert!(refusal.message.contains(attribute), "{}", refusal.message);
    }
}

#[test]
fn an_unknown_group_is_refused() {
    assert_eq!(refused(with(tier(), "groupName", json!("nowhere"))).status, 400);
    let mut portal = portal_with_tier();
    let patch = draft(json!({ "groupName": "nowhere" }));
    assert_eq!(portal.update("tier", patch, LATER).unwrap_err().status, 400);
}

#[test]
fn sensitive_definitions_are_refused() {
    let refusal = refused(with(tier(), "dataSensitivity", json!("sensitive")));
    assert_eq!(refusal.sub_category, Some("PORTAL_NOT_ENABLED_FOR_SENSITIVE_DATA"));
}

#[test]
fn a_second_create_of_an_active_name_changes_nothing() {
    let mut portal = portal_with_tier();
    let again = draft(with(tier(), "label", json!("Other")));
    let refusal = portal.create(again, Recreate::Restore, LATER).unwrap_err();
    assert_eq!(refusal.status, 409);
    assert_eq!(refusal.sub_category, Some("Properties.PROPERTY_WITH_NAME_EXISTS"));
    assert_eq!(portal.property("tier", false).unwrap().label, "Tier");
    assert_eq!((portal.effects("tier").created, portal.create_effects()), (1, 1));
}

#[test]
fn a_patch_keeps_what_it_leaves_out_and_replaces_the_whole_list_of_options() {
    let mut portal = portal_with_tier();
    portal.update("tier", draft(json!({ "label": "Level" })), LATER).unwrap();
    assert_eq!(portal.property("tier", false).unwrap().options.len(), 2);
    let patch = draft(json!({ "options": [{ "label": "Bronze", "value": "bronze" }] }));
    let tier = portal.update("tier", patch, LATER).unwrap();
    assert_eq!(tier.label, "Level");
    assert_eq!(tier.options.iter().map(|o| o.value.as_str()).collect::<Vec<_>>(), ["bronze"]);
    assert_eq!((tier.created_at, tier.updated_at), (WireTime(EARLY), WireTime(LATER)));
}

#[test]
fn a_patch_silently_ignores_what_is_fixed_at_creation() {
    let mut portal = portal_with_tier();
    let patch = draft(json!({
        "hasUniqueValue": true, "dataSensitivity": "sensitive", "referencedObjectType": "OWNER",
        "name": "other", "label": "Level"
    }));
    let tier = portal.update("tier", patch, LATER).unwrap();
    assert!(!tier.has_unique_value);
    assert_eq!((tier.name.as_str(), tier.label.as_str()), ("tier", "Level"));
    assert_eq!(tier.referenced_object_type, None);
}

#[test]
fn a_refused_patch_changes_nothing() {
    let mut portal = portal_with_tier();
    let patch = draft(json!({ "label": "Level", "fieldType": "text" }));
    assert_eq!(portal.update("tier", patch, LATER).unwrap_err().status, 400);
    assert_eq!(portal.property("tier", false).unwrap().label, "Tier");
    assert_eq!(portal.effects("tier").updated, 0);
}

#[test]
fn hubspots_own_properties_are_neither_changed_nor_archived() {
    let mut portal = Portal::open(EARLY);
    let patch = draft(json!({ "label": "Other" }));
    assert_eq!(portal.update("amount", patch, LATER).unwrap_err().status, 400);
    assert_eq!(portal.archive("amount", LATER).unwrap_err().status, 400);
    assert!(portal.property("amount", false).is_ok());
}

#[test]
fn an_archived_property_is_found_in_the_recycle_bin_only() {
    let mut portal = portal_with_tier();
    portal.archive("tier", LATER).unwrap();
    assert_eq!(portal.property("tier", false).unwrap_err().category, "OBJECT_NOT_FOUND");
    assert_eq!(portal.property("tier", true).unwrap().archived_at, Some(WireTime(LATER)));
    assert_eq!(portal.archive("tier", LATER).unwrap_err().status, 404);
}

#[test]
fn a_create_under_an_archived_name_restores_starts_fresh_or_is_refused() {
    let recreated = |recreate| {
        let mut portal = portal_with_tier();
        portal.archive("tier", LATER).unwrap();
        let body = with(tier(), "label", json!("Level"));
        let outcome = portal
            .create(draft(body), recreate, LATEST)
            .map(|tier| (tier.label.clone(), tier.created_at.0))
            .map_err(|refusal| refusal.status);
        (outcome, portal.property("tier", true).is_ok(), portal.effects("tier").created)
    };
    assert_eq!(recreated(Recreate::Restore), (Ok(("Level".into(), EARLY)), false, 2));
    assert_eq!(recreated(Recreate::Fresh), (Ok(("Level".into(), LATEST)), true, 2));
    assert_eq!(recreated(Recreate::Conflict), (Err(409), true, 1));
}

#[test]
fn a_group_goes_only_once_it_holds_no_active_property() {
    let mut portal = Portal::open(EARLY);
    let group: GroupDraft = parse(json!({ "name": "sales", "label": "Sales" })).unwrap();
    portal.create_group(group.clone()).unwrap();
    assert_eq!(portal.create_group(group.clone()).unwrap_err().status, 409);
    let body = with(tier(), "groupName", json!("sales"));
    portal.create(draft(body.clone()), Recreate::Restore, EARLY).unwrap();
    let refusal = portal.archive_group("sales").unwrap_err();
    assert!(refusal.nested);
    portal.archive("tier", LATER).unwrap();
    portal.archive_group("sales").unwrap();
    assert_eq!(portal.group("sales").unwrap_err().status, 404);
    // The name is free again, and without the group the property cannot come back.
    assert_eq!(portal.create(draft(body), Recreate::Restore, LATER).unwrap_err().status, 400);
    assert!(portal.create_group(group).is_ok());
}

#[test]
fn a_formula_makes_a_calculated_property() {
    let mut portal = Portal::open(EARLY);
    let body = json!({
        "name": "margin", "label": "Margin", "type": "number", "fieldType": "number",
        "groupName": "dealinformation", "calculationFormula": "amount * 2"
    });
    let margin = portal.create(draft(body), Recreate::Restore, EARLY).unwrap();
    assert_eq!(margin.field_type, FieldType::CalculationEquation);
    assert!(margin.calculated);
}

#[test]
fn a_currency_property_is_named_only_beside_a_currency_symbol() {
    let mut portal = portal_with_tier();
    let lone = draft(json!({ "currencyPropertyName": "deal_currency_code" }));
    let refusal = portal.update("tier", lone, LATER).unwrap_err();
    assert_eq!(refusal.code, Some("ONLY_CURRENCY_PROPERTIES_CAN_SPECIFY_CURRENCY"));
    let both = draft(json!({ "currencyPropertyName": "x", "showCurrencySymbol": true }));
    portal.update("tier", both, LATER).unwrap();
    let off = draft(json!({ "showCurrencySymbol": false }));
    assert_eq!(portal.update("tier", off, LATER).unwrap_err().status, 400);
}

fn margin(formula: &str) -> Value {
    json!({
        "name": "margin", "label": "Margin", "type": "number", "fieldType": "number",
        "groupName": "dealinformation", "calculationFormula": formula
    })
}

#[test]
fn a_formula_is_answered_as_sent_and_kept_in_one_spelling() {
    let mut portal = Portal::open(EARLY);
    let margin = draft(margin("Amount*2"));
    let margin = portal.create(margin, Recreate::Restore, EARLY).unwrap();
    assert_eq!(margin.wire_created()["calculationFormula"], "Amount*2");
    assert_eq!(margin.wire()["calculationFormula"], "amount * 2");
}

#[test]
fn a_formula_that_names_an_unknown_property_is_404() {
    let refusal = refused(margin("amount * nothing"));
    assert_eq!((refusal.status, refusal.category), (404, "OBJECT_NOT_FOUND"));
    let mut portal = Portal::open(EARLY);
    portal.create(draft(margin("amount")), Recreate::Restore, EARLY).unwrap();
    let patch = draft(json!({ "calculationFormula": "nothing" }));
    assert_eq!(portal.update("margin", patch, LATER).unwrap_err().status, 404);
    let body = with(margin("amount"), "fieldType", json!("calculation_equation"));
    assert_eq!(refused(with(body, "calculationFormula", Value::Null)).status, 400);
}

#[test]
fn a_property_that_is_in_use_is_not_archived() {
    let mut portal = portal_with_tier();
    let body = with(margin("if tier = 'gold' then 1 else 0 endif"), "label", json!("By tier"));
    portal.create(draft(body), Recreate::Restore, EARLY).unwrap();
    let workflow = json!([{
        "parent_type": "WORKFLOW", "parent_display_type": "Workflow", "parent_name": "Deal won"
    }]);
    portal.set_uses("tier", parse(workflow).unwrap());
    let refusal = portal.archive("tier", LATER).unwrap_err();
    let sub_category = "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE";
    assert_eq!((refusal.status, refusal.sub_category), (400, Some(sub_category)));
    let names = refusal.details.iter().map(|detail| detail.context["parentName"][0].as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["Deal won", "By tier"]);
    assert_eq!(refusal.context["usageCount"], ["2"]);
    portal.set_uses("tier", Vec::new());
    portal.archive("margin", LATER).unwrap();
    portal.archive("tier", LATER).unwrap();
}

#[test]
fn reads_may_show_for_a_while_what_was_before_a_write() {
    let mut portal = portal_with_tier();
    portal.switches.stale_reads = 2;
    portal.update("tier", draft(json!({ "label": "Level" })), LATER).unwrap();
    let label =
        |portal: &mut Portal| portal.seen_property("tier", false, LATER).unwrap().label.clone();
    assert_eq!(label(&mut portal), "Tier");
    assert_eq!(portal.seen(false, LATER)["tier"].label, "Tier");
    assert_eq!(label(&mut portal), "Level");

    portal.switches.stale_reads = 0;
    portal.switches.stale_ms = 1_000;
    portal.archive("tier", LATER).unwrap();
    assert!(portal.seen(false, LATER).contains_key("tier"));
    assert_eq!(portal.seen_property("tier", true, LATER).unwrap_err().status, 404);
    assert!(!portal.seen(false, LATEST).contains_key("tier"));
    assert!(portal.seen_property("tier", true, LATEST).is_ok());
}

#[test]
fn options_that_are_locked_stay_while_the_label_may_change() {
    let mut portal = portal_with_tier();
    let mut metadata = portal.property("tier", false).unwrap().modification_metadata;
    metadata.read_only_options = Some(true);
    portal.set_metadata("tier", metadata);
    let options = draft(json!({ "options": [{ "label": "Bronze", "value": "bronze" }] }));
    assert_eq!(portal.update("tier", options, LATER).unwrap_err().status, 400);
    assert!(portal.update("tier", draft(json!({ "label": "Level" })), LATER).is_ok());
}

#[test]
fn a_portal_holds_as_many_custom_properties_as_it_may() {
    let mut portal = portal_with_tier();
    portal.switches.custom_properties_max = 1;
    let limits = portal.property_limits();
    assert_eq!(limits["byObjectType"][0]["usage"], 1);
    assert_eq!(limits["byObjectType"][0]["percentage"], 100);
    let refusal = portal.create(draft(margin("amount")), Recreate::Restore, LATER).unwrap_err();
    assert_eq!(refusal.sub_category, Some("Properties.PROPERTY_LIMIT_REACHED"));
}

#[test]
fn at_most_ten_properties_have_unique_values() {
    let mut portal = Portal::open(EARLY);
    let unique = |n: usize| {
        draft(json!({
            "name": format!("code_{n}"), "label": "Code", "type": "string", "fieldType": "text",
            "groupName": "dealinformation", "hasUniqueValue": true
        }))
    };
    for n in 0..10 {
        portal.create(unique(n), Recreate::Restore, EARLY).unwrap();
    }
    assert_eq!(portal.create(unique(10), Recreate::Restore, EARLY).unwrap_err().status, 400);
}

#[test]
fn a_place_may_be_generated_that_only_reads_show() {
    let mut portal = Portal::open(EARLY);
    portal.switches.generated_order = true;
    let tier = portal.create(draft(tier()), Recreate::Restore, EARLY).unwrap();
    assert_eq!(tier.wire_created()["displayOrder"], -1);
    assert!(tier.wire()["displayOrder"].as_i64().unwrap() > 0);
    let placed = portal.update("tier", draft(json!({ "displayOrder": 3 })), LATER).unwrap();
    assert_eq!(placed.wire()["displayOrder"], 3);
}

#[test]
fn only_the_screen_brings_a_property_back_as_it_was() {
    let mut portal = portal_with_tier();
    portal.archive("tier", LATER).unwrap();
    portal.restore("tier", LATEST).unwrap();
    let tier = portal.property("tier", false).unwrap();
    assert_eq!((tier.label.as_str(), tier.archived_at), ("Tier", None));
    assert_eq!(portal.restore("tier", LATEST).unwrap_err().status, 404);
}

#[test]
fn the_calls_of_a_day_end_at_the_midnight_of_the_portal() {
    let mut portal = Portal::open(EARLY);
    portal.switches.time_zone = "America/New_York".to_owned();
    // Noon in UTC, on a day of winter: five hours less in New York.
    let noon = Timestamp::from_micros(1_768_478_400_000_000);
    let hours = |hours: i64| Timestamp::from_micros(noon.as_micros() + hours * 3_600_000_000);
    assert_eq!(portal.set_today(625_000, noon).remaining, 0);
    assert_eq!(portal.daily(hours(16)).remaining, 0);
    let report = portal.daily_report(hours(16), true);
    assert_eq!(report["results"][0]["resetsAt"], "2026-01-16T05:00:00.000Z");
    assert_eq!(portal.daily(hours(17)).remaining, 625_000);
}
