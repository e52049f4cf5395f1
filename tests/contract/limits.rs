//! How much there may be, and how much of it one page holds.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use gomark_sdk::v1::*;
use gomark_sdk::{Change, Code, Error, fields};
use prost::Message as _;

use crate::refusals::refused;
use crate::world::World;

const FIELDS_MAX: usize = 2_000;

/// Makes many changes, many at a time.
async fn all<F>(changes: impl Iterator<Item = F>) -> Vec<Change>
where
    F: IntoFuture<Output = Result<Change, Error>>,
{
    let changes = changes.map(IntoFuture::into_future);
    stream::iter(changes).buffer_unordered(200).try_collect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_has_at_most_two_thousand_fields() {
    let world = World::start().await;
    let client = &world.client;
    client.register_company("acme").await.unwrap();
    let number = |number: usize| client.add_field("acme", fields::text(format!("Field {number}")));
    all((0..FIELDS_MAX).map(number)).await;
    let full = client.get_company("acme").await.unwrap();
    assert_eq!(full.revision, 1 + 2_000);

    for attempt in [number(FIELDS_MAX), number(FIELDS_MAX).validate_only()] {
        let error = refused(attempt.await, Code::ResourceExhausted, "LIMIT_REACHED");
        assert_eq!(error.metadata().get("limit").unwrap(), "at most 2000 fields");
        assert!(error.to_string().contains("at most 2000 fields"), "{error}");
        assert!(error.retry_after().is_none() && !error.is_retryable(), "waiting does not help");
    }
    assert_eq!(client.get_company("acme").await.unwrap(), full);
    // What is there can be changed, and what goes makes room.
    let label = Field { label: "Field of mine".to_owned(), ..Field::default() };
    client.modify_field("acme", "field_7", label).await.unwrap();
    client.remove_field("acme", "field_8").await.unwrap();
    number(FIELDS_MAX).await.unwrap();
    refused(number(8).await, Code::ResourceExhausted, "LIMIT_REACHED");
    let config = client.get_config("acme").await.unwrap();
    assert_eq!(config.fields.len(), FIELDS_MAX);

    let revisions = 2_004;
    for (page_size, wanted) in [(0, 100), (1, 1), (1_000, 1_000), (1_001, 1_000), (5_000, 1_000)] {
        let mut raw = client.raw_config();
        let audit = ListAuditRequest {
            company_id: "acme".to_owned(),
            page_size,
            ..ListAuditRequest::default()
        };
        let page = raw.list_audit(audit).await.unwrap().into_inner();
        assert_eq!(page.entries.len(), wanted, "{page_size}");
        assert!(!page.next_page_token.is_empty());
        let jobs = ListJobsRequest {
            company_id: "acme".to_owned(),
            page_size,
            ..ListJobsRequest::default()
        };
        let page = raw.list_jobs(jobs).await.unwrap().into_inner();
        assert_eq!(page.jobs.len(), wanted, "{page_size}");
        assert_eq!(page.jobs[0].revision, revisions, "the newest first");
    }
    let jobs = client.list_jobs("acme").all().await.unwrap();
    let numbers: Vec<_> = jobs.iter().map(|job| job.revision).collect();
    assert_eq!(numbers, (2..=revisions).rev().collect::<Vec<_>>());
    assert!(world.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_companies_holds_a_thousand_of_them() {
    let world = World::start().await;
    all((0..1_001).map(|number| world.client.register_company(format!("company-{number:04}"))))
        .await;
    let mut raw = world.client.raw_company();
    let request = ListCompaniesRequest { page_size: 5_000, ..ListCompaniesRequest::default() };
    let page = raw.list_companies(request.clone()).await.unwrap().into_inner();
    assert_eq!(page.companies.len(), 1_000);
    let request = ListCompaniesRequest { page_token: page.next_page_token, ..request };
    let page = raw.list_companies(request).await.unwrap().into_inner();
    let last: Vec<_> = page.companies.iter().map(|company| company.company_id.as_str()).collect();
    assert_eq!((last, page.next_page_token.as_str()), (vec!["company-1000"], ""));
    assert!(world.stop().await);
}

/// A field whose texts take up nearly 512 KiB.
fn large(number: usize) -> Field {
    let option = |place: usize| FieldOption {
        label: format!("{} {place}", "\u{20ac}".repeat(340)),
        value: place.to_string(),
        ..FieldOption::default()
    };
    Field {
        name: format!("large_{number}"),
        r#type: PropertyType::Enumeration.into(),
        options: (0..495).map(option).collect(),
        ..Field::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_a_company_hold_at_most_sixteen_mebibytes() {
    let world = World::start().await;
    let client = &world.client;
    client.register_company("acme").await.unwrap();
    for number in 0..32 {
        client.add_field("acme", large(number)).await.unwrap();
    }
    let full = client.get_company("acme").await.unwrap();
    let error = refused(
        client.add_field("acme", large(32)).await,
        Code::ResourceExhausted,
        "LIMIT_REACHED",
    );
    assert!(error.to_string().contains("at most 16 MiB"), "{error}");
    assert_eq!(client.get_company("acme").await.unwrap(), full);

    // All of it can be read at once, and the log of it page by page, with records and without.
    let config = client.get_config("acme").await.unwrap();
    assert!(config.encoded_len() > 15 * 1024 * 1024, "{}", config.encoded_len());
    for include_records in [false, true] {
        let mut raw = client.raw_config().max_decoding_message_size(4 * 1024 * 1024);
        let (mut page_token, mut found) = (String::new(), Vec::new());
        loop {
            let request = ListAuditRequest {
                company_id: "acme".to_owned(),
                page_token,
                include_records,
                ..ListAuditRequest::default()
            };
            let page = raw.list_audit(request).await.unwrap().into_inner();
            let bytes = page.encoded_len();
            assert!(bytes <= 2 * 1024 * 1024 || page.entries.len() == 1, "{bytes}");
            assert!(!page.entries.is_empty());
            found.extend(page.entries.into_iter().map(|entry| entry.revision));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(found, (1..=33).collect::<Vec<_>>());
    }
    // Going back to nothing is one entry that holds it all, and can be read as well.
    let back = client.rollback("acme", 1).await.unwrap();
    let entries = client.list_audit("acme").after_revision(back.revision - 1).all().await.unwrap();
    assert_eq!(entries[0].changes.len(), 32);
    assert!(world.stop().await);
}
