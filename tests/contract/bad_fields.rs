//! Fields that are refused, new ones and changes.

use gomark_sdk::fields;
use gomark_sdk::v1::*;
use prost_types::FieldMask;

use crate::refusals::{Bad, all_are_refused, bad};
use crate::world::World;

const ADD: &str = "ConfigService/AddField";
const MODIFY: &str = "ConfigService/ModifyField";

async fn world() -> World {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    world
}

fn add(what: &str, field: Field, path: &str, rule: &str) -> Bad {
    let field = Some(field);
    let request = AddFieldRequest { company_id: "acme".to_owned(), field, ..Default::default() };
    bad(what, ADD, &request, path, rule)
}

fn modify(field: Option<Field>, mask: &[&str]) -> ModifyFieldRequest {
    let paths = mask.iter().map(|path| (*path).to_owned()).collect();
    ModifyFieldRequest {
        company_id: "acme".to_owned(),
        name: "tier".to_owned(),
        field,
        update_mask: Some(FieldMask { paths }),
        ..ModifyFieldRequest::default()
    }
}

/// A change of one attribute to what no field may have, as a new field and as a change of one.
fn both(what: &str, field: Field, path: &str, rule: &str) -> [Bad; 2] {
    let new = Field { name: "new".to_owned(), ..field.clone() };
    [add(what, new, path, rule), bad(what, MODIFY, &modify(Some(field), &[]), path, rule)]
}

#[tokio::test]
async fn texts_have_their_lengths_and_characters() {
    let world = world().await;
    let control = "must not contain control characters";
    let long_control = "must not contain control characters other than line breaks and tabs";
    let invisible = "must not contain invisible characters";
    let label = |text: &str| Field { label: text.to_owned(), ..Field::default() };
    let description = |text: &str| Field { description: text.to_owned(), ..Field::default() };
    let default = |text: &str| Field { default_value: text.to_owned(), ..Field::default() };
    let long = "must be at most 255 characters long";
    let longer = "must be at most 4000 characters long";
    let trimmed = "must not begin or end with white space";
    let rows = [
        both("long", label(&"x".repeat(256)), "field.label", long),
        both("blank", label(" \u{a0}"), "field.label", "must not be blank"),
        both("white space before", label(" Tier"), "field.label", trimmed),
        both("white space after", label("Tier\u{2003}"), "field.label", trimmed),
        both("a line break", label("Ti\ner"), "field.label", control),
        both("a zero", label("Ti\u{0}er"), "field.label", control),
        both("an escape", label("Ti\u{1b}er"), "field.label", control),
        both("C1", label("Ti\u{85}er"), "field.label", control),
        both("zero width", label("Ti\u{200b}er"), "field.label", invisible),
        both("right to left", label("Ti\u{202e}er"), "field.label", invisible),
        both("long", description(&"x".repeat(4_001)), "field.description", longer),
        both("a bell", description("a\u{7}"), "field.description", long_control),
        both("long", default(&"x".repeat(4_001)), "field.default_value", longer),
        both("a bell", default("a\u{7}"), "field.default_value", long_control),
    ];
    all_are_refused(&world, "acme", rows.into_iter().flatten().collect()).await;
    let most = Field {
        label: "\u{e9}".repeat(255),
        description: format!("{}\n\t", "\u{e9}".repeat(3_998)),
        default_value: "\u{e9}".repeat(4_000),
        ..Field::default()
    };
    world.client.modify_field("acme", "tier", most).await.unwrap();
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_type_goes_with_some_ways_of_editing_and_no_others() {
    use FieldType as F;
    use PropertyType as P;
    let world = world().await;
    // As the comments of `PropertyType` say.
    let table = [
        (
            P::String,
            "string",
            vec![F::Text, F::Textarea, F::File, F::Html, F::Phonenumber, F::CalculationEquation],
        ),
        (P::Number, "number", vec![F::Number, F::CalculationEquation]),
        (P::Date, "date", vec![F::Date]),
        (P::Datetime, "datetime", vec![F::Date]),
        (
            P::Enumeration,
            "enumeration",
            vec![F::Select, F::Radio, F::Checkbox, F::Booleancheckbox, F::CalculationEquation],
        ),
        (P::Bool, "bool", vec![F::Booleancheckbox, F::CalculationEquation]),
        (P::PhoneNumber, "phone_number", vec![F::Phonenumber]),
    ];
    let all = (1..).map_while(|number| FieldType::try_from(number).ok());
    let all: Vec<_> = all.collect();
    assert_eq!(all.len(), 12);
    let mut rows = Vec::new();
    for (kind, name, good) in table {
        let listed: Vec<_> = good.iter().map(|field_type| short(*field_type)).collect();
        for field_type in &all {
            let options = match kind {
                P::Enumeration => vec![option("One", "1")],
                _ => Vec::new(),
            };
            let field = Field {
                name: format!("{name}_{}", short(*field_type)),
                r#type: kind.into(),
                field_type: (*field_type).into(),
                calculation_formula: match field_type {
                    F::CalculationEquation => "amount * 2".to_owned(),
                    _ => String::new(),
                },
                options,
                ..Field::default()
            };
            if good.contains(field_type) {
                let dry = world.client.add_field("acme", field).validate_only().await;
                dry.unwrap_or_else(|error| panic!("{name} {}: {error}", short(*field_type)));
            } else {
                let (found, listed) = (short(*field_type), listed.join(", "));
                let rule = format!("{found} does not go with type {name}; it takes {listed}");
                rows.push(add(name, field, "field.field_type", &rule));
            }
        }
    }
    assert_eq!(rows.len(), 7 * 12 - 18);
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

fn short(field_type: FieldType) -> String {
    field_type.as_str_name().trim_start_matches("FIELD_TYPE_").to_lowercase()
}

fn option(label: &str, value: &str) -> FieldOption {
    FieldOption { label: label.to_owned(), value: value.to_owned(), ..FieldOption::default() }
}

#[tokio::test]
async fn numbers_that_no_enum_has_are_refused() {
    let world = world().await;
    let mut rows = Vec::new();
    for number in [-1, 99, i32::MAX] {
        let field = Field { r#type: number, ..fields::text("New") };
        rows.push(add("a type", field, "field.type", "is not a value of PropertyType"));
        let field = Field { field_type: number, ..fields::text("New") };
        rows.push(add("a field type", field, "field.field_type", "is not a value of FieldType"));
        let field = Field { r#type: number, ..Field::default() };
        let request = modify(Some(field), &[]);
        rows.push(bad("a type", MODIFY, &request, "field.type", "is not a value of PropertyType"));
        let request = DisconnectVendorRequest {
            company_id: "acme".to_owned(),
            vendor: number,
            ..DisconnectVendorRequest::default()
        };
        let rpc = "CompanyService/DisconnectVendor";
        rows.push(bad("a vendor", rpc, &request, "vendor", "is not a value of Vendor"));
        let request = ListJobsRequest {
            company_id: "acme".to_owned(),
            states: vec![JobState::Queued.into(), number],
            ..ListJobsRequest::default()
        };
        let rule = "is not a state that a job can have";
        rows.push(bad("a state", "ConfigService/ListJobs", &request, "states[1]", rule));
    }
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_mask_names_what_can_be_changed() {
    let world = world().await;
    let field = || Some(Field { label: "Level".to_owned(), ..Field::default() });
    let allowed = "must be one of label, type, field_type, group_name, description, options, \
                   default_value, calculation_formula, hidden, form_field, number_display_hint, \
                   text_display_hint, currency_property_name, show_currency_symbol, display_order";
    let unknown = [
        "has_unique_value",
        "name",
        "new_name",
        "field_id",
        "Label",
        "field.label",
        "labels",
        "",
        "*",
        "options[0]",
    ];
    let mut rows: Vec<_> = unknown
        .iter()
        .map(|path| {
            let request = modify(field(), &["label", path]);
            bad(*path, MODIFY, &request, "update_mask.paths[1]", allowed)
        })
        .collect();
    let request = modify(field(), &["name", "label", "new_name"]);
    rows.push(
        bad("two", MODIFY, &request, "update_mask.paths[0]", allowed)
            .and("update_mask.paths[2]", allowed),
    );
    let given = "must be given, as the mask names it";
    let types = [("type", "field.type"), ("field_type", "field.field_type")];
    for (path, in_field) in types {
        rows.push(bad(path, MODIFY, &modify(field(), &[path]), in_field, given));
    }
    rows.push(bad(
        "a label that is cleared",
        MODIFY,
        &modify(Some(Field::default()), &["label"]),
        "field.label",
        "must not be blank",
    ));
    rows.push(bad("no field", MODIFY, &no_field(), "field", "must be given"));
    let renamed = Field { name: "level".to_owned(), ..Field::default() };
    rows.push(bad(
        "a name",
        MODIFY,
        &modify(Some(renamed), &[]),
        "field.name",
        "cannot be changed; give new_name",
    ));
    let unnamed = ModifyFieldRequest { name: String::new(), ..modify(field(), &[]) };
    rows.push(bad("no name", MODIFY, &unnamed, "name", "must be given"));
    let request = UpdateCompanyRequest {
        company: Some(Company {
            company_id: "acme".to_owned(),
            display_name: "Name".to_owned(),
            ..Company::default()
        }),
        update_mask: Some(FieldMask { paths: vec!["company_id".to_owned()] }),
        ..UpdateCompanyRequest::default()
    };
    let rule = "must be one of display_name";
    let row = bad("the id", "CompanyService/UpdateCompany", &request, "update_mask.paths[0]", rule);
    rows.push(row.and("company.display_name", "must be given"));
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

fn no_field() -> ModifyFieldRequest {
    ModifyFieldRequest { field: None, update_mask: None, ..modify(None, &[]) }
}

#[tokio::test]
async fn a_default_value_suits_the_type() {
    use PropertyType as P;
    let world = world().await;
    let decimal = "must be a decimal number, such as -12.5";
    let date = "must be a date, such as 2026-05-31";
    let moment = "must be a moment, such as 2026-05-31T12:00:00Z";
    let table = [
        (P::Number, "1e3", decimal),
        (P::Number, "1,5", decimal),
        (P::Number, "NaN", decimal),
        (P::Number, "abc", decimal),
        (P::Date, "2026-02-30", date),
        (P::Date, "31.05.2026", date),
        (P::Datetime, "2026-05-31", moment),
        (P::Datetime, "noon", moment),
        (P::Bool, "yes", "must be true or false"),
        (P::Enumeration, "4", "must be the value of an option"),
        (P::Enumeration, "One", "must be the value of an option"),
    ];
    let rows = table.into_iter().map(|(kind, value, rule)| {
        let options = match kind {
            P::Enumeration => vec![option("One", "1")],
            _ => Vec::new(),
        };
        let field = Field {
            name: "new".to_owned(),
            r#type: kind.into(),
            default_value: value.to_owned(),
            options,
            ..Field::default()
        };
        add(value, field, "field.default_value", rule)
    });
    let mut rows: Vec<_> = rows.collect();
    let several = Field {
        name: "new".to_owned(),
        r#type: P::Enumeration.into(),
        field_type: FieldType::Checkbox.into(),
        options: vec![option("One", "1"), option("Two", "2")],
        default_value: "1;3".to_owned(),
        ..Field::default()
    };
    let rule = "must be values of options, separated by ;";
    rows.push(add("several", several, "field.default_value", rule));
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}
