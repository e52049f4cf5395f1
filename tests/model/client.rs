//! A client that makes random calls of a company, and notes what it was answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gomark_sdk::v1::{AuditAction, Connection, ConnectionStatus, ErrorReason, Vendor};
use gomark_sdk::{Error, RetryPolicy};
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::sync::watch;

use crate::history::{Answer, Call, Entry, Mutation, Refusal, Request, nanos_since};
use crate::subject::{Control, ControlOutcome, Subject};
use crate::{choice, wire};

/// How long a call may take, repeats over restarts of the service included.
pub(crate) const BOUND: Duration = Duration::from_secs(120);

/// One caller.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) number: u32,
    pub(crate) subject: Arc<Subject>,
    /// Repeats a call until it is answered.
    pub(crate) patient: gomark_sdk::Client,
    /// Gives a call up when the connection breaks: what came of it is not known.
    pub(crate) hasty: gomark_sdk::Client,
    pub(crate) portal_url: String,
    pub(crate) began_at: Instant,
    /// Counts the calls that are over, of all clients.
    pub(crate) answered: watch::Sender<u64>,
}

/// Connects in both ways to a service.
pub(crate) fn connect(url: &str) -> (gomark_sdk::Client, gomark_sdk::Client) {
    let waits = (Duration::from_millis(20), Duration::from_millis(200));
    let patient = RetryPolicy::default().attempts_max(100_000).elapsed_max(BOUND);
    let patient = patient.waits(waits.0, waits.1);
    let client = gomark_sdk::Client::builder(url).timeout(BOUND).retry(patient);
    let client = client.connect_lazy().unwrap();
    (client.clone(), client.with_retry(RetryPolicy::none()))
}

impl Client {
    /// Makes so many random calls.
    pub(crate) async fn work(self, calls: usize, mut random: StdRng) {
        for _ in 0..calls {
            match random.random_range(0..100) {
                0..56 => {
                    let id = self.subject.next_request_id();
                    let mutation = choice::mutation(&mut random, self.subject.seen(), id);
                    self.mutate(mutation, &mut random).await;
                }
                56..66 => self.repeat(&mut random).await,
                66..93 => {
                    let request = choice::read(&mut random, self.subject.seen());
                    self.call(request, &self.patient).await;
                }
                _ => self.control(&mut random).await,
            }
            self.answered.send_modify(|answered| *answered += 1);
        }
    }

    async fn mutate(&self, mutation: Mutation, random: &mut StdRng) {
        let hasty = random.random_range(0..100) < 20;
        let with = if hasty { &self.hasty } else { &self.patient };
        self.call(Request::Mutate(mutation), with).await;
    }

    /// Sends again what was sent lately, by whomever, answered or not; sometimes another body.
    async fn repeat(&self, random: &mut StdRng) {
        if let Some(mut again) = self.subject.sent_lately(random.random_range(0..10)) {
            again.reason ^= u64::from(random.random_range(0..4) == 0);
            self.mutate(again, random).await;
        }
    }

    /// Makes a call and notes it.
    pub(crate) async fn call(&self, request: Request, with: &gomark_sdk::Client) -> Answer {
        if let Request::Mutate(mutation) = &request {
            self.subject.sends(mutation);
        }
        let called_at = nanos_since(self.began_at);
        let answered = self.ask(&request, with).await;
        let returned_at = nanos_since(self.began_at);
        let (answer, job_id) = match answered {
            Ok(answered) => answered,
            Err(error) => (refused(&error), None),
        };
        let client = self.number;
        let call = Call { client, request, answer: answer.clone(), called_at, returned_at, job_id };
        self.subject.note(call);
        answer
    }

    async fn ask(
        &self,
        request: &Request,
        with: &gomark_sdk::Client,
    ) -> Result<(Answer, Option<String>), Error> {
        let company = &self.subject.id;
        let answer = match request {
            Request::Mutate(mutation) => {
                let change = wire::send(with, company, &self.portal_url, mutation).await?;
                let job_id = change.job.map(|job| job.id().to_owned());
                return Ok((Answer::Accepted(change.revision), job_id));
            }
            Request::Config { revision, min_revision } => {
                let config = with.get_config(company).revision(*revision);
                let config = config.min_revision(*min_revision).await?;
                Answer::Config { revision: config.revision, fields: wire::fields_of(config) }
            }
            Request::Company => {
                let company = with.get_company(company).await?;
                let connected = |one: &Connection| {
                    one.vendor() == Vendor::Hubspot && one.status() == ConnectionStatus::Connected
                };
                Answer::Company {
                    revision: company.revision,
                    connected: company.connections.iter().any(connected),
                    display_name: company.display_name,
                }
            }
            Request::Audit { entries } => {
                let page = i32::try_from(*entries).unwrap();
                let mut listed = with.list_audit(company).newest_first().page_size(page);
                let mut answered = Vec::new();
                while answered.len() < *entries
                    && let Some(entry) = listed.next().await
                {
                    let entry = entry?;
                    answered.push(Entry {
                        revision: entry.revision,
                        action: AuditAction::try_from(entry.action).unwrap(),
                        request_id: entry.request_id,
                        reason: entry.reason,
                    });
                }
                Answer::Audit(answered)
            }
        };
        Ok((answer, None))
    }

    /// Cancels or retries a job of late, or repeats such a call, sometimes with another body.
    async fn control(&self, random: &mut StdRng) {
        let Some(job_id) = self.subject.job_of_late(random.random_range(0..8)) else { return };
        let repeated = match random.random_range(0..4) {
            0 => self.subject.controls.lock().unwrap().last().cloned(),
            _ => None,
        };
        let mut control = repeated.unwrap_or(Control {
            job_id,
            is_retry: random.random_range(0..2) == 0,
            request_id: self.subject.next_request_id(),
            reason: 0,
            outcome: ControlOutcome::Unknown,
        });
        control.reason += u64::from(random.random_range(0..6) == 0);
        self.control_by(control).await;
    }

    /// Cancels or retries a job and notes it.
    pub(crate) async fn control_by(&self, control: Control) -> ControlOutcome {
        let Control { job_id, is_retry, request_id, reason, .. } = &control;
        let (request_id, reason) = (format!("control-{request_id}"), format!("{reason}"));
        let answered = match is_retry {
            true => self.patient.retry_job(job_id).request_id(request_id).reason(reason).await,
            false => self.patient.cancel_job(job_id).request_id(request_id).reason(reason).await,
        };
        let outcome = match answered {
            Ok(_) => ControlOutcome::Accepted,
            Err(error) => match error.reason() {
                Some(ErrorReason::JobState | ErrorReason::RequestIdReused) => {
                    ControlOutcome::Refused
                }
                _ if error.is_retryable() => ControlOutcome::Unknown,
                _ => panic!("{error}"),
            },
        };
        self.subject.controls.lock().unwrap().push(Control { outcome, ..control });
        outcome
    }
}

fn refused(error: &Error) -> Answer {
    if error.is_retryable() || error.code() == Some(gomark_sdk::Code::DeadlineExceeded) {
        return Answer::Unknown;
    }
    let reason = error.reason().unwrap_or_else(|| panic!("{error}"));
    let revision = error.metadata().get("revision").and_then(|revision| revision.parse().ok());
    let named = reason == ErrorReason::RevisionMismatch;
    Answer::Refused(Refusal { reason, revision: revision.filter(|_| named) })
}
