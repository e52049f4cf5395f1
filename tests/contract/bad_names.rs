//! Names and ids that are refused.

use gomark_sdk::v1::*;
use gomark_sdk::{Code, fields};
use prost::Message as _;

use crate::refusals::{Bad, all_are_refused, bad, refused};
use crate::world::World;

const ADD: &str = "ConfigService/AddField";
const PATTERN: &str = "must match ^[a-z][a-z0-9_]{0,99}$";
const COMPANY_PATTERN: &str = "must match ^[a-z0-9][a-z0-9_-]{0,62}$";

fn add(field: Field) -> AddFieldRequest {
    AddFieldRequest {
        company_id: "acme".to_owned(),
        field: Some(field),
        ..AddFieldRequest::default()
    }
}

#[tokio::test]
async fn a_field_has_a_name_that_hubspot_takes() {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    let too_long = "a".repeat(101);
    let wrong = [
        "Deal",
        "dEal",
        "1deal",
        "_deal",
        "deal.stage",
        "deal-stage",
        "deal stage",
        " deal",
        "deal\n",
        "d\u{e9}al",
        "deal\u{0}",
        "\u{200b}deal",
        &too_long,
    ];
    let named = |name: &str| Field { name: name.to_owned(), ..fields::text("Label") };
    let mut rows: Vec<_> = wrong
        .iter()
        .map(|name| bad(*name, ADD, &add(named(name)), "field.name", PATTERN))
        .collect();
    let reserved = "must not begin with hs_, which HubSpot keeps for its own properties";
    rows.push(bad("reserved", ADD, &add(named("hs_deal")), "field.name", reserved));
    // A name that is made from the label follows the same rules.
    rows.push(bad("reserved", ADD, &add(fields::text("HS Deal")), "field.name", reserved));
    let nothing = "must be given where no name can be derived from the label";
    for label in ["", "1st", "\u{4ea4}\u{6613}", "_", "!"] {
        rows.push(bad(label, ADD, &add(fields::text(label)), "field.name", nothing));
    }
    for group in ["Sales", "1sales", "sales ops", "sales.ops", "_sales", &too_long] {
        let field = Field { group_name: group.to_owned(), ..fields::text("Label") };
        rows.push(bad(group, ADD, &add(field), "field.group_name", PATTERN));
    }
    let id = Field { field_id: "field-7".to_owned(), ..fields::text("Label") };
    let given = "must not be given: GoMark gives it";
    rows.push(bad("an id", ADD, &add(id), "field.field_id", given));
    all_are_refused(&world, "acme", rows).await;

    let longest = named(&"a".repeat(100));
    world.client.add_field("acme", longest.clone()).await.unwrap();
    let exists = world.client.add_field("acme", longest).await;
    let exists = refused(exists, Code::AlreadyExists, "FIELD_EXISTS");
    let resource = exists.resource().unwrap();
    assert_eq!((resource.kind.as_str(), resource.name.len()), ("field", 100));
    assert_eq!(world.revision("acme").await, 2);
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_company_id_follows_its_pattern_wherever_it_is_given() {
    let world = World::start().await;
    let too_long = "a".repeat(64);
    let wrong =
        ["", "-acme", "_acme", "Acme", "ac.me", "ac me", "acme\n", "\u{e9}", "a/b", &too_long];
    let rows = wrong.iter().flat_map(|id| by_all(id));
    all_are_refused(&world, "acme", rows.collect()).await;
    let longest = "a".repeat(63);
    world.client.register_company(&longest).await.unwrap();
    assert_eq!(world.client.get_company(&longest).await.unwrap().display_name, longest);
    assert!(world.stop().await);
}

/// Every request that names a company by its id.
fn by_all(id: &str) -> Vec<Bad> {
    let company = || Company {
        company_id: id.to_owned(),
        display_name: "Name".to_owned(),
        ..Company::default()
    };
    let row = |rpc, request: Vec<u8>, path| {
        Bad::new(format!("{id:?}"), rpc, request, path, COMPANY_PATTERN)
    };
    let register =
        RegisterCompanyRequest { company: Some(company()), ..RegisterCompanyRequest::default() };
    let update =
        UpdateCompanyRequest { company: Some(company()), ..UpdateCompanyRequest::default() };
    // All the others have it as their field 1.
    let plain = GetCompanyRequest { company_id: id.to_owned() }.encode_to_vec();
    let connect = ConnectVendorRequest {
        company_id: id.to_owned(),
        vendor: Vendor::Hubspot.into(),
        settings: Some(crate::cases::hubspot("a-token-1".to_owned())),
        ..ConnectVendorRequest::default()
    };
    vec![
        row("CompanyService/RegisterCompany", register.encode_to_vec(), "company.company_id"),
        row("CompanyService/UpdateCompany", update.encode_to_vec(), "company.company_id"),
        row("CompanyService/GetCompany", plain.clone(), "company_id"),
        row("CompanyService/ConnectVendor", connect.encode_to_vec(), "company_id"),
        row("CompanyService/DisconnectVendor", plain.clone(), "company_id"),
        row("ConfigService/AddField", plain.clone(), "company_id"),
        row("ConfigService/ModifyField", plain.clone(), "company_id"),
        row("ConfigService/RemoveField", plain.clone(), "company_id"),
        row("ConfigService/Rollback", plain.clone(), "company_id"),
        row("ConfigService/GetConfig", plain.clone(), "company_id"),
        row("ConfigService/ListAudit", plain.clone(), "company_id"),
        row("ConfigService/ListJobs", plain, "company_id"),
    ]
}

#[tokio::test]
async fn an_unknown_company_is_not_found() {
    let world = World::start().await;
    for case in crate::cases::cases() {
        let about_jobs = case.rpc.ends_with("Job");
        let about_all = ["CompanyService/RegisterCompany", "CompanyService/ListCompanies"];
        if about_jobs || about_all.contains(&case.rpc) {
            continue;
        }
        let nobody = crate::cases::Target::unknown(&world, "nobody");
        let answer = world.wire.send(case.rpc, (case.valid)(&nobody)).await;
        let error = refused(answer, Code::NotFound, "COMPANY_NOT_FOUND");
        let resource = error.resource().unwrap();
        assert_eq!((resource.kind.as_str(), resource.name.as_str()), ("company", "nobody"));
    }
    assert_eq!(world.state("nobody").await, None);
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_company_has_a_display_name_to_show() {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    let (blank, long, control) = (
        "must not be blank",
        "must be at most 255 characters long",
        "must not contain control characters",
    );
    let wrong = [(" ", blank), (&"x".repeat(256), long), ("a\nb", control), ("a\u{0}", control)];
    let mut rows = Vec::new();
    for (name, rule) in wrong {
        let company = |id: &str| Company {
            company_id: id.to_owned(),
            display_name: name.to_owned(),
            ..Company::default()
        };
        let register = RegisterCompanyRequest {
            company: Some(company("other")),
            ..RegisterCompanyRequest::default()
        };
        let update = UpdateCompanyRequest {
            company: Some(company("acme")),
            ..UpdateCompanyRequest::default()
        };
        let path = "company.display_name";
        rows.push(bad(name, "CompanyService/RegisterCompany", &register, path, rule));
        rows.push(bad(name, "CompanyService/UpdateCompany", &update, path, rule));
    }
    all_are_refused(&world, "acme", rows).await;
    assert_eq!(world.state("other").await, None);
    let longest = "\u{e9}".repeat(255);
    world.client.update_company("acme").display_name(&longest).await.unwrap();
    assert!(world.stop().await);
}
