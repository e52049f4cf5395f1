//! Who may call what: without a token nobody anything, and with one nobody learns whether a company
//! of others exists.

use gomark_sdk::{Code, Error};

use crate::calls::{Rpc, text};
use crate::cases::{Stage, Target, case, cases};
use crate::refusals::{details, reason};
use crate::world::{ADA, EVE, World};

/// The companies of Ada, who is let in. Eve is let in too, for a company of her own.
const OWN: &str = "of-ada";

#[tokio::test]
async fn without_a_token_that_is_known_there_is_no_call() {
    let world = World::with_tokens(&[OWN]).await;
    let target = Target::prepare(&world, Stage::Registered, OWN).await;
    let before = world.state(OWN).await;
    let wrong = "Bearer no-token-of-anybody";
    let wires = [
        world.wire.without_token(),
        world.wire.with_authorization(wrong),
        world.wire.with_authorization(ADA),
        world.wire.with_authorization(&format!("Basic {ADA}")),
        world.wire.with_authorization(&format!("Bearer {ADA}x")),
        world.wire.with_authorization("Bearer"),
    ];
    for case in cases() {
        for (index, wire) in wires.iter().enumerate() {
            for request in [(case.valid)(&target), (case.invalid)(&target), b"\xff".to_vec()] {
                let error = wire.send(case.rpc, request).await.expect_err(case.rpc);
                assert_eq!(error.code(), Some(Code::Unauthenticated), "{} {index}", case.rpc);
                assert_eq!(reason(&error), "UNAUTHENTICATED", "{}", case.rpc);
                assert!(error.field_violations().is_empty(), "{}", case.rpc);
            }
        }
    }
    assert_eq!(world.state(OWN).await, before);
    assert!(world.stop().await);
}

#[tokio::test]
async fn an_rpc_that_there_is_not_is_not_told_without_a_token() {
    let world = World::with_tokens(&[OWN]).await;
    for rpc in ["ConfigService/NoSuchCall", "CompanyService/NoSuchCall"] {
        let error = world.wire.without_token().send(rpc, Vec::new()).await.expect_err(rpc);
        assert_eq!(reason(&error), "UNAUTHENTICATED", "{rpc}");
        let error = world.wire.send(rpc, Vec::new()).await.expect_err(rpc);
        assert_eq!(error.code(), Some(Code::Unimplemented), "{rpc}");
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_company_of_others_is_one_that_does_not_exist() {
    let world = World::with_tokens(&[OWN]).await;
    let eve = world.wire.with_token(EVE);
    let ghost = Target::unknown(&world, "nobody");
    for rpc in Rpc::all().into_iter().filter(Rpc::is_about_one) {
        let name = rpc.name();
        let case = case(&name);
        // A company that is registered has more to hide than one that is not.
        let stage = match case.stage {
            Stage::Unregistered => Stage::Registered,
            stage => stage,
        };
        let company = format!("others-{}", name.to_lowercase().replace('/', "-"));
        let foreign = Target::prepare(&world, stage, &company).await;
        let before = world.state(&company).await;
        for (kind, request) in [("valid", case.valid), ("invalid", case.invalid)] {
            let of_foreign = eve.send(&name, request(&foreign)).await.expect_err(&name);
            let of_ghost = eve.send(&name, request(&ghost)).await.expect_err(&name);
            assert_ne!(of_foreign.code(), Some(Code::PermissionDenied), "{name}");
            if kind == "valid" {
                assert_eq!(of_foreign.code(), Some(Code::NotFound), "{name}: {of_foreign}");
                let wanted = match name.contains("Job/") || name.ends_with("Job") {
                    true => "JOB_NOT_FOUND",
                    false => "COMPANY_NOT_FOUND",
                };
                assert_eq!(reason(&of_foreign), wanted, "{name}");
            }
            assert_eq!(
                told(&of_foreign, &foreign.company),
                told(&of_ghost, &ghost.company),
                "{name}: an answer tells whether a company of others exists"
            );
        }
        assert_eq!(world.state(&company).await, before, "{name}");
    }
    assert_eq!(world.state(&ghost.company).await, None);
    assert!(world.stop().await);
}

#[tokio::test]
async fn what_was_done_under_a_request_id_is_not_told_to_others() {
    let world = World::with_tokens(&[OWN]).await;
    let eve = world.wire.with_token(EVE);
    let ghost = Target::unknown(&world, "nobody");
    for rpc in Rpc::all().into_iter().filter(|rpc| rpc.is_mutation() || rpc.is_job_action()) {
        let name = rpc.name();
        let case = case(&name);
        let foreign = case.target(&world, "told").await;
        let used = [("request_id", text("used"))];
        world.wire.send(&name, rpc.with(&(case.valid)(&foreign), &used)).await.unwrap();
        for request in [case.valid, case.invalid] {
            let repeat = rpc.with(&request(&foreign), &used);
            let of_foreign = eve.send(&name, repeat).await.expect_err(&name);
            let of_ghost = eve.send(&name, rpc.with(&request(&ghost), &used)).await;
            let of_ghost = of_ghost.expect_err(&name);
            assert_eq!(
                told(&of_foreign, &foreign.company),
                told(&of_ghost, &ghost.company),
                "{name}"
            );
        }
    }
    assert!(world.stop().await);
}

/// The whole of an answer, but for the name of the company.
fn told(error: &Error, company: &str) -> String {
    let status = error.status().unwrap();
    let all = format!("{:?} {} {:?}", status.code(), status.message(), details(error));
    all.replace(company, "COMPANY")
}
