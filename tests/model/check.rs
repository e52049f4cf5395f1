//! What has to hold at the end, looked at one promise after the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use gomark_sdk::v1::{AuditEntry, Job, JobEvent, JobState, resource_value::Value as Resource};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::client::{BOUND, Client};
use crate::company::Company;
use crate::history::{Answer, Fields, Request};
use crate::hubspot::HubSpot;
use crate::linear::{self, Verdict};
use crate::subject::{ControlOutcome, Subject};
use crate::wire;

/// How long one history may be searched.
const SEARCH_MAX: Duration = Duration::from_secs(300);
/// How many reads are made at the same time.
const READS: usize = 8;

/// What was checked, for people.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    companies: usize,
    calls: usize,
    revisions: usize,
    jobs: usize,
    events: usize,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { companies, calls, revisions, jobs, events } = self;
        write!(
            f,
            "{companies} companies, {calls} calls in their histories, {revisions} revisions, \
             {jobs} jobs with {events} events"
        )
    }
}

/// Reads the whole log of a company.
pub(crate) async fn log(client: &Client) -> Vec<AuditEntry> {
    let log = client.patient.list_audit(&client.subject.id).include_records().page_size(1_000);
    log.all().await.unwrap()
}

/// Checks everything but the order of the calls.
pub(crate) async fn check(
    client: &Client,
    hubspot: &HubSpot,
    log: &[AuditEntry],
    totals: &mut Totals,
) {
    let subject = &client.subject;
    the_chain_holds(client, log).await;
    let company = replayed(subject, log);
    every_acknowledged_mutation_is_in_the_log(subject, &company);
    no_configuration_was_older_than_asked_for(subject);
    every_past_configuration_can_be_read(client, &company).await;
    let jobs = every_job_ended_well(client, &company).await;
    let events = events_of(client, &jobs).await;
    events_are_gapless(&jobs, &events);
    every_acknowledged_control_is_an_event(subject, &events);
    the_vendors_hold_what_was_decided(client, hubspot, &company).await;
    totals.companies += 1;
    totals.calls += subject.calls.lock().unwrap().len();
    totals.revisions += log.len();
    totals.jobs += jobs.len();
    totals.events += events.values().map(Vec::len).sum::<usize>();
}

/// Searches for an order of the calls.
pub(crate) fn is_linearizable(subject: &Subject) {
    let calls = subject.calls.lock().unwrap();
    let verdict = linear::check(&calls, SEARCH_MAX);
    if verdict != Verdict::Linearizable {
        let path = format!("{}/{}-history.txt", env!("CARGO_TARGET_TMPDIR"), subject.id);
        let lines: Vec<_> = calls.iter().map(|call| format!("{call:?}\n")).collect();
        std::fs::write(&path, lines.concat()).unwrap();
        panic!("the history of {} is {verdict:?}; it is in {path}", subject.id);
    }
}

async fn the_chain_holds(client: &Client, log: &[AuditEntry]) {
    let mut head = vec![0; 32];
    for (index, entry) in log.iter().enumerate() {
        assert_eq!(entry.revision, i64::try_from(index + 1).unwrap(), "revisions are gapless");
        assert_eq!(entry.prev_hash, head, "revision {} follows", entry.revision);
        assert_eq!(entry.hash, Sha256::digest(&entry.record).to_vec(), "{}", entry.revision);
        head.clone_from(&entry.hash);
    }
    let company = client.patient.get_company(&client.subject.id).await.unwrap();
    assert_eq!(company.revision, i64::try_from(log.len()).unwrap());
    assert_eq!(company.head_hash, head);
}

/// The model after the mutations in the log, each of which did there what it does in the model.
fn replayed(subject: &Subject, log: &[AuditEntry]) -> Company {
    let sent: HashMap<_, _> = subject
        .sent()
        .into_iter()
        .map(|mutation| ((mutation.request_id(), mutation.reason()), mutation))
        .collect();
    let (mut company, mut in_log) = (Company::default(), Fields::new());
    let mut ids = BTreeMap::new();
    for entry in log {
        let by = (entry.request_id.clone(), entry.reason.clone());
        let mutation = sent.get(&by).unwrap_or_else(|| panic!("nobody asked for {entry:?}"));
        assert_eq!(entry.action(), mutation.ask.action());
        let (answer, after) = company.answer(&Request::Mutate(mutation.clone()));
        assert_eq!(answer, Answer::Accepted(entry.revision), "{mutation:?}");
        company = after.unwrap_or_else(|| panic!("{mutation:?} changes nothing"));
        for change in &entry.changes {
            let named = |value: &Option<gomark_sdk::v1::ResourceValue>| match value.clone()?.value?
            {
                Resource::Field(field) => Some((field.name.clone(), wire::definition(field))),
                Resource::Cadence(cadence) => {
                    Some((cadence.cadence_id.clone(), wire::of_cadence(cadence)))
                }
                _ => None,
            };
            if let Some((name, before)) = named(&change.before) {
                assert_eq!(in_log.remove(&name), Some(before), "revision {}", entry.revision);
            }
            if let Some((name, after)) = named(&change.after) {
                let id = ids.entry(name.clone()).or_insert(change.resource_id.clone());
                assert_eq!(*id, change.resource_id, "{name} has one id for ever");
                in_log.insert(name, after);
            }
        }
        let decided = company.fields_at(entry.revision).unwrap();
        assert_eq!(in_log, **decided, "revision {}", entry.revision);
    }
    assert_eq!(ids.values().collect::<BTreeSet<_>>().len(), ids.len(), "no two share an id");
    company
}

fn every_acknowledged_mutation_is_in_the_log(subject: &Subject, company: &Company) {
    let mut at = HashMap::new();
    for (index, revision) in company.revisions.iter().enumerate() {
        let twice = at.insert(revision.mutation.id, (index + 1, &revision.mutation));
        assert!(twice.is_none(), "{:?} made two revisions", revision.mutation);
    }
    for call in subject.calls.lock().unwrap().iter() {
        let (Request::Mutate(mutation), Answer::Accepted(revision)) = (&call.request, &call.answer)
        else {
            continue;
        };
        // Without a revision of its own it changed nothing, and the model says whether that is so.
        if let Some((made, by)) = at.get(&mutation.id).filter(|_| mutation.id.is_some()) {
            let made = i64::try_from(*made).unwrap();
            assert!(*revision <= made, "{mutation:?} was answered {revision}, and made {made}");
            assert!(*revision < made || *by == mutation, "{mutation:?} shares a revision");
        }
    }
}

fn no_configuration_was_older_than_asked_for(subject: &Subject) {
    for call in subject.calls.lock().unwrap().iter() {
        if let (Request::Config { revision: 0, min_revision }, Answer::Config { revision, .. }) =
            (&call.request, &call.answer)
        {
            assert!(revision >= min_revision, "{call:?}");
        }
    }
}

async fn every_past_configuration_can_be_read(client: &Client, company: &Company) {
    let id = &client.subject.id;
    let mut read = stream::iter(1..=company.revision())
        .map(|revision| async move {
            let config = client.patient.get_config(id).revision(revision).await;
            (revision, config.unwrap())
        })
        .buffered(READS);
    while let Some((revision, config)) = read.next().await {
        assert_eq!(config.revision, revision);
        let decided = company.fields_at(revision).unwrap();
        assert_eq!(wire::fields_of(config), **decided, "revision {revision}");
    }
    let config = client.patient.get_config(id).min_revision(company.revision()).await.unwrap();
    assert_eq!(config.revision, company.revision());
}

async fn every_job_ended_well(client: &Client, company: &Company) -> Vec<Job> {
    let jobs = client.patient.list_jobs(&client.subject.id).page_size(1_000).all().await.unwrap();
    let mut by_revision = HashMap::new();
    for job in &jobs {
        let well = matches!(job.state(), JobState::Succeeded | JobState::Superseded);
        assert!(well, "{job:?}");
        assert!(by_revision.insert(job.revision, &job.job_id).is_none(), "two jobs: {job:?}");
    }
    for (revision, fields) in (1..).zip(&company.revisions) {
        let visible = |fields: &Fields| {
            let all = fields.iter().map(|(name, field)| {
                let shown = (field.label.clone(), field.description.clone());
                (name.clone(), (shown, field.choices.clone()))
            });
            all.collect::<BTreeMap<_, _>>()
        };
        let before = company.fields_at(revision - 1).map(|fields| visible(fields));
        if before.unwrap_or_default() != visible(&fields.fields) {
            assert!(by_revision.contains_key(&revision), "revision {revision} has no job");
        }
    }
    for call in client.subject.calls.lock().unwrap().iter() {
        if let (Answer::Accepted(revision), Some(job_id)) = (&call.answer, &call.job_id) {
            assert_eq!(by_revision.get(revision), Some(&job_id), "{call:?}");
        }
    }
    jobs
}

async fn events_of(client: &Client, jobs: &[Job]) -> HashMap<String, Vec<JobEvent>> {
    let read = stream::iter(jobs).map(|job| async move {
        let mut watched = client.patient.job(&job.job_id).watch(0);
        let mut events = Vec::new();
        let read = async {
            while let Some(event) = watched.next().await {
                events.push(event.unwrap());
            }
        };
        tokio::time::timeout(BOUND, read).await.expect("the events of a job end");
        (job.job_id.clone(), events)
    });
    read.buffer_unordered(READS).collect().await
}

fn events_are_gapless(jobs: &[Job], events: &HashMap<String, Vec<JobEvent>>) {
    for job in jobs {
        let events = &events[&job.job_id];
        for (seq, event) in (1..).zip(events) {
            assert_eq!(event.seq, seq, "{job:?}");
        }
        assert_eq!(events.last().map(JobEvent::state), Some(job.state()), "{job:?}");
    }
}

fn every_acknowledged_control_is_an_event(
    subject: &Subject,
    events: &HashMap<String, Vec<JobEvent>>,
) {
    let controls = subject.controls.lock().unwrap();
    let mut accepted = HashMap::new();
    for control in controls.iter().filter(|one| one.outcome == ControlOutcome::Accepted) {
        let key = (&control.job_id, control.request_id);
        let first = accepted.entry(key).or_insert(control);
        assert_eq!(first, &control, "one request id served two bodies");
    }
    for control in controls.iter() {
        let request_id = format!("control-{}", control.request_id);
        let of_it = events[&control.job_id].iter().filter(|event| event.request_id == request_id);
        let times = of_it.count();
        match accepted.contains_key(&(&control.job_id, control.request_id)) {
            true => assert_eq!(times, 1, "{control:?}"),
            false => assert!(times <= 1, "{control:?}"),
        }
    }
}

async fn the_vendors_hold_what_was_decided(client: &Client, hubspot: &HubSpot, company: &Company) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut held: BTreeMap<_, _> = hubspot
        .custom_properties(&client.subject.id)
        .await
        .iter()
        .map(|property| {
            let options = property["options"].as_array().into_iter().flatten();
            let choices: Vec<_> = options.map(|option| text(&option["value"])).collect();
            let shown = (text(&property["label"]), text(&property["description"]), choices);
            (text(&property["name"]), shown)
        })
        .collect();
    held.extend(hubspot.cadences(&client.subject.id).await.iter().map(|cadence| {
        let email = text(&cadence["steps"][0]["template"]["body"]);
        (text(&cadence["key"]), (text(&cadence["name"]), email, Vec::new()))
    }));
    let decided: BTreeMap<_, _> = company
        .fields_at(company.revision())
        .unwrap()
        .iter()
        .map(|(name, field)| {
            let shown = (field.label.clone(), field.description.clone(), field.choices.clone());
            (name.clone(), shown)
        })
        .collect();
    assert_eq!(held, decided, "the vendors of {}", client.subject.id);
}
