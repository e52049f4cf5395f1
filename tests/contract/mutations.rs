//! What all mutations have in common. Which ones there are, their answers tell: `revision`, `job`
//! and `plan`.

use gomark_sdk::{Code, Error};
use prost_reflect::Value;

use crate::calls::{Answer, Rpc, mutate, text};
use crate::cases::{case, cases};
use crate::refusals::{details, reason, refused};
use crate::world::World;

fn mutations() -> Vec<Rpc> {
    Rpc::all().into_iter().filter(Rpc::is_mutation).collect()
}

#[tokio::test]
async fn a_wrong_request_names_the_field_and_the_rule() {
    let world = World::start().await;
    for case in cases() {
        let target = case.target(&world, "wrong").await;
        let before = world.state(&target.company).await;
        let answer = world.wire.send(case.rpc, (case.invalid)(&target)).await;
        let error = answer.expect_err(case.rpc);
        assert_eq!(error.code(), Some(Code::InvalidArgument), "{}: {error}", case.rpc);
        assert_eq!(reason(&error), "VALIDATION", "{}: {error}", case.rpc);
        let paths: Vec<_> = error.field_violations().iter().map(|v| v.field.as_str()).collect();
        assert_eq!(paths, [case.path], "{}: {error}", case.rpc);
        assert_eq!(world.state(&target.company).await, before, "{}", case.rpc);
        // The other request of the row is right: what was refused was refused for that field.
        world.wire.send(case.rpc, (case.valid)(&target)).await.expect(case.rpc);
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_request_id_stands_for_one_request_and_one_revision() {
    let world = World::start().await;
    for rpc in mutations() {
        let name = rpc.name();
        let case = case(&name);
        let target = case.target(&world, "once").await;
        let request = (case.valid)(&target);
        let before = world.revision(&target.company).await;
        let fields = |why: &str| [("request_id", text("r-1")), ("reason", text(why))];

        let first = mutate(&world.wire, &rpc, &request, &fields("as told")).await.unwrap();
        assert_eq!(first.revision, before + 1, "{name}");
        assert!(first.plan.is_some(), "{name}");
        let again = mutate(&world.wire, &rpc, &request, &fields("as told")).await.unwrap();
        assert_eq!(again, Answer { plan: None, ..first }, "{name}");
        assert_eq!(world.revision(&target.company).await, before + 1, "{name}");

        let entry = world.state(&target.company).await.unwrap().entries.pop().unwrap();
        assert_eq!(entry.revision, before + 1, "{name}");
        assert_eq!(
            (entry.request_id.as_str(), entry.reason.as_str()),
            ("r-1", "as told"),
            "{name}"
        );
        assert_eq!((entry.actor.as_str(), entry.door.as_str()), ("local", "grpc"), "{name}");

        let other = mutate(&world.wire, &rpc, &request, &fields("for another reason")).await;
        is_reused(other, &name);
        let invalid = (case.invalid)(&target);
        if name != "CompanyService/RegisterCompany" {
            // Also where the request is wrong: the id is looked up before anything else.
            is_reused(mutate(&world.wire, &rpc, &invalid, &fields("as told")).await, &name);
        }
        for other in mutations().into_iter().filter(|other| other.name() != name) {
            let request = (self::case(&other.name()).valid)(&target);
            let answer = mutate(&world.wire, &other, &request, &fields("as told")).await;
            is_reused(answer, &format!("{} after {name}", other.name()));
        }
        assert_eq!(world.revision(&target.company).await, before + 1, "{name}");
    }
    assert!(world.stop().await);
}

fn is_reused(answer: Result<Answer, Box<Error>>, what: &str) {
    let error = refused(answer, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let violation = &error.field_violations()[0];
    assert_eq!(violation.field, "request_id", "{what}");
    assert_eq!(violation.rule, "was used before with another request", "{what}");
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let world = World::start().await;
    for rpc in mutations() {
        let name = rpc.name();
        let target = case(&name).target(&world, "forgot").await;
        let before = world.revision(&target.company).await;
        let id = ("request_id", text("r-1"));
        let stale = [id.clone(), ("expected_revision", Value::I64(before + 7))];
        let request = (case(&name).valid)(&target);
        refused(
            mutate(&world.wire, &rpc, &request, &stale).await,
            Code::Aborted,
            "REVISION_MISMATCH",
        );
        let answer = mutate(&world.wire, &rpc, &request, &[id]).await.unwrap();
        assert_eq!(answer.revision, before + 1, "{name}");
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn an_expected_revision_is_the_present_one_or_the_change_is_refused() {
    let world = World::start().await;
    for rpc in mutations() {
        let name = rpc.name();
        let case = case(&name);
        let target = case.target(&world, "expects").await;
        let request = (case.valid)(&target);
        let before = world.state(&target.company).await;
        let present = before.as_ref().map_or(0, |state| state.company.revision);
        for wrong in
            [present + 1, (present - 1).max(1), i64::MAX].into_iter().filter(|r| *r != present)
        {
            let expected = [("expected_revision", Value::I64(wrong))];
            let answer = mutate(&world.wire, &rpc, &request, &expected).await;
            let error = refused(answer, Code::Aborted, "REVISION_MISMATCH");
            let revision = error.metadata().get("revision");
            assert_eq!(revision, Some(&present.to_string()), "{name}");
            let dry = [expected[0].clone(), ("validate_only", Value::Bool(true))];
            let dry = mutate(&world.wire, &rpc, &request, &dry).await;
            refused(dry, Code::Aborted, "REVISION_MISMATCH");
        }
        assert_eq!(world.state(&target.company).await, before, "{name}");
        let expected = [("expected_revision", Value::I64(present))];
        let answer = mutate(&world.wire, &rpc, &request, &expected).await.unwrap();
        assert_eq!(answer.revision, present + 1, "{name}");
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_dry_run_answers_as_the_change_would_and_changes_nothing() {
    let world = World::start().await;
    let dry =
        |request_id: &str| [("validate_only", Value::Bool(true)), ("request_id", text(request_id))];
    for rpc in mutations() {
        let name = rpc.name();
        let case = case(&name);
        let target = case.target(&world, "dry").await;
        let request = (case.valid)(&target);
        let before = world.state(&target.company).await;
        let present = before.as_ref().map_or(0, |state| state.company.revision);
        let mut plan = None;
        for id in ["", "d-1"] {
            let answer = mutate(&world.wire, &rpc, &request, &dry(id)).await.unwrap();
            assert_eq!((answer.revision, answer.job_id), (present, None), "{name}");
            plan = answer.plan;
            assert!(plan.is_some(), "{name}");
        }
        assert_eq!(world.state(&target.company).await, before, "{name}");

        // It fails exactly when the change would: with a wrong request, ...
        let invalid = (case.invalid)(&target);
        same_outcome(&world, &rpc, &invalid, &name).await;
        // ... where it succeeds (also under the id of the dry run, which nothing remembers), ...
        let id = [("request_id", text("d-1"))];
        let changed = mutate(&world.wire, &rpc, &request, &id).await.unwrap();
        assert_eq!(changed.revision, present + 1, "{name}");
        assert_eq!(changed.plan, plan, "{name}");
        // ... and a second time, when some have nothing left to do and others are refused.
        same_outcome(&world, &rpc, &request, &name).await;
        let ghost = crate::cases::Target::unknown(&world, "no-such-company");
        if name != "CompanyService/RegisterCompany" {
            same_outcome(&world, &rpc, &(case.valid)(&ghost), &name).await;
        }
    }
    assert!(world.stop().await);
}

/// The dry run first, then the call: both are refused alike, or neither is.
async fn same_outcome(world: &World, rpc: &Rpc, request: &[u8], what: &str) {
    let dry = [("validate_only", Value::Bool(true))];
    let dry = mutate(&world.wire, rpc, request, &dry).await;
    let real = mutate(&world.wire, rpc, request, &[]).await;
    let told = |error: &Error| {
        let status = error.status().unwrap();
        (status.code(), status.message().to_owned(), format!("{:?}", details(error)))
    };
    match (dry, real) {
        (Err(dry), Err(real)) => assert_eq!(told(&dry), told(&real), "{what}"),
        (Ok(dry), Ok(real)) => {
            // Nothing was left to do.
            assert_eq!((dry.revision, &dry.job_id), (real.revision, &None), "{what}");
            assert_eq!(real.job_id, None, "{what}");
        }
        (dry, real) => panic!("{what}: the dry run answered {dry:?}, the call {real:?}"),
    }
}
