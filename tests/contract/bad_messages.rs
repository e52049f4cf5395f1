//! Messages that are too large, that are none, that lack something, and what all requests share.

use gomark_sdk::Code;
use gomark_sdk::v1::*;
use prost::Message as _;
use prost_reflect::Value;

use crate::calls::{Rpc, text};
use crate::cases::{Stage, Target, case, cases};
use crate::refusals::{Bad, all_are_refused, bad, fits_into_headers, reason, refused};
use crate::world::World;

const MIB: usize = 1024 * 1024;

async fn is_malformed(world: &World, rpc: &str, message: Vec<u8>, what: &str) {
    let answer = world.wire.send(rpc, message).await;
    let error = refused(answer, Code::InvalidArgument, "MALFORMED_MESSAGE");
    assert_eq!(error.field_violations()[0].rule, what, "{rpc}");
}

#[tokio::test]
async fn a_message_of_more_than_four_mebibytes_is_not_taken() {
    let world = World::start().await;
    let target = Target::prepare(&world, Stage::Registered, "acme").await;
    let before = world.state("acme").await;
    for case in cases() {
        // A field that no message has: what is too large is not looked into.
        let mut message = (case.valid)(&target);
        prost::encoding::bytes::encode(4_000, &vec![0_u8; 5 * MIB], &mut message);
        is_malformed(&world, case.rpc, message, "it must be at most 4 MiB").await;
    }
    assert_eq!(world.state("acme").await, before);
    let mut fits = (case("ConfigService/GetConfig").valid)(&target);
    prost::encoding::bytes::encode(4_000, &vec![0_u8; 4 * MIB - 100], &mut fits);
    world.wire.send("ConfigService/GetConfig", fits).await.unwrap();
    assert!(world.stop().await);
}

#[tokio::test]
async fn what_is_no_message_is_not_taken() {
    let world = World::start().await;
    Target::prepare(&world, Stage::Registered, "acme").await;
    let before = world.state("acme").await;
    for case in cases() {
        // Field 1 of every request is a text, a message or, once, a number.
        let (text_of_no_unicode, cut_off) = (vec![0x0a, 0x02, 0xc3, 0x28], vec![0x0a, 0x7f, 0x61]);
        let rubbish = vec![0xff; 64];
        for message in [text_of_no_unicode, cut_off, rubbish, b"{\"company_id\":\"acme\"}".to_vec()]
        {
            is_malformed(&world, case.rpc, message, "it cannot be decoded").await;
        }
    }
    assert_eq!(world.state("acme").await, before);
    assert!(world.stop().await);
}

#[tokio::test]
async fn an_empty_message_lacks_what_has_to_be_given() {
    let world = World::start().await;
    for rpc in Rpc::all() {
        let answer = world.wire.send(&rpc.name(), Vec::new()).await;
        if !rpc.is_about_one() {
            answer.unwrap();
            continue;
        }
        let error = refused(answer, Code::InvalidArgument, "VALIDATION");
        let first = &error.field_violations()[0].field;
        assert!(
            ["company_id", "company.company_id", "job_id", "vendor", "name"]
                .iter()
                .any(|path| path == first),
            "{}: {error}",
            rpc.name()
        );
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    let company_id = || "acme".to_owned();
    let given = "must be given";
    let add = AddFieldRequest { company_id: company_id(), ..AddFieldRequest::default() };
    let modify = ModifyFieldRequest {
        company_id: company_id(),
        name: "tier".to_owned(),
        ..ModifyFieldRequest::default()
    };
    let remove = RemoveFieldRequest { company_id: company_id(), ..RemoveFieldRequest::default() };
    let add_cadence =
        AddCadenceRequest { company_id: company_id(), ..AddCadenceRequest::default() };
    let remove_cadence =
        RemoveCadenceRequest { company_id: company_id(), ..RemoveCadenceRequest::default() };
    let disconnect =
        DisconnectVendorRequest { company_id: company_id(), ..DisconnectVendorRequest::default() };
    let update = UpdateCompanyRequest {
        company: Some(Company { company_id: company_id(), ..Company::default() }),
        ..UpdateCompanyRequest::default()
    };
    let rows = vec![
        bad("a field", "ConfigService/AddField", &add, "field", given),
        bad("a field", "ConfigService/ModifyField", &modify, "field", given),
        bad("a name", "ConfigService/RemoveField", &remove, "name", given),
        bad("a cadence", "ConfigService/AddCadence", &add_cadence, "cadence", given),
        bad("an id", "ConfigService/RemoveCadence", &remove_cadence, "cadence_id", given),
        bad("a vendor", "CompanyService/DisconnectVendor", &disconnect, "vendor", given),
        bad("a name", "CompanyService/UpdateCompany", &update, "company.display_name", given),
    ];
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

#[tokio::test]
async fn what_all_mutations_carry_is_checked() {
    let world = World::start().await;
    for rpc in Rpc::all().into_iter().filter(Rpc::is_mutation) {
        let name: &'static str = cases().iter().find(|case| case.rpc == rpc.name()).unwrap().rpc;
        let target = case(name).target(&world, "carry").await;
        let request = (case(name).valid)(&target);
        let row = |field: &str, value: Value, rule: &str| {
            Bad::new(field, name, rpc.with(&request, &[(field, value)]).to_vec(), field, rule)
        };
        let control = "must not contain control characters";
        let breaks = "must not contain control characters other than line breaks";
        let all = [
            ("request_id", text("x".repeat(129))),
            ("expected_revision", Value::I64(-1)),
            ("reason", text("x".repeat(1_001))),
        ];
        let (id_rule, revision_rule, reason_rule) = (
            "must be at most 128 characters long",
            "must not be negative",
            "must be at most 1000 characters long",
        );
        let rows = vec![
            row("request_id", all[0].1.clone(), id_rule),
            row("request_id", text("a\nb"), control),
            row("request_id", text("a\u{0}"), control),
            row("expected_revision", all[1].1.clone(), revision_rule),
            row("expected_revision", Value::I64(i64::MIN), revision_rule),
            row("reason", all[2].1.clone(), reason_rule),
            row("reason", text("a\u{7}"), breaks),
            row("reason", text("a\u{0}"), breaks),
            Bad::new("all", name, rpc.with(&request, &all).to_vec(), "request_id", id_rule)
                .and("expected_revision", revision_rule)
                .and("reason", reason_rule),
        ];
        all_are_refused(&world, &target.company, rows).await;
        // Characters are counted, not bytes.
        let most = [
            ("request_id", text("\u{e9}".repeat(128))),
            ("reason", text(format!("{}\r\n\t", "\u{e9}".repeat(997)))),
        ];
        world.wire.send(name, rpc.with(&request, &most)).await.expect(name);
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn what_job_actions_carry_is_checked() {
    let world = World::start().await;
    for rpc in Rpc::all().into_iter().filter(Rpc::is_job_action) {
        let target = case(&rpc.name()).target(&world, "jobcarry").await;
        let request = (case(&rpc.name()).valid)(&target);
        let wrong = [
            ("request_id", "x".repeat(129), "must be at most 128 characters long"),
            ("request_id", "a\u{0}".to_owned(), "must not contain control characters"),
            ("reason", "x".repeat(1_001), "must be at most 1000 characters long"),
            ("job_id", String::new(), "must be given"),
        ];
        let before = world.state(&target.company).await;
        for (field, value, rule) in wrong {
            let request = rpc.with(&request, &[(field, text(value))]);
            let answer = world.wire.send(&rpc.name(), request).await;
            let error = refused(answer, Code::InvalidArgument, "VALIDATION");
            let violation = &error.field_violations()[0];
            assert_eq!((violation.field.as_str(), violation.rule.as_str()), (field, rule));
        }
        assert_eq!(world.state(&target.company).await, before);
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_request_that_is_wrong_all_over_is_refused_like_any_other() {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    let before = world.state("acme").await;
    let blank = vec![FieldOption { value: ";".repeat(900), ..FieldOption::default() }; 3_000];
    let options = Field {
        r#type: PropertyType::Enumeration.into(),
        options: blank,
        name: "new".to_owned(),
        ..Field::default()
    };
    let add = AddFieldRequest {
        company_id: "acme".to_owned(),
        field: Some(options),
        ..AddFieldRequest::default()
    };
    let states = ListJobsRequest {
        company_id: "acme".to_owned(),
        states: vec![99; 100_000],
        ..ListJobsRequest::default()
    };
    let mask = prost_types::FieldMask { paths: vec!["x".repeat(100); 30_000] };
    let modify = ModifyFieldRequest {
        company_id: "acme".to_owned(),
        name: "tier".to_owned(),
        update_mask: Some(mask),
        ..ModifyFieldRequest::default()
    };
    let requests = [
        ("ConfigService/AddField", add.encode_to_vec(), "field.options[0].label"),
        ("ConfigService/ListJobs", states.encode_to_vec(), "states[0]"),
        ("ConfigService/ModifyField", modify.encode_to_vec(), "update_mask.paths[0]"),
    ];
    for (rpc, request, first) in requests {
        let error = world.wire.send(rpc, request).await.expect_err(rpc);
        assert_eq!(error.code(), Some(Code::InvalidArgument), "{rpc}: {error}");
        assert_eq!(reason(&error), "VALIDATION", "{rpc}");
        assert_eq!(error.field_violations()[0].field, first, "{rpc}");
        fits_into_headers(&error);
    }
    assert_eq!(world.state("acme").await, before);
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_name_of_any_length_is_not_found() {
    let world = World::start().await;
    let target = Target::prepare(&world, Stage::Registered, "acme").await;
    let before = world.state("acme").await;
    for name in ["n".repeat(3 * MIB), "\u{4ea4}".repeat(MIB), "\u{0}\n\u{7f}%".repeat(1_000)] {
        let remove = RemoveFieldRequest {
            company_id: "acme".to_owned(),
            name: name.clone(),
            ..RemoveFieldRequest::default()
        };
        let answer = world.wire.send("ConfigService/RemoveField", remove.encode_to_vec()).await;
        let error = refused(answer, Code::NotFound, "FIELD_NOT_FOUND");
        assert!(name.starts_with(&error.resource().unwrap().name), "{error}");
        fits_into_headers(&error);
        let job = GetJobRequest { job_id: name };
        let answer = world.wire.send("ConfigService/GetJob", job.encode_to_vec()).await;
        fits_into_headers(&refused(answer, Code::NotFound, "JOB_NOT_FOUND"));
    }
    assert_eq!(world.state(&target.company).await, before);
    assert!(world.stop().await);
}
