//! The life of a connection, and what it means for jobs.

use super::Given;
use super::given::{
    add, connect, connect_to, connect_with, default_value, disconnect, find, id, refused, remove,
};
use crate::domain::{
    Intent, JobState, NewConnection, ProblemReason, Refusal, Transition, VendorKind,
};
use crate::store::Error;

pub(crate) async fn a_change_before_the_first_connection_waits_for_it(given: Given) {
    given.company("acme").await;
    let committed = given.done("acme", add("one")).await;
    let job = committed.job.unwrap();
    assert_eq!((job.state, committed.ring), (JobState::Waiting, vec![]));
    assert_eq!(job.error.unwrap().problem.reason, ProblemReason::NotConnected);
    let connected = given.done("acme", connect("account")).await;
    let bell = given.bell("acme").await;
    assert_eq!(connected.ring, std::slice::from_ref(&bell));
    assert_eq!(connected.events.len(), 2, "of the job that waited and of the new one");
    let waited = given.job(&job.id).await;
    assert_eq!((waited.state, waited.error), (JobState::Queued, None));
    let lease = given.claim(&bell).await;
    given.confirm(&lease, "one").await;
    assert_eq!(given.state(&job.id).await, JobState::Succeeded);
    assert_eq!(given.state(&connected.job.unwrap().id).await, JobState::Succeeded);
}

pub(crate) async fn connecting_without_anything_decided_has_no_job(given: Given) {
    given.company("acme").await;
    let committed = given.done("acme", connect("account")).await;
    assert_eq!((committed.revision.get(), committed.job, committed.ring), (2, None, vec![]));
}

pub(crate) async fn a_new_credential_keeps_the_connection_and_what_it_confirmed(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    given.confirm(&lease, "one").await;
    given.done("acme", connect_with("account of acme", "renewed")).await;
    assert_eq!(given.bell("acme").await, lease.doorbell);
    let work = given.work(&lease).await;
    let sealed = work.connection.unwrap();
    assert_eq!(sealed.connection.credential_id, "renewed");
    assert_eq!(sealed.sealed, b"sealed renewed");
    assert!(work.resources.is_empty());
}

pub(crate) async fn a_new_credential_ends_waits_but_not_parks(given: Given) {
    let lease = given.leased("acme").await;
    let slow = given.add("acme", "slow").await;
    let bad = given.add("acme", "bad").await;
    given.park(&lease, "bad").await;
    let fail = Transition::Fail { in_doubt: false, wait_ms: 60_000, problem: refused() };
    let outcome = super::given::outcome(&given.work(&lease).await, "slow", fail);
    given.store().record(&lease, vec![outcome], Some(Given::gate())).await.unwrap();
    assert_eq!(given.state(&slow).await, JobState::Waiting);
    let renewed = given.done("acme", connect_with("account of acme", "renewed")).await;
    assert_eq!(renewed.ring, std::slice::from_ref(&lease.doorbell));
    assert_eq!(given.state(&slow).await, JobState::Queued);
    assert_eq!(given.state(&bad).await, JobState::Failed);
    let work = given.work(&lease).await;
    assert_eq!(work.gate, None);
    assert_eq!(work.resources.len(), 1);
    assert_eq!(find(&work, "slow").sync.failing, None);
}

pub(crate) async fn a_renewed_credential_takes_the_place_of_the_old_one(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    let revision = given.revision("acme").await;
    given.store().reseal(&lease, "credential", b"renewed").await.unwrap();
    let sealed = given.work(&lease).await.connection.unwrap();
    assert_eq!(sealed.sealed, b"renewed");
    assert_eq!(sealed.connection.credential_id, "credential");
    assert_eq!(given.revision("acme").await, revision, "no revision tells of it");
    given.begin(&lease, &["one"]).await;
}

pub(crate) async fn a_credential_that_was_replaced_is_not_renewed(given: Given) {
    let lease = given.leased("acme").await;
    given.done("acme", connect_with("account of acme", "replaced")).await;
    let renewed = given.store().reseal(&lease, "credential", b"renewed").await;
    assert!(matches!(renewed, Err(Error::Disconnected)), "{renewed:?}");
    assert_eq!(given.work(&lease).await.connection.unwrap().sealed, b"sealed replaced");
    given.done("acme", disconnect()).await;
    let renewed = given.store().reseal(&lease, "replaced", b"renewed").await;
    assert!(matches!(renewed, Err(Error::Disconnected)), "{renewed:?}");
}

pub(crate) async fn what_is_known_of_limits_is_read_with_the_connection(given: Given) {
    let company = super::given::id("acme");
    let windows = || given.store().windows(&company);
    assert_eq!(windows().await.unwrap(), []);
    let lease = given.leased("acme").await;
    let fresh = windows().await.unwrap();
    assert_eq!((fresh.len(), fresh[0].vendor), (1, VendorKind::HubSpot));
    assert_eq!((fresh[0].reserve_percent, &fresh[0].window), (0, &None));
    given.store().release(&lease, Some("window".to_owned())).await.unwrap();
    assert_eq!(windows().await.unwrap()[0].window, Some("window".to_owned()));
    let Intent::ConnectVendor(connection) = connect("account of acme") else { unreachable!() };
    let slower = NewConnection { burst_per_10s: 50, reserve_percent: 20, ..connection };
    given.done("acme", Intent::ConnectVendor(slower)).await;
    let known = windows().await.unwrap().remove(0);
    assert_eq!((known.burst_per_10s, known.reserve_percent), (50, 20));
    assert_eq!(known.window, Some("window".to_owned()), "the account is the same");
    given.done("acme", disconnect()).await;
    assert_eq!(windows().await.unwrap(), []);
}

pub(crate) async fn the_same_account_comes_back_as_the_same_connection(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    given.confirm(&lease, "one").await;
    given.done("acme", disconnect()).await;
    let committed = given.done("acme", connect("account of acme")).await;
    assert_eq!(given.bell("acme").await, lease.doorbell);
    // All that is decided is looked at again, from where the account is known to stand.
    let job = committed.job.unwrap();
    assert_eq!((job.state, job.parts[0].total), (JobState::Queued, 1));
    let work = given.work(&lease).await;
    assert!(find(&work, "one").sync.applied.is_some());
    given.confirm(&lease, "one").await;
    assert_eq!(given.state(&job.id).await, JobState::Succeeded);
}

pub(crate) async fn another_account_is_a_new_connection_with_nothing_applied(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    given.add("acme", "gone").await;
    given.confirm(&lease, "one").await;
    given.confirm(&lease, "gone").await;
    given.done("acme", remove("gone")).await;
    let job = given.done("acme", connect("another")).await.job.unwrap();
    assert_eq!(job.parts[0].total, 1);
    let bell = given.bell("acme").await;
    assert_ne!(bell, lease.doorbell);
    let other = given.claim(&bell).await;
    let work = given.work(&other).await;
    assert_eq!(find(&work, "one").sync, crate::domain::Sync::default());
    // The old account is left as it is.
    let old = given.work(&lease).await;
    assert!(old.connection.is_none() && old.resources.is_empty());
}

pub(crate) async fn disconnecting_lets_open_jobs_wait(given: Given) {
    let lease = given.leased("acme").await;
    let done = given.add("acme", "done").await;
    given.confirm(&lease, "done").await;
    let open = given.add("acme", "open").await;
    given.begin(&lease, &["open"]).await;
    let committed = given.done("acme", disconnect()).await;
    assert_eq!((committed.ring, committed.events.len()), (vec![], 1));
    let job = given.job(&open).await;
    assert_eq!(job.state, JobState::Waiting);
    assert_eq!(job.error.unwrap().problem.reason, ProblemReason::NotConnected);
    assert_eq!(given.state(&done).await, JobState::Succeeded);
    let refusal = given.refused("acme", disconnect()).await;
    assert!(matches!(refusal, Refusal::NotConnected { .. }), "{refusal:?}");
}

pub(crate) async fn the_credential_of_a_connection_not_in_use_is_forgotten(given: Given) {
    given.connected("acme").await;
    given.connect("acme", "another").await;
    given.done("acme", disconnect()).await;
    // The statement fails on a row that still holds one.
    let sql = "INSERT INTO companies (company_id, display_name, revision, head_hash, field_count, \
             field_bytes, created_at) \
         SELECT company_id, '', 0, sealed, 0, 0, 0 FROM connections WHERE length(sealed) > 0";
    given.execute(sql).await.unwrap();
}

pub(crate) async fn an_account_belongs_to_one_company(given: Given) {
    given.company("one").await;
    given.company("two").await;
    given.connect("one", "account").await;
    let refusal = given.refused("two", connect("account")).await;
    assert_eq!(refusal, Refusal::AccountTaken(VendorKind::HubSpot));
    given.done("one", disconnect()).await;
    given.connect("two", "account").await;
    let refusal = given.refused("one", connect("account")).await;
    assert_eq!(refusal, Refusal::AccountTaken(VendorKind::HubSpot));
}

pub(crate) async fn two_companies_that_want_one_account_in_one_batch_do_not_both_get_it(
    given: Given,
) {
    given.company("one").await;
    given.company("two").await;
    let batch = vec![given.ask("one", connect("account")), given.ask("two", connect("account"))];
    let answers = given.store().commit(batch).await.unwrap();
    assert!(answers[0].is_ok());
    let refusal = answers[1].as_ref().unwrap_err();
    assert_eq!(*refusal, Refusal::AccountTaken(VendorKind::HubSpot));
    assert_eq!((given.revision("one").await, given.revision("two").await), (2, 1));
}

pub(crate) async fn what_comes_of_an_account_not_in_use_means_nothing_for_jobs(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    given.begin(&lease, &["one"]).await;
    let held = Transition::Confirm(Some(super::given::attributes("one")));
    let outcome = super::given::outcome(&given.work(&lease).await, "one", held);
    given.connect("acme", "another").await;
    let recorded = given.store().record(&lease, vec![outcome], None).await.unwrap();
    assert!(recorded.events.is_empty());
    assert_eq!(given.state(&job).await, JobState::Queued);
    // But it is known when the account comes back.
    given.connect("acme", "account of acme").await;
    assert!(find(&given.work(&lease).await, "one").sync.applied.is_some());
}

pub(crate) async fn a_connection_that_comes_into_use_takes_up_what_was_parked(given: Given) {
    let lease = given.leased("acme").await;
    let refused = given.add("acme", "refused").await;
    given.park(&lease, "refused").await;
    let cancelled = given.add("acme", "cancelled").await;
    given.cancel(&cancelled).await;
    assert!(given.to_do(&lease).await.is_empty());
    given.done("acme", disconnect()).await;
    let job = given.done("acme", connect("account of acme")).await.job.unwrap().id;
    for name in ["refused", "cancelled"] {
        given.confirm(&lease, name).await;
    }
    assert_eq!(given.state(&job).await, JobState::Succeeded);
    assert_eq!(given.state(&refused).await, JobState::Superseded);
    assert_eq!(given.state(&cancelled).await, JobState::Cancelled);
}

pub(crate) async fn a_new_version_of_a_parked_field_has_a_job(given: Given) {
    let lease = given.leased("acme").await;
    let parked = given.add("acme", "one").await;
    given.park(&lease, "one").await;
    let job = given.done("acme", default_value("one", "x")).await.job.unwrap().id;
    assert_eq!(given.to_do(&lease).await, ["one"]);
    given.confirm(&lease, "one").await;
    assert_eq!(given.state(&job).await, JobState::Succeeded);
    assert_eq!(given.state(&parked).await, JobState::Superseded);
}

pub(crate) async fn the_connection_in_use_is_read_with_its_credential(given: Given) {
    let read = async |company: &str, vendor| {
        given.store().sealed_connection(&id(company), vendor).await.unwrap()
    };
    assert_eq!(read("acme", VendorKind::HubSpot).await, None, "there is no such company");
    let bell = given.connected("acme").await;
    let sealed = read("acme", VendorKind::HubSpot).await.unwrap();
    assert_eq!(
        (sealed.connection.id, sealed.sealed),
        (bell.connection_id, b"sealed credential".to_vec())
    );
    assert_eq!(read("acme", VendorKind::Upso).await, None);
    given.done("acme", connect_to(VendorKind::Upso, "another")).await;
    let sealed = read("acme", VendorKind::Upso).await.unwrap();
    assert_eq!(sealed.connection.account_id, "another");
    given.done("acme", disconnect()).await;
    assert_eq!(read("acme", VendorKind::HubSpot).await, None);
}
