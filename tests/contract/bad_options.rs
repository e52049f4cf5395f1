//! Options that are refused.

use gomark_sdk::v1::*;

use crate::refusals::{Bad, all_are_refused, bad};
use crate::world::World;

const ADD: &str = "ConfigService/AddField";

fn field(kind: PropertyType, options: Vec<FieldOption>) -> AddFieldRequest {
    let field = Field { name: "new".to_owned(), r#type: kind.into(), options, ..Field::default() };
    AddFieldRequest {
        company_id: "acme".to_owned(),
        field: Some(field),
        ..AddFieldRequest::default()
    }
}

fn option(label: &str, value: &str) -> FieldOption {
    FieldOption { label: label.to_owned(), value: value.to_owned(), ..FieldOption::default() }
}

/// A good option, and one that is not.
fn second(what: &str, option_of: FieldOption, path: &str, rule: &str) -> Bad {
    let request = field(PropertyType::Enumeration, vec![option("One", "1"), option_of]);
    bad(what, ADD, &request, format!("field.options[1]{path}"), rule)
}

async fn world() -> World {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    world
}

#[tokio::test]
async fn options_belong_to_enumerations() {
    use PropertyType as P;
    let world = world().await;
    let mut rows = Vec::new();
    let without = [
        (P::Unspecified, "string"),
        (P::String, "string"),
        (P::Number, "number"),
        (P::Date, "date"),
        (P::Datetime, "datetime"),
        (P::PhoneNumber, "phone_number"),
    ];
    for (kind, name) in without {
        let rule = format!("must be empty: only enumeration and bool have options, not {name}");
        rows.push(bad(name, ADD, &field(kind, vec![option("One", "1")]), "field.options", rule));
    }
    let none = field(P::Enumeration, Vec::new());
    rows.push(bad("none", ADD, &none, "field.options", "must have at least one option"));
    let three = vec![option("Yes", "true"), option("No", "false"), option("Maybe", "maybe")];
    let rule = "of a bool must have exactly the values true and false";
    rows.push(bad("three", ADD, &field(P::Bool, three), "field.options", rule));
    let one = vec![option("Yes", "true")];
    rows.push(bad("one", ADD, &field(P::Bool, one), "field.options", rule));
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

#[tokio::test]
async fn an_option_is_told_from_the_others() {
    let world = world().await;
    let (long, blank) = ("must be at most 1000 characters long", "must not be blank");
    let trimmed = "must not begin or end with white space";
    let control = "must not contain control characters";
    let invisible = "must not contain invisible characters";
    let semicolon = "must not contain ; which separates several values at HubSpot";
    let too_long = "x".repeat(1_001);
    let described = |text: &str| FieldOption { description: text.to_owned(), ..option("Two", "2") };
    let placed = |place| FieldOption { display_order: Some(place), ..option("Two", "2") };
    let order = "must be from 0 to 1000000";
    let long_control = "must not contain control characters other than line breaks and tabs";
    let rows = vec![
        second("a label twice", option("One", "2"), ".label", "must differ from options[0].label"),
        second("a value twice", option("Two", "1"), ".value", "must differ from options[0].value"),
        second("a blank label", option("", "2"), ".label", blank),
        second("a blank value", option("Two", ""), ".value", blank),
        second("a long label", option(&too_long, "2"), ".label", long),
        second("a long value", option("Two", &too_long), ".value", long),
        second("white space", option(" Two", "2"), ".label", trimmed),
        second("white space", option("Two", "2 "), ".value", trimmed),
        second("a tab", option("T\two", "2"), ".label", control),
        second("a zero", option("Two", "2\u{0}2"), ".value", control),
        second("zero width", option("Two", "2\u{feff}2"), ".value", invisible),
        second("a semicolon", option("Two", "2;3"), ".value", semicolon),
        second("a long description", described(&too_long), ".description", long),
        second("a bell", described("\u{7}"), ".description", long_control),
        second("below", placed(-1), ".display_order", order),
        second("above", placed(1_000_001), ".display_order", order),
        second("taken", placed(0), ".display_order", "must differ from options[0].display_order"),
        second("both", option("One", "1"), ".label", "must differ from options[0].label")
            .and("field.options[1].value", "must differ from options[0].value"),
    ];
    all_are_refused(&world, "acme", rows).await;
    let most = FieldOption {
        description: "x".repeat(1_000),
        ..option(&"x".repeat(1_000), &"x".repeat(1_000))
    };
    let most = field(PropertyType::Enumeration, vec![most]).field.unwrap();
    world.client.add_field("acme", most).await.unwrap();
    assert!(world.stop().await);
}

#[tokio::test]
async fn there_are_at_most_so_many_options_and_so_much_text() {
    let world = world().await;
    let numbered = |count: usize| -> Vec<_> {
        (0..count).map(|number| option(&format!("Option {number}"), &number.to_string())).collect()
    };
    let many = field(PropertyType::Enumeration, numbered(5_001));
    let row = bad("many", ADD, &many, "field.options", "must be at most 5000");
    let long = numbered(200).into_iter().map(|option| FieldOption {
        label: format!("{} {}", "\u{20ac}".repeat(900), option.label),
        ..option
    });
    let long = field(PropertyType::Enumeration, long.collect());
    let rule = "must leave the field at most 512 KiB of text altogether";
    let rows = vec![row, bad("long", ADD, &long, "field.options", rule)];
    all_are_refused(&world, "acme", rows).await;
    let most = field(PropertyType::Enumeration, numbered(5_000)).field.unwrap();
    world.client.add_field("acme", most).await.unwrap();
    assert!(world.stop().await);
}
