//! The audit log: its pages, and the proof that its records are.

use gomark_sdk::fields;
use gomark_sdk::v1::*;
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use crate::world::World;

const COMPANY: &str = "acme";
const REVISIONS: i64 = 11;

/// A company with eleven revisions.
async fn world() -> World {
    let world = World::start().await;
    world.connected(COMPANY).await;
    let client = &world.client;
    for label in ["One", "Two", "Three", "Four"] {
        client.add_field(COMPANY, fields::text(label)).reason("why").await.unwrap();
    }
    let change = Field { label: "2".to_owned(), ..Field::default() };
    client.modify_field(COMPANY, "two", change).request_id("r-1").await.unwrap();
    client.remove_field(COMPANY, "three").await.unwrap();
    client.update_company(COMPANY).display_name("Acme & Sons").await.unwrap();
    client.rollback(COMPANY, 3).await.unwrap();
    client.disconnect_vendor(COMPANY, Vendor::Hubspot).await.unwrap();
    assert_eq!(world.revision(COMPANY).await, REVISIONS);
    world
}

/// The revisions on each page.
async fn pages(world: &World, request: ListAuditRequest) -> Vec<Vec<i64>> {
    let mut client = world.client.raw_config();
    let (mut pages, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListAuditRequest { page_token, ..request.clone() };
        let page = client.list_audit(request).await.unwrap().into_inner();
        pages.push(page.entries.iter().map(|entry| entry.revision).collect());
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return pages;
        }
    }
}

#[tokio::test]
async fn the_log_is_read_page_by_page_in_both_directions() {
    let world = world().await;
    let request = |after_revision, page_size, newest_first| ListAuditRequest {
        company_id: COMPANY.to_owned(),
        page_size,
        after_revision,
        newest_first,
        ..ListAuditRequest::default()
    };
    for after in [0, 1, 4, REVISIONS - 1, REVISIONS, REVISIONS + 1, i64::MAX] {
        for page_size in [0, 1, 2, 3, 4, 5, 11, 12, 5_000] {
            for newest_first in [false, true] {
                let mut wanted: Vec<_> = (after.saturating_add(1)..=REVISIONS).collect();
                if newest_first {
                    wanted.reverse();
                }
                let size = if page_size == 0 { 100 } else { page_size as usize };
                let mut wanted: Vec<_> = wanted.chunks(size).map(<[_]>::to_vec).collect();
                if wanted.is_empty() {
                    wanted.push(Vec::new());
                }
                let found = pages(&world, request(after, page_size, newest_first)).await;
                assert_eq!(found, wanted, "after {after}, {page_size} a page, {newest_first}");
            }
        }
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn what_is_decided_between_two_pages_is_neither_lost_nor_told_twice() {
    let world = world().await;
    let mut client = world.client.raw_config();
    for newest_first in [false, true] {
        let request = ListAuditRequest {
            company_id: COMPANY.to_owned(),
            page_size: 6,
            newest_first,
            ..ListAuditRequest::default()
        };
        let first = client.list_audit(request.clone()).await.unwrap().into_inner();
        let name = format!("Between {newest_first}");
        let between = world.client.add_field(COMPANY, fields::text(name)).await.unwrap().revision;
        let request =
            ListAuditRequest { page_token: first.next_page_token, page_size: 100, ..request };
        let rest = client.list_audit(request).await.unwrap().into_inner();
        let all = first.entries.iter().chain(&rest.entries).map(|entry| entry.revision);
        let mut all: Vec<_> = all.collect();
        // Newest first, what is newer than the first page is not part of the list.
        let last = if newest_first { between - 1 } else { between };
        all.sort_unstable();
        assert_eq!(all, (1..=last).collect::<Vec<_>>());
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_record_proves_its_entry() {
    let world = world().await;
    let mut client = world.client.raw_config();
    let request = ListAuditRequest {
        company_id: COMPANY.to_owned(),
        include_records: true,
        ..ListAuditRequest::default()
    };
    let entries = client.list_audit(request.clone()).await.unwrap().into_inner().entries;
    assert_eq!(entries.len(), usize::try_from(REVISIONS).unwrap());
    let mut prev_hash = vec![0; 32];
    for (entry, revision) in entries.iter().zip(1..) {
        assert_eq!((entry.revision, entry.format), (revision, 1));
        assert_eq!(entry.hash, Sha256::digest(&entry.record).to_vec(), "{revision}");
        assert_eq!(entry.prev_hash, prev_hash, "{revision}");
        prev_hash.clone_from(&entry.hash);
        let bare = AuditEntry { hash: Vec::new(), record: Vec::new(), ..entry.clone() };
        assert_eq!(AuditEntry::decode(entry.record.as_slice()).unwrap(), bare, "{revision}");
        assert_eq!(bare.encode_to_vec(), entry.record, "{revision}");
        assert!(!entry.changes.is_empty(), "{revision}");
    }
    let company = world.client.get_company(COMPANY).await.unwrap();
    assert_eq!(company.head_hash, prev_hash);

    // Unasked they are left out, and all else is the same.
    let request = ListAuditRequest { include_records: false, ..request };
    let plain = client.list_audit(request).await.unwrap().into_inner().entries;
    let without = entries.iter().map(|entry| AuditEntry { record: Vec::new(), ..entry.clone() });
    assert_eq!(plain, without.collect::<Vec<_>>());
    assert!(world.stop().await);
}

#[tokio::test]
async fn no_record_holds_a_credential() {
    let world = world().await;
    let token = crate::world::portal_token(COMPANY);
    let mut client = world.client.raw_config();
    let request = ListAuditRequest {
        company_id: COMPANY.to_owned(),
        include_records: true,
        ..ListAuditRequest::default()
    };
    let answer = client.list_audit(request).await.unwrap().into_inner().encode_to_vec();
    let holds = |bytes: &[u8]| bytes.windows(token.len()).any(|part| part == token.as_bytes());
    assert!(!holds(&answer));
    let company = world.client.get_company(COMPANY).await.unwrap();
    assert!(!company.connections[0].credential_id.is_empty());
    assert!(!holds(&company.encode_to_vec()));
    assert!(world.stop().await);
}
