//! What a token says of its bearer: who it is, and which companies there are.

use gomark_sdk::v1::ListCompaniesRequest;
use gomark_sdk::{Code, fields};

use crate::refusals::refused;
use crate::world::{ADA, EVE, World};

#[tokio::test]
async fn the_log_names_the_bearer_of_the_token() {
    let world = World::with_tokens(&["acme", "zeta"]).await;
    let ada = world.client_of(Some(ADA));
    ada.register_company("acme").reason("hers").await.unwrap();
    let added = ada.add_field("acme", fields::text("Tier")).await.unwrap();
    world.client.update_company("acme").display_name("Acme").await.unwrap();
    let job = added.job.unwrap();
    job.cancel().reason("not now").await.unwrap();

    let entries = ada.list_audit("acme").all().await.unwrap();
    let actors: Vec<_> = entries.iter().map(|entry| entry.actor.as_str()).collect();
    assert_eq!(actors, ["ada", "ada", "root"]);
    assert!(entries.iter().all(|entry| entry.door == "grpc"));
    assert_eq!(entries[0].reason, "hers");
    let mut events = job.watch(1);
    let cancelled = events.next().await.unwrap().unwrap();
    assert_eq!((cancelled.actor.as_str(), cancelled.reason.as_str()), ("ada", "not now"));
    assert!(world.stop().await);
}

#[tokio::test]
async fn companies_out_of_scope_are_not_listed_on_any_page() {
    let world = World::with_tokens(&["b-1", "d-1", "d-2", "f-1", "not-there"]).await;
    let all = ["a-1", "b-1", "c-1", "d-1", "d-2", "e-1", "f-1", "of-eve", "z-1"];
    for company in all {
        world.client.register_company(company).await.unwrap();
    }
    let root = world.client.clone();
    for (client, wanted) in [
        (world.client_of(Some(ADA)), &["b-1", "d-1", "d-2", "f-1"][..]),
        (world.client_of(Some(EVE)), &["of-eve"][..]),
        (root, &all[..]),
    ] {
        for page_size in [1, 2, 3, 4, 5, 100, 5_000] {
            let mut found = Vec::new();
            let mut page_token = String::new();
            loop {
                let request = ListCompaniesRequest { page_size, page_token };
                let page = client.raw_company().list_companies(request).await.unwrap().into_inner();
                assert!(page.companies.len() <= page_size as usize);
                found.extend(page.companies.into_iter().map(|company| company.company_id));
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
                assert!(found.len() < wanted.len(), "a token after the last page");
            }
            assert_eq!(found, wanted, "{page_size} a page");
        }
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_token_registers_companies_of_its_scope_alone() {
    let world = World::with_tokens(&["acme"]).await;
    let ada = world.client_of(Some(ADA));
    refused(ada.register_company("other").await, Code::NotFound, "COMPANY_NOT_FOUND");
    world.client.register_company("other").await.unwrap();
    refused(ada.register_company("other").await, Code::NotFound, "COMPANY_NOT_FOUND");
    ada.register_company("acme").await.unwrap();
    refused(ada.register_company("acme").await, Code::AlreadyExists, "COMPANY_EXISTS");
    assert!(world.stop().await);
}

#[tokio::test]
async fn an_account_of_others_is_taken_and_no_more_is_said() {
    let world = World::with_tokens(&["acme"]).await;
    world.connected("of-eve").await;
    let ada = world.client_of(Some(ADA));
    ada.register_company("acme").await.unwrap();
    let connect = ada.connect_hubspot("acme", "portal-of-of-eve").base_url(&world.hubspot_url);
    let error = refused(connect.await, Code::FailedPrecondition, "ACCOUNT_TAKEN");
    let status = format!("{:?}", error.status());
    assert!(!status.contains("of-eve"), "{status}");
    assert!(world.stop().await);
}
