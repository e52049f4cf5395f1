//! The audit log.

use super::Given;
use super::given::{add, id, register, relabel, remove, request};
use crate::domain::{Action, Change, Revision, Scope};
use crate::store::{AuditQuery, record};

const ALL: AuditQuery = AuditQuery {
    after: Revision::ZERO,
    before: None,
    newest_first: false,
    limit: 100,
    bytes_max: usize::MAX,
};

async fn some_history(given: &Given) {
    given.company("acme").await;
    given.add("acme", "one").await;
    given.relabel("acme", "one", "First").await;
    given.done("acme", remove("one")).await;
    given.company("other").await;
}

async fn page(given: &Given, query: AuditQuery) -> (Vec<i64>, bool) {
    let page = given.store().entries(&Scope::All, &id("acme"), query).await.unwrap().unwrap();
    (page.items.iter().map(|entry| entry.revision.get()).collect(), page.more)
}

pub(crate) async fn each_entry_is_chained_to_the_one_before(given: Given) {
    some_history(&given).await;
    let mut prev_hash = record::GENESIS.to_vec();
    let entries = given.entries("acme").await;
    assert_eq!(entries.len(), 4);
    for (stored, revision) in entries.iter().zip(1..) {
        let entry = record::decode(&stored.record).unwrap();
        assert_eq!((entry.revision.get(), stored.revision.get()), (revision, revision));
        assert_eq!(stored.prev_hash, prev_hash);
        assert_eq!(entry.prev_hash.to_vec(), prev_hash);
        assert_eq!(stored.hash, record::hash(&stored.record).to_vec());
        prev_hash.clone_from(&stored.hash);
    }
    let view = given.store().company(&Scope::All, &id("acme")).await.unwrap().unwrap();
    assert_eq!(view.company.head_hash.to_vec(), prev_hash);
}

pub(crate) async fn a_record_is_the_bytes_that_were_hashed(given: Given) {
    some_history(&given).await;
    for stored in given.entries("acme").await {
        let entry = record::decode(&stored.record).unwrap();
        let (record, hash) = record::encode(&entry);
        assert_eq!(record, stored.record);
        assert_eq!(hash.to_vec(), stored.hash);
    }
}

pub(crate) async fn an_entry_tells_who_did_what_and_why(given: Given) {
    given.company("acme").await;
    let mut mutation = given.ask("acme", add("one"));
    mutation.request_id = request("r-1");
    mutation.reason = "quarter end".to_owned();
    let at = mutation.at;
    given.commit(mutation).await.unwrap();
    given.done("acme", relabel("one", "First")).await;
    let entries = given.entries("acme").await;
    let added = record::decode(&entries[1].record).unwrap();
    assert_eq!((added.actor.as_str(), added.door.as_str()), ("ada", "grpc"));
    assert_eq!((added.reason.as_str(), added.request_id), ("quarter end", request("r-1")));
    assert_eq!((added.at, added.action), (at, Action::AddField));
    let changed = record::decode(&entries[2].record).unwrap();
    assert_eq!((changed.action, changed.request_id), (Action::ModifyField, None));
    let [Change::Resource { before: Some(before), after: Some(after), .. }] = &changed.changes[..]
    else {
        panic!("{:?}", changed.changes);
    };
    assert_ne!(before, after);
}

pub(crate) async fn the_database_refuses_to_change_an_entry(given: Given) {
    some_history(&given).await;
    let before = given.entries("acme").await;
    given.execute("UPDATE revisions SET record = hash WHERE revision = 2").await.unwrap_err();
    assert_eq!(given.entries("acme").await, before);
}

pub(crate) async fn the_database_refuses_to_delete_an_entry(given: Given) {
    some_history(&given).await;
    let before = given.entries("acme").await;
    given.execute("DELETE FROM revisions WHERE revision = 4").await.unwrap_err();
    assert_eq!(given.entries("acme").await, before);
}

pub(crate) async fn entries_are_read_in_pages(given: Given) {
    some_history(&given).await;
    assert_eq!(page(&given, ALL).await, (vec![1, 2, 3, 4], false));
    assert_eq!(page(&given, AuditQuery { limit: 2, ..ALL }).await, (vec![1, 2], true));
    let after = Revision::new(2);
    assert_eq!(page(&given, AuditQuery { after, ..ALL }).await, (vec![3, 4], false));
    let newest = AuditQuery { newest_first: true, limit: 2, ..ALL };
    assert_eq!(page(&given, newest).await, (vec![4, 3], true));
    let before = Some(Revision::new(3));
    assert_eq!(page(&given, AuditQuery { before, ..newest }).await, (vec![2, 1], false));
    let after = Revision::new(4);
    assert_eq!(page(&given, AuditQuery { after, ..ALL }).await, (vec![], false));
}

pub(crate) async fn a_page_of_entries_ends_at_its_bytes_and_holds_at_least_one(given: Given) {
    some_history(&given).await;
    assert_eq!(page(&given, AuditQuery { bytes_max: 1, ..ALL }).await, (vec![1], true));
    let sizes: Vec<_> = given.entries("acme").await.iter().map(|e| e.record.len()).collect();
    let two = sizes[0] + sizes[1];
    assert_eq!(page(&given, AuditQuery { bytes_max: two, ..ALL }).await, (vec![1, 2], true));
    assert_eq!(page(&given, AuditQuery { bytes_max: two - 1, ..ALL }).await, (vec![1], true));
}

pub(crate) async fn companies_have_chains_of_their_own(given: Given) {
    let batch = vec![
        given.ask("one", register("One")),
        given.ask("two", register("Two")),
        given.ask("one", add("a")),
    ];
    for answer in given.store().commit(batch).await.unwrap() {
        answer.unwrap();
    }
    let (one, two) = (given.entries("one").await, given.entries("two").await);
    assert_eq!((one.len(), two.len()), (2, 1));
    assert_eq!(two[0].prev_hash, record::GENESIS);
    assert_eq!(one[1].prev_hash, one[0].hash);
}
