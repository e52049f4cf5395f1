//! The checker accepts what a company answers that keeps the promises, and rejects each of the
//! faults it is there for.

use std::time::Duration;

use gomark_sdk::v1::ErrorReason;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::choice;
use crate::company::Company;
use crate::history::{Answer, CONFIG_AGE_MAX, Call, Mutation, Request};
use crate::linear::{Verdict, check};

const CALLS: usize = 500;
/// The time between two effects. Calls last up to four times as long, so that they overlap.
const STEP: Duration = Duration::from_millis(50);
const SEEDS: std::ops::Range<u64> = 0..4;

/// What a company answers to a call, and what it is after it.
type Reply = (Answer, Option<Company>);

/// Makes a history. `faulty` sees the company, the ones before it, the request and the right reply,
/// and may reply something else once.
fn history(
    seed: u64,
    faulty: impl Fn(&[Company], &Request, &Reply) -> Option<Reply>,
) -> (Vec<Call>, bool) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut companies = vec![Company::default()];
    let (mut sent, mut calls) = (Vec::<Mutation>::new(), Vec::new());
    let mut planted = false;
    for index in 0..CALLS {
        let company = companies.last().unwrap();
        let revision = company.revision();
        let request = match random.random_range(0..100) {
            0..55 => Request::Mutate(choice::mutation(&mut random, revision, index as u64)),
            55..70 if !sent.is_empty() => {
                let mut again = sent[random.random_range(0..sent.len())].clone();
                again.reason += u64::from(random.random_range(0..3) == 0);
                Request::Mutate(again)
            }
            _ => choice::read(&mut random, revision),
        };
        if let Request::Mutate(mutation) = &request
            && mutation.id.is_some()
        {
            sent.push(mutation.clone());
        }
        let mut reply = company.answer(&request);
        // Not before there is something that can be lost.
        if index > CALLS / 2 && !planted {
            let instead = faulty(&companies, &request, &reply);
            planted = instead.is_some();
            reply = instead.unwrap_or(reply);
        }
        let (answer, after) = reply;
        let at = i64::try_from((STEP * u32::try_from(index).unwrap()).as_nanos()).unwrap();
        let jitter = i64::try_from(STEP.as_nanos() * 2).unwrap();
        calls.push(Call {
            client: 0,
            request,
            answer,
            called_at: at - random.random_range(0..jitter),
            returned_at: at + random.random_range(0..jitter),
            job_id: None,
        });
        companies.extend(after);
    }
    (calls, planted)
}

fn verdict(calls: &[Call]) -> Verdict {
    check(calls, Duration::from_secs(60))
}

/// Asserts that a fault is found in whatever history it is planted.
fn is_found(faulty: impl Fn(&[Company], &Request, &Reply) -> Option<Reply>) {
    for seed in SEEDS {
        let (calls, planted) = history(seed, &faulty);
        assert!(planted, "seed {seed} has no place for the fault");
        assert_eq!(verdict(&calls), Verdict::NotLinearizable, "seed {seed}");
    }
}

/// The company as it was so many revisions ago.
fn earlier(companies: &[Company], revisions: i64) -> Option<&Company> {
    let revision = companies.last()?.revision() - revisions;
    companies.iter().find(|company| company.revision() == revision)
}

/// A revision on top of a company, in place of its latest where `instead`.
fn with_revision(before: &Company, mutation: &Mutation, instead: bool) -> Company {
    let fresh = Mutation { id: Some(u64::MAX), expected_revision: 0, ..mutation.clone() };
    let mut after = match before.answer(&Request::Mutate(fresh)).1 {
        Some(after) => after,
        None => before.clone(),
    };
    let last = after.revisions.pop().unwrap();
    if instead {
        after.revisions.pop();
    }
    let last = crate::company::Revision { mutation: mutation.clone(), ..(*last).clone() };
    after.revisions.push(last.into());
    after
}

#[test]
fn a_history_without_a_fault_is_accepted() {
    for seed in SEEDS {
        let (calls, _) = history(seed, |_, _, _| None);
        assert_eq!(verdict(&calls), Verdict::Linearizable, "seed {seed}");
    }
}

#[test]
fn mutations_without_an_answer_may_have_happened_or_not() {
    for seed in SEEDS {
        let (mut calls, _) = history(seed, |_, _, _| None);
        let mutations = calls.iter_mut().filter(|call| matches!(call.request, Request::Mutate(_)));
        for call in mutations.step_by(40) {
            call.answer = Answer::Unknown;
        }
        assert_eq!(verdict(&calls), Verdict::Linearizable, "seed {seed}");
    }
}

#[test]
fn a_stale_read_after_an_acknowledged_write_is_rejected() {
    is_found(|companies, request, (_, _)| {
        let old = earlier(companies, 10)?;
        (*request == Request::Company).then(|| old.answer(request))
    });
}

#[test]
fn a_configuration_older_than_it_may_be_is_rejected() {
    let revisions = i64::try_from(3 * CONFIG_AGE_MAX.as_millis() / STEP.as_millis()).unwrap();
    is_found(|companies, request, (_, _)| {
        let old = earlier(companies, revisions / 2)?;
        (*request == Request::Config { revision: 0, min_revision: 0 }).then(|| old.answer(request))
    });
}

#[test]
fn a_past_configuration_that_changed_is_rejected() {
    is_found(|_, request, (answer, _)| match (request, answer) {
        (Request::Config { revision: 1.., .. }, Answer::Config { revision, fields }) => {
            let mut fields = fields.clone();
            fields.pop_last()?;
            Some((Answer::Config { revision: *revision, fields }, None))
        }
        _ => None,
    });
}

#[test]
fn an_acknowledged_write_that_is_lost_is_rejected() {
    is_found(|_, _, (answer, after)| after.is_some().then(|| (answer.clone(), None)));
}

#[test]
fn a_refused_write_that_took_effect_is_rejected() {
    is_found(|companies, _, (_, after)| {
        let revision = Some(companies.last()?.revision());
        let reason = ErrorReason::RevisionMismatch;
        let refusal = crate::history::Refusal { reason, revision };
        Some((Answer::Refused(refusal), Some(after.clone()?)))
    });
}

#[test]
fn a_request_id_with_two_revisions_is_rejected() {
    is_found(|companies, request, reply| match (request, reply) {
        (Request::Mutate(mutation), (Answer::Accepted(first), None)) => {
            let before = companies.last()?;
            let repeated = mutation.id.is_some() && *first < before.revision();
            let after = with_revision(before, mutation, false);
            let again = Answer::Accepted(after.revision());
            (repeated && after.revision() > before.revision()).then_some((again, Some(after)))
        }
        _ => None,
    });
}

#[test]
fn a_request_id_that_served_two_bodies_is_rejected() {
    is_found(|companies, request, (answer, _)| match (request, answer) {
        (Request::Mutate(mutation), Answer::Refused(refusal))
            if refusal.reason == ErrorReason::RequestIdReused =>
        {
            let made = &companies.last()?.revisions;
            let first = made.iter().position(|revision| revision.mutation.id == mutation.id)?;
            Some((Answer::Accepted(i64::try_from(first).unwrap() + 1), None))
        }
        _ => None,
    });
}

#[test]
fn two_mutations_at_the_same_revision_are_rejected() {
    is_found(|companies, request, (_, after)| match (request, after) {
        (Request::Mutate(mutation), Some(_)) => {
            let before = companies.last()?;
            let after = with_revision(before, mutation, true);
            Some((Answer::Accepted(before.revision()), Some(after)))
        }
        _ => None,
    });
}

#[test]
fn an_entry_that_is_missing_in_the_log_is_rejected() {
    is_found(|_, _, (answer, _)| match answer {
        Answer::Audit(entries) if entries.len() > 2 => {
            let mut entries = entries.clone();
            entries.remove(1);
            Some((Answer::Audit(entries), None))
        }
        _ => None,
    });
}
