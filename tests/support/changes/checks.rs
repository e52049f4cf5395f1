//! What has to be true once everything has ended.

use std::collections::BTreeSet;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use gomark_sdk::v1::{Job, JobState};

use super::BOUND;
use super::ledger::{FIRST_REVISIONS, Fields, History};
use super::vendors::HubSpot;
use super::workload::Company;

/// How many jobs are read at the same time.
const AT_ONCE: usize = 16;

/// Waits for every job of every company, and checks all promises.
pub(crate) async fn check(companies: &[Company], hubspot: &HubSpot) {
    for company in companies {
        let ended = all_jobs_end(company);
        tokio::time::timeout(BOUND, ended).await.expect("every job ends");
    }
    for company in companies {
        let history = nothing_accepted_is_missing(company).await;
        the_vendor_holds_what_was_decided(company, &history, hubspot).await;
        every_job_has_succeeded(company).await;
        nothing_was_taken_for_a_change_of_others(company).await;
    }
}

async fn all_jobs_end(company: &Company) {
    let open = [JobState::Queued, JobState::Running, JobState::Waiting];
    let client = &company.client;
    for job in client.list_jobs(&company.id).states(open).all().await.unwrap() {
        client.job(job.job_id).wait().await.unwrap();
    }
}

/// Compares the audit log with what was answered, and the configuration with both.
async fn nothing_accepted_is_missing(company: &Company) -> History {
    let log = company.client.list_audit(&company.id).page_size(1_000).all().await.unwrap();
    let ledger = company.ledger.lock().unwrap().clone();
    let mut history = History::new();
    for (entry, revision) in log.iter().zip(1_i64..) {
        assert_eq!(entry.revision, revision, "{}: a revision is missing", company.id);
        if revision > FIRST_REVISIONS {
            let accepted = ledger.accepted.get(&entry.request_id);
            let (answered, wish) = accepted.unwrap_or_else(|| panic!("nobody asked for {entry:?}"));
            assert_eq!(*answered, revision, "{}: another revision was answered", company.id);
            history.next(wish);
        }
    }
    assert_eq!(
        log.len(),
        ledger.accepted.len() + FIRST_REVISIONS as usize,
        "{}: a change is missing",
        company.id
    );
    let config = company.client.get_config(&company.id).await.unwrap();
    let cadences = config.cadences.into_iter().map(|cadence| (cadence.cadence_id, cadence.name));
    let fields = config.fields.into_iter().map(|field| (field.name, field.label));
    let decided: Fields = fields.chain(cadences).collect();
    assert_eq!(&decided, history.latest(), "{}", company.id);
    history
}

async fn the_vendor_holds_what_was_decided(
    company: &Company,
    history: &History,
    hubspot: &HubSpot,
) {
    let mut held = hubspot.properties(&company.token).await;
    held.extend(hubspot.cadences(&company.token).await);
    let active = held.iter().filter(|(_, property)| property.active);
    let active: Fields =
        active.map(|(name, property)| (name.clone(), property.label.clone())).collect();
    assert_eq!(&active, history.latest(), "{}", company.id);
    let names = history.names();
    for (name, property) in &held {
        assert!(names.contains(name), "nobody decided on {name}");
        let (appears, disappears) = history.turns(name);
        let at = format!("{}, {name}: {property:?}", company.id);
        assert!(property.created <= appears, "created more than {appears} times: {at}");
        assert!(property.archived <= disappears, "archived more than {disappears} times: {at}");
        let left = usize::from(property.active);
        assert_eq!(property.created - property.archived, left, "{at}");
    }
}

async fn nothing_was_taken_for_a_change_of_others(company: &Company) {
    let items = company.client.list_drift(&company.id).all().await.unwrap();
    assert!(items.is_empty(), "{}: {items:?}", company.id);
}

async fn every_job_has_succeeded(company: &Company) {
    let jobs = company.client.list_jobs(&company.id).page_size(1_000).all().await.unwrap();
    let revisions: BTreeSet<_> = jobs.iter().map(|job| job.revision).collect();
    let accepted = company.ledger.lock().unwrap().accepted.len() as i64;
    let first = FIRST_REVISIONS + 1;
    assert!(revisions.into_iter().eq(first..accepted + first), "{}: a job is missing", company.id);
    let read = stream::iter(jobs).map(|job| events_have_no_gap(company, job));
    read.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

/// Reads all events of a job. The client itself fails where the stream has a gap.
async fn events_have_no_gap(company: &Company, job: Job) {
    assert_eq!(job.state(), JobState::Succeeded, "{job:?}");
    let events: Vec<_> = company.client.job(&job.job_id).watch(0).try_collect().await.unwrap();
    let seqs = events.iter().map(|event| event.seq);
    assert!(seqs.eq(1..=events.len() as i64), "{}: {events:?}", job.job_id);
    let last = events.last().map(|event| event.state());
    assert_eq!(last, Some(JobState::Succeeded), "{}", job.job_id);
    let ends = events.iter().filter(|event| event.state() == JobState::Succeeded).count();
    assert_eq!(ends, 1, "{} ended more than once", job.job_id);
}
