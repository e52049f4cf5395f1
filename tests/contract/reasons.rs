//! The closed list of reasons: each is told as its comment says, or cannot be brought about here.

use futures::StreamExt as _;
use futures::future::join_all;
use gomark_sdk::v1::*;
use gomark_sdk::{Code, Error, cadences, fields};
use prost_reflect::EnumValueDescriptor;

use crate::calls::descriptors;
use crate::cases::{Stage, Target};
use crate::refusals::{details, reason};
use crate::world::World;

/// The reasons that no call can bring about here, and why.
const OUT_OF_REACH: [(&str, &str); 8] = [
    ("UNSPECIFIED", "is never sent"),
    ("STORE_UNAVAILABLE", "the database is a file that the service alone holds open"),
    ("DEADLINE_EXCEEDED", "a client of ours stops waiting by itself first; see tests/server"),
    ("DRIFT_STATE", "needs a change that somebody made at a vendor; see tests/blackbox"),
    ("NOT_SCANNED", "needs a connection that was not scanned; see tests/blackbox"),
    ("FIELD_GOING", "needs a vendor that still holds what was removed; see tests/blackbox"),
    ("FIELD_AMBIGUOUS", "only HTTP calls find fields by their label"),
    ("INTERNAL", "would be a fault of GoMark's"),
];

/// The values of `ErrorReason`, without their prefix.
fn values() -> Vec<(String, EnumValueDescriptor)> {
    let reasons = descriptors().get_enum_by_name("gomark.v1.ErrorReason").unwrap();
    let short = |value: &EnumValueDescriptor| {
        value.name().strip_prefix("ERROR_REASON_").unwrap().to_owned()
    };
    reasons.values().map(|value| (short(&value), value)).collect()
}

/// The code that the comment of a value begins with.
fn documented_code(value: &EnumValueDescriptor) -> String {
    let file = value.parent_enum().parent_file();
    let info = file.file_descriptor_proto().source_code_info.clone().unwrap();
    let location = info.location.into_iter().find(|location| location.path == value.path());
    let comment = location.unwrap().leading_comments.unwrap();
    comment.trim().split_once(':').unwrap().0.to_owned()
}

#[tokio::test]
async fn every_reason_is_told_as_its_comment_says() {
    let values = values();
    assert!(values.len() >= 25);
    for (name, value) in &values {
        if let Some((_, why)) = OUT_OF_REACH.iter().find(|(out, _)| out == name) {
            assert!(!why.is_empty());
            continue;
        }
        let error = provoke(name).await;
        assert_eq!(reason(&error), *name, "{error}");
        let code = error.code().unwrap();
        assert_eq!(error.status().unwrap().code(), code, "{name}");
        assert_eq!(name_of(code), documented_code(value), "{name}");
        has_what_belongs_to_it(&error, code, name);
    }
    for (out, _) in OUT_OF_REACH {
        assert!(values.iter().any(|(name, _)| name == out), "{out} is no reason any more");
    }
}

/// What the comment of `ErrorReason` promises beside the `ErrorInfo`.
fn has_what_belongs_to_it(error: &Error, code: Code, name: &str) {
    let details = details(error);
    let wrong_input = code == Code::InvalidArgument;
    let violations = details.bad_request().map_or(0, |request| request.field_violations.len());
    assert_eq!(violations > 0, wrong_input, "{name}: {details:?}");
    let about_a_thing = matches!(code, Code::NotFound | Code::AlreadyExists);
    assert_eq!(details.resource_info().is_some(), about_a_thing, "{name}: {details:?}");
    let worth_repeating = code == Code::Unavailable || name == "OVERLOADED";
    assert_eq!(error.retry_after().is_some(), worth_repeating, "{name}: {details:?}");
    assert_eq!(error.is_retryable(), worth_repeating, "{name}");
    assert!(details.debug_info().is_none() && details.request_info().is_none(), "{name}");
    assert!(!error.status().unwrap().message().is_empty(), "{name}");
}

/// The name of a code, as gRPC spells it.
fn name_of(code: Code) -> String {
    let mut name = String::new();
    for c in format!("{code:?}").chars() {
        if c.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}

/// Brings a reason about, in a world of its own.
async fn provoke(reason: &str) -> Box<Error> {
    match reason {
        "UNAUTHENTICATED" => {
            let world = World::with_tokens(&["acme"]).await;
            let error = world.client_of(None).get_company("acme").await.unwrap_err();
            assert!(world.stop().await);
            error.into()
        }
        "OVERLOADED" => overloaded().await,
        "SHUTTING_DOWN" => shutting_down().await,
        "CONNECTION_AGED" => connection_aged().await,
        _ => {
            let world = World::start().await;
            let target = Target::prepare(&world, Stage::Registered, "acme").await;
            let before = world.state("acme").await;
            let error = in_world(&world, &target, reason).await;
            assert_eq!(world.state("acme").await, before, "{reason}");
            assert!(world.stop().await);
            error
        }
    }
}

async fn in_world(world: &World, target: &Target, reason: &str) -> Box<Error> {
    let client = &world.client;
    let connect = |company: &str, token: &str, url: &str| {
        client.connect_hubspot(company, token).base_url(url)
    };
    let answer = match reason {
        "DRIFT_NOT_FOUND" => client.resolve_drift("acme", [9], DriftResolution::Adopt).await.err(),
        "VALIDATION" => client.add_field("acme", fields::text(" ")).await.err(),
        "REQUEST_ID_REUSED" => {
            client.register_company("other").request_id("r-1").await.unwrap();
            client.register_company("other").request_id("r-1").reason("again").await.err()
        }
        "MALFORMED_MESSAGE" => {
            return world.wire.send("ConfigService/GetJob", vec![0xff; 9]).await.unwrap_err();
        }
        "CREDENTIAL_REFUSED" => connect("acme", "invalid-token", &world.hubspot_url).await.err(),
        "COMPANY_NOT_FOUND" => client.get_company("nobody").await.err(),
        "FIELD_NOT_FOUND" => client.remove_field("acme", "nothing").await.err(),
        "GROUP_NOT_FOUND" => client.remove_group("acme", "nothing").await.err(),
        "GROUP_EXISTS" | "GROUP_IN_USE" => {
            client.register_company("other").await.unwrap();
            let ops = Group { name: "ops".to_owned(), ..Group::default() };
            client.add_group("other", ops.clone()).await.unwrap();
            let tier = Field { group_name: "ops".to_owned(), ..fields::text("Tier") };
            client.add_field("other", tier).await.unwrap();
            match reason {
                "GROUP_EXISTS" => client.add_group("other", ops).await.err(),
                _ => client.remove_group("other", "ops").await.err(),
            }
        }
        "CADENCE_NOT_FOUND" => client.remove_cadence("acme", "nothing").await.err(),
        "CADENCE_EXISTS" => {
            client.register_company("other").await.unwrap();
            let trial = cadences::cadence("Trial", [cadences::email("Hello", "Text")]);
            client.add_cadence("other", trial.clone()).await.unwrap();
            client.add_cadence("other", trial).await.err()
        }
        "JOB_NOT_FOUND" => client.get_job("acme.99").await.err(),
        "REVISION_NOT_FOUND" => client.rollback("acme", 99).await.err(),
        "COMPANY_EXISTS" => client.register_company("acme").await.err(),
        "FIELD_EXISTS" => client.add_field("acme", fields::text("Tier")).await.err(),
        "REVISION_MISMATCH" => client.remove_field("acme", "tier").expected_revision(1).await.err(),
        "MIN_REVISION_NOT_REACHED" => client.get_config("acme").min_revision(99).await.err(),
        "JOB_STATE" => client.cancel_job(&target.cancelled_job).await.err(),
        "NOT_CONNECTED" => client.disconnect_vendor("acme", Vendor::Hubspot).await.err(),
        "ACCOUNT_TAKEN" => {
            world.connected("other").await;
            connect("acme", "portal-of-other", &world.hubspot_url).await.err()
        }
        "LIMIT_REACHED" => too_much(world).await.err(),
        "VENDOR_UNAVAILABLE" => {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let nobody = format!("http://{}", listener.local_addr().unwrap());
            drop(listener);
            connect("acme", "a-token-1", &nobody).await.err()
        }
        other => panic!("{other} has no case, and no reason why it can have none"),
    };
    answer.unwrap_or_else(|| panic!("{reason}: was not refused")).into()
}

/// Fields of half a mebibyte each, until there is no room.
async fn too_much(world: &World) -> Result<(), Error> {
    world.client.register_company("large").await.unwrap();
    let option = |place: usize| FieldOption {
        label: format!("{} {place}", "\u{20ac}".repeat(340)),
        value: place.to_string(),
        ..FieldOption::default()
    };
    for number in 0..40 {
        let options = (0..495).map(option).collect();
        let field = Field {
            name: format!("large_{number}"),
            r#type: PropertyType::Enumeration.into(),
            options,
            ..Field::default()
        };
        world.client.add_field("large", field).await?;
    }
    Ok(())
}

/// One mutation may wait; of many at once all others are refused, and nothing of them is done.
async fn overloaded() -> Box<Error> {
    let world = World::with(|settings| settings.queue_max = 1).await;
    world.client.register_company("acme").await.unwrap();
    let mut accepted = 1;
    // While one is committed one may wait: it takes no more than a few rounds for a third to come.
    for round in 0..100 {
        let add = |number| {
            let field = fields::text(format!("F {round} {number}"));
            world.client.add_field("acme", field).into_future()
        };
        let answers = join_all((0..50).map(add));
        let mut refused = None;
        for answer in answers.await {
            match answer {
                Ok(_) => accepted += 1,
                Err(error) => {
                    assert_eq!(reason(&error), "OVERLOADED");
                    refused = Some(error);
                }
            }
        }
        if let Some(error) = refused {
            assert_eq!(world.revision("acme").await, accepted);
            assert!(world.stop().await);
            return error.into();
        }
    }
    panic!("five thousand changes found room for one");
}

/// A stream whose connection reaches its age says that it has to be opened again.
async fn connection_aged() -> Box<Error> {
    let age = std::time::Duration::from_millis(500);
    let world = World::with(|settings| settings.serving.connection_age = Some(age)).await;
    let target = Target::prepare(&world, Stage::Registered, "acme").await;
    let request = WatchJobRequest { job_id: target.open_job.clone(), after_seq: 0 };
    let mut stream = world.client.raw_config().watch_job(request).await.unwrap().into_inner();
    let event = stream.message().await.unwrap().unwrap().event.unwrap();
    assert_eq!(event.seq, 1);
    let last = stream.next().await;
    assert!(world.stop().await);
    Box::new(last.unwrap().unwrap_err().into())
}

/// A stream that is open when the service stops says that it has to be resumed elsewhere.
async fn shutting_down() -> Box<Error> {
    let world = World::start().await;
    let target = Target::prepare(&world, Stage::Registered, "acme").await;
    let request = WatchJobRequest { job_id: target.open_job.clone(), after_seq: 0 };
    let mut stream = world.client.raw_config().watch_job(request).await.unwrap().into_inner();
    let event = stream.message().await.unwrap().unwrap().event.unwrap();
    assert_eq!(event.seq, 1);
    let (in_time, last) = tokio::join!(world.stop(), stream.next());
    assert!(in_time);
    Box::new(last.unwrap().unwrap_err().into())
}
