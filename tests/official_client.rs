//! The sandbox, driven by HubSpot's official Python client, which nobody here wrote.
//!
//! `GOMARK_TEST_PYTHON` names a Python interpreter that has what
//! `tests/official_client/requirements.txt` lists. Without it the test is skipped, loudly, except
//! in CI, where it fails.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

use std::time::Duration;

use gomark::app::App;
use gomark::clock::SystemClock;
use gomark::config::Database;
use gomark::domain::field::formula;
use gomark::sandbox::{Config, Sandbox};
use gomark::supervisor::Supervisor;
use gomark_sdk::v1::{Config as Decided, Field, FieldOption, FieldType, Group, PropertyType};
use gomark_sdk::{Client, fields};
use serde_json::{Value, json};

#[path = "support/python.rs"]
mod python;
#[path = "blackbox/settings.rs"]
mod settings;
use python::run;
use settings::settings;

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_finds_the_sandbox_to_be_hubspot() {
    let supervisor = Supervisor::new();
    let sandbox =
        Sandbox::start(Config::default(), &supervisor, SystemClock::shared()).await.unwrap();
    if let Some(said) = run("official_client/check.py", &[&sandbox.base_url()]).await {
        assert!(said.contains("every check passed"), "{said}");
    }
    assert!(supervisor.shutdown(Duration::from_secs(5)).await, "the sandbox stops when told");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_reads_what_was_decided() {
    const TOKEN: &str = "portal-of-acme";
    let supervisor = Supervisor::new();
    let sandbox =
        Sandbox::start(Config::default(), &supervisor, SystemClock::shared()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let app =
        App::start(settings(Database::Sqlite(folder.path().join("gomark.db")))).await.unwrap();
    let client = Client::builder(format!("http://{}", app.local_addr())).connect().await.unwrap();
    client.register_company("acme").await.unwrap();
    client.connect_hubspot("acme", TOKEN).base_url(sandbox.base_url()).await.unwrap();
    let stage = client.add_field("acme", fields::text("Deal Stage")).await.unwrap();
    let tier = fields::select("Tier", [("Gold", "gold"), ("Silver", "silver")]);
    let tier = Field { group_name: "sales_ops".to_owned(), ..tier };
    let tier = client.add_field("acme", tier).await.unwrap();
    let label = Field { label: "Stage".to_owned(), ..Field::default() };
    let renamed = client.modify_field("acme", "deal_stage", label).await.unwrap();
    let back = client.rollback("acme", tier.revision).await.unwrap();
    for change in [stage, tier, renamed, back] {
        change.job.unwrap().wait().await.unwrap();
    }
    if let Some(said) = run("official_client/read.py", &[&sandbox.base_url(), TOKEN]).await {
        let read: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(
            read,
            json!({
                "deal_stage": { "label": "Deal Stage", "type": "string", "field_type": "text",
                                "group_name": "dealinformation", "options": [] },
                "tier": { "label": "Tier", "type": "enumeration", "field_type": "select",
                          "group_name": "sales_ops", "options": ["gold", "silver"] },
            })
        );
    }
    assert!(app.stop().await);
    assert!(supervisor.shutdown(Duration::from_secs(5)).await, "the sandbox stops when told");
}

/// A field of each type and each way of editing that goes with it.
fn every_field() -> Vec<Field> {
    use FieldType as F;
    use PropertyType as P;
    let pairs: [(P, &[F]); 7] = [
        (
            P::String,
            &[F::Text, F::Textarea, F::File, F::Html, F::Phonenumber, F::CalculationEquation],
        ),
        (P::Number, &[F::Number, F::CalculationEquation]),
        (P::Date, &[F::Date]),
        (P::Datetime, &[F::Date]),
        (
            P::Enumeration,
            &[F::Select, F::Radio, F::Checkbox, F::Booleancheckbox, F::CalculationEquation],
        ),
        (P::Bool, &[F::Booleancheckbox, F::CalculationEquation]),
        (P::PhoneNumber, &[F::Phonenumber]),
    ];
    let every = pairs.iter().flat_map(|(kind, all)| all.iter().map(move |edited| (*kind, *edited)));
    let mut every: Vec<_> = every.map(|(kind, edited)| field(kind, edited)).collect();
    every.push(Field {
        external_options: true,
        referenced_object_type: "OWNER".to_owned(),
        options: Vec::new(),
        name: "seller".to_owned(),
        ..field(P::Enumeration, F::Select)
    });
    every
}

fn field(kind: PropertyType, edited: FieldType) -> Field {
    let short = |name: &str, prefix: &str| name.trim_start_matches(prefix).to_lowercase();
    let kind_name = short(kind.as_str_name(), "PROPERTY_TYPE_");
    let edited_name = short(edited.as_str_name(), "FIELD_TYPE_");
    let option = |place: i32| FieldOption {
        label: format!("Option {place}"),
        value: format!("o{place}"),
        display_order: Some(9 - place),
        ..FieldOption::default()
    };
    Field {
        name: format!("a_{kind_name}_{edited_name}"),
        label: format!("{kind_name} by {edited_name}"),
        description: "What it is for".to_owned(),
        r#type: kind.into(),
        field_type: edited.into(),
        group_name: "sales_ops".to_owned(),
        options: match kind {
            PropertyType::Enumeration => (0..3).map(option).collect(),
            _ => Vec::new(),
        },
        calculation_formula: match edited {
            FieldType::CalculationEquation => {
                "IF amount > 1.50 AND dealname <> 'Big Deal' THEN amount*2 ELSE 0 ENDIF".to_owned()
            }
            _ => String::new(),
        },
        has_unique_value: edited == FieldType::Text || edited == FieldType::Number,
        hidden: (edited == FieldType::Radio).then_some(true),
        form_field: (edited == FieldType::Date).then_some(true),
        ..Field::default()
    }
}

/// What the official client is to read of what was decided.
fn definitions(decided: &Decided) -> Value {
    let short = |name: &str, prefix: &str| name.trim_start_matches(prefix).to_lowercase();
    let definition = |field: &Field| {
        let options = field.options.iter().map(|option| json!([option.label, option.value]));
        let definition = json!({
            "label": field.label,
            "description": field.description,
            "type": short(field.r#type().as_str_name(), "PROPERTY_TYPE_"),
            "field_type": short(field.field_type().as_str_name(), "FIELD_TYPE_"),
            "group_name": field.group_name,
            "options": options.collect::<Vec<_>>(),
            "calculation_formula": formula::canonical(&field.calculation_formula),
            "has_unique_value": field.has_unique_value,
            "hidden": field.hidden(),
            "form_field": field.form_field(),
            "external_options": field.external_options,
            "referenced_object_type": field.referenced_object_type,
        });
        (field.name.clone(), definition)
    };
    Value::Object(decided.fields.iter().map(definition).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_reads_back_every_definition() {
    const TOKEN: &str = "portal-of-acme";
    let supervisor = Supervisor::new();
    let sandbox =
        Sandbox::start(Config::default(), &supervisor, SystemClock::shared()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let app =
        App::start(settings(Database::Sqlite(folder.path().join("gomark.db")))).await.unwrap();
    let client = Client::builder(format!("http://{}", app.local_addr())).connect().await.unwrap();
    client.register_company("acme").await.unwrap();
    client.connect_hubspot("acme", TOKEN).base_url(sandbox.base_url()).await.unwrap();
    let mut jobs = Vec::new();
    let group = Group {
        name: "sales_ops".to_owned(),
        label: "Operations".to_owned(),
        display_order: Some(3),
        ..Group::default()
    };
    jobs.push(client.add_group("acme", group).await.unwrap().job.unwrap());
    for field in every_field() {
        jobs.push(client.add_field("acme", field).await.unwrap().job.unwrap());
    }
    for job in jobs {
        job.wait().await.unwrap();
    }
    let decided = client.get_config("acme").await.unwrap();
    assert_eq!(decided.fields.len(), 19);
    if let Some(said) =
        run("official_client/read_everything.py", &[&sandbox.base_url(), TOKEN]).await
    {
        let mut read: Value = serde_json::from_str(&said).unwrap();
        for definition in read["properties"].as_object_mut().unwrap().values_mut() {
            let kept = definition["calculation_formula"].as_str().unwrap();
            definition["calculation_formula"] = json!(formula::canonical(kept));
        }
        assert_eq!(read["properties"], definitions(&decided));
        let group = json!({ "label": "Operations", "display_order": 3 });
        assert_eq!(read["groups"]["sales_ops"], group);
    }
    assert!(app.stop().await);
    assert!(supervisor.shutdown(Duration::from_secs(5)).await, "the sandbox stops when told");
}
