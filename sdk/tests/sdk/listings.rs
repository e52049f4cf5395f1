//! Lists over their pages.

use futures::TryStreamExt as _;
use gomark_sdk::v1::JobState;
use gomark_sdk::{Code, Error, Status};

use crate::fake::{Fake, Script};

async fn paged(pages: Vec<Vec<i64>>) -> Fake {
    Fake::start(Script { pages, ..Script::default() }).await
}

#[tokio::test]
async fn a_list_goes_over_all_pages_also_empty_ones() {
    let fake = paged(vec![vec![1, 2], vec![], vec![3]]).await;

    let companies = fake.client().await.list_companies().page_size(2).all().await.unwrap();

    assert_eq!(companies.iter().map(|company| company.revision).collect::<Vec<_>>(), [1, 2, 3]);
    let seen = fake.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|call| call.request.contains("page_size: 2")));
    assert!(seen[2].request.contains("page_token: \"2\""));
}

#[tokio::test]
async fn a_list_is_a_stream_that_fetches_pages_as_they_are_needed() {
    let fake = paged(vec![vec![1], vec![2]]).await;
    let mut jobs = fake.client().await.list_jobs("acme").states([JobState::Failed]);
    assert!(fake.seen().is_empty());

    assert_eq!(jobs.try_next().await.unwrap().unwrap().revision, 1);
    assert_eq!(fake.seen().len(), 1);
    assert_eq!(jobs.next().await.unwrap().unwrap().revision, 2);
    assert!(jobs.next().await.is_none());
    assert!(jobs.next().await.is_none());
    assert!(fake.seen()[1].request.contains("states: [Failed]"));
}

#[tokio::test]
async fn the_audit_log_is_asked_for_as_told_on_every_page() {
    let fake = paged(vec![vec![9], vec![8]]).await;
    let audit = fake.client().await.list_audit("acme");

    let entries = audit.newest_first().after_revision(7).include_records().all().await.unwrap();

    assert_eq!(entries.len(), 2);
    for part in ["\"acme\"", "after_revision: 7", "newest_first: true", "include_records: true"] {
        assert!(fake.seen().iter().all(|call| call.request.contains(part)), "{part}");
    }
}

#[tokio::test]
async fn an_unavailable_page_is_asked_for_again_and_a_refused_one_ends_the_list() {
    let fake = Fake::start(Script {
        pages: vec![vec![1]],
        refusals: [Status::unavailable("away"), Status::not_found("no such company")].into(),
        ..Script::default()
    })
    .await;
    let mut audit = fake.client().await.list_audit("acme");

    let error = audit.next().await.unwrap().unwrap_err();

    assert_eq!(error.code(), Some(Code::NotFound));
    assert!(audit.next().await.is_none());
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn a_page_that_points_to_itself_ends_the_list() {
    let fake =
        Fake::start(Script { pages: vec![vec![1], vec![2]], stuck: true, ..Script::default() })
            .await;

    let error = fake.client().await.list_companies().all().await.unwrap_err();

    assert!(matches!(error, Error::Answer { .. }));
}
