//! What HubSpot enforces about properties, or silently ignores, is refused before anything is decided.

use gomark_sdk::v1::*;
use gomark_sdk::{Code, fields};
use prost_types::FieldMask;

use crate::refusals::{Bad, all_are_refused, bad, refused};
use crate::world::World;

const ADD: &str = "ConfigService/AddField";
const MODIFY: &str = "ConfigService/ModifyField";

fn add(what: &str, field: Field, path: &str, rule: &str) -> Bad {
    let field = Some(field);
    let request = AddFieldRequest { company_id: "acme".to_owned(), field, ..Default::default() };
    bad(what, ADD, &request, path, rule)
}

fn modify(what: &str, name: &str, field: Field, mask: &[&str], path: &str, rule: &str) -> Bad {
    let paths: Vec<_> = mask.iter().map(|path| (*path).to_owned()).collect();
    let request = ModifyFieldRequest {
        company_id: "acme".to_owned(),
        name: name.to_owned(),
        field: Some(field),
        update_mask: (!paths.is_empty()).then_some(FieldMask { paths }),
        ..ModifyFieldRequest::default()
    };
    bad(what, MODIFY, &request, path, rule)
}

fn calculated(label: &str, formula: &str) -> Field {
    Field {
        field_type: FieldType::CalculationEquation.into(),
        calculation_formula: formula.to_owned(),
        ..fields::number(label)
    }
}

fn amount(label: &str) -> Field {
    Field {
        number_display_hint: NumberDisplayHint::Currency.into(),
        currency_property_name: "deal_currency_code".to_owned(),
        show_currency_symbol: Some(true),
        ..fields::number(label)
    }
}

fn owner(label: &str) -> Field {
    Field {
        r#type: PropertyType::Enumeration.into(),
        external_options: true,
        referenced_object_type: "OWNER".to_owned(),
        ..fields::text(label)
    }
}

async fn world() -> World {
    let world = World::start().await;
    let client = &world.client;
    client.register_company("acme").await.unwrap();
    let owner = Field { field_type: FieldType::Select.into(), ..owner("Seller") };
    let secret = Field {
        data_sensitivity: DataSensitivity::Sensitive.into(),
        has_unique_value: true,
        text_display_hint: TextDisplayHint::Email.into(),
        ..fields::text("Secret")
    };
    for field in [calculated("Sum", "amount * 2"), amount("Price"), owner, secret] {
        client.add_field("acme", field).await.unwrap();
    }
    world
}

#[tokio::test]
async fn formulas_hints_currencies_and_sources_keep_their_rules() {
    let world = world().await;
    let formula = "field.calculation_formula";
    let only_number = "goes only with type number, not string";
    let hint =
        Field { number_display_hint: NumberDisplayHint::Percentage.into(), ..fields::text("New") };
    let text_hint =
        Field { text_display_hint: TextDisplayHint::Email.into(), ..fields::number("New") };
    let symbol = Field { show_currency_symbol: Some(false), ..amount("New") };
    let chosen = Field {
        options: vec![FieldOption {
            label: "A".to_owned(),
            value: "a".to_owned(),
            ..FieldOption::default()
        }],
        field_type: FieldType::Select.into(),
        ..owner("New")
    };
    let of_contacts = Field {
        referenced_object_type: "CONTACT".to_owned(),
        field_type: FieldType::Select.into(),
        ..owner("New")
    };
    let alone = Field { referenced_object_type: "OWNER".to_owned(), ..fields::text("New") };
    let far = Field { display_order: Some(-2), ..fields::text("New") };
    let rows = vec![
        add("none", calculated("New", ""), formula, "must be given for calculation_equation"),
        add("unended", calculated("New", "'a"), formula, "must end every text that it begins"),
        add(
            "entered",
            Field { calculation_formula: "a".to_owned(), ..fields::number("New") },
            formula,
            "goes only with field type calculation_equation, not number",
        ),
        add("a hint", hint, "field.number_display_hint", only_number),
        add(
            "a hint",
            text_hint,
            "field.text_display_hint",
            "goes only with type string, not number",
        ),
        add(
            "no symbol",
            symbol,
            "field.currency_property_name",
            "needs show_currency_symbol to be true",
        ),
        add(
            "options",
            chosen,
            "field.options",
            "must be empty: with external_options they come from elsewhere",
        ),
        add(
            "contacts",
            of_contacts,
            "field.referenced_object_type",
            "must be OWNER with external_options",
        ),
        add("alone", alone, "field.referenced_object_type", "goes only with external_options"),
        add(
            "a place",
            far,
            "field.display_order",
            "must be from 0 to 1000000, or -1 for wherever HubSpot puts it",
        ),
        add(
            "no such hint",
            Field { number_display_hint: 99, ..fields::number("New") },
            "field.number_display_hint",
            "is not a value of NumberDisplayHint",
        ),
        add(
            "no such hint",
            Field { text_display_hint: -1, ..fields::text("New") },
            "field.text_display_hint",
            "is not a value of TextDisplayHint",
        ),
        add(
            "no such sensitivity",
            Field { data_sensitivity: 4, ..fields::text("New") },
            "field.data_sensitivity",
            "is not a value of DataSensitivity",
        ),
    ];
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

#[tokio::test]
async fn what_cannot_be_changed_or_cleared_at_hubspot_is_refused() {
    let world = world().await;
    let fixed = "cannot be changed: HubSpot fixes it when the property is created";
    let kept = "cannot be cleared: HubSpot keeps it once it is set";
    let unique = Field { has_unique_value: true, ..Field::default() };
    let not_secret =
        Field { data_sensitivity: DataSensitivity::NonSensitive.into(), ..Field::default() };
    let external = Field { external_options: true, ..Field::default() };
    let of_owners = Field { referenced_object_type: "OWNER".to_owned(), ..Field::default() };
    let entered = Field { field_type: FieldType::Number.into(), ..Field::default() };
    let off = Field { show_currency_symbol: Some(false), ..Field::default() };
    let none = Field::default;
    let rows = vec![
        modify("unique", "sum", unique, &[], "field.has_unique_value", fixed),
        modify("less secret", "secret", not_secret, &[], "field.data_sensitivity", fixed),
        modify("external", "sum", external, &[], "field.external_options", fixed),
        modify("owners", "sum", of_owners, &[], "field.referenced_object_type", fixed),
        modify(
            "entered",
            "sum",
            entered,
            &[],
            "field.field_type",
            "cannot be changed from calculation_equation, which HubSpot fixes when it is created",
        )
        .and(
            "field.calculation_formula",
            "goes only with field type calculation_equation, not number",
        ),
        modify(
            "no formula",
            "sum",
            none(),
            &["calculation_formula"],
            "field.calculation_formula",
            "must be given for calculation_equation",
        ),
        modify(
            "no hint",
            "price",
            none(),
            &["number_display_hint"],
            "field.number_display_hint",
            "cannot be cleared: HubSpot keeps it once it is set; FORMATTED is what shows without one",
        ),
        modify(
            "no hint",
            "secret",
            none(),
            &["text_display_hint"],
            "field.text_display_hint",
            kept,
        ),
        modify(
            "no currency",
            "price",
            none(),
            &["currency_property_name"],
            "field.currency_property_name",
            kept,
        ),
        modify(
            "no symbol",
            "price",
            off,
            &[],
            "field.show_currency_symbol",
            "cannot be turned off once currency_property_name was set",
        )
        .and("field.currency_property_name", "needs show_currency_symbol to be true"),
    ];
    all_are_refused(&world, "acme", rows).await;
    // What is said as it is changes nothing.
    let same = Field {
        has_unique_value: true,
        data_sensitivity: DataSensitivity::Sensitive.into(),
        ..Field::default()
    };
    let change = world.client.modify_field("acme", "secret", same).await.unwrap();
    assert_eq!(change.revision, 5);
    assert!(world.stop().await);
}

#[tokio::test]
async fn details_are_kept_changed_and_let_go() {
    let world = world().await;
    let client = &world.client;
    let shown = Field { hidden: Some(false), form_field: Some(true), ..Field::default() };
    client.modify_field("acme", "price", shown).await.unwrap();
    let config = client.get_config("acme").await.unwrap();
    let field = |name: &str| config.fields.iter().find(|it| it.name == name).unwrap().clone();
    let price = field("price");
    assert_eq!((price.hidden, price.form_field), (Some(false), Some(true)));
    assert_eq!(price.number_display_hint(), NumberDisplayHint::Currency);
    assert_eq!(price.data_sensitivity(), DataSensitivity::Unspecified);
    assert_eq!(price.show_currency_symbol, Some(true));
    assert_eq!(field("sum").calculation_formula, "amount * 2");
    assert_eq!(field("secret").text_display_hint(), TextDisplayHint::Email);
    assert!(field("seller").external_options && field("secret").has_unique_value);
    let let_go = client.modify_field("acme", "price", Field::default());
    let_go.update_mask(["hidden", "form_field"]).await.unwrap();
    let config = client.get_config("acme").await.unwrap();
    let price = config.fields.iter().find(|it| it.name == "price").unwrap();
    assert_eq!((price.hidden, price.form_field), (None, None));
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_company_has_at_most_ten_fields_of_unique_values() {
    let world = world().await;
    let unique =
        |number: usize| Field { has_unique_value: true, ..fields::text(format!("Key {number}")) };
    for number in 1..10 {
        world.client.add_field("acme", unique(number)).await.unwrap();
    }
    let answer = world.client.add_field("acme", unique(10)).await;
    let error = refused(answer, Code::ResourceExhausted, "LIMIT_REACHED");
    assert_eq!(error.metadata().get("limit").unwrap(), "at most 10 fields of unique values");
    assert!(world.stop().await);
}
