//! What becomes of a job, and its identity.

use proptest::prelude::*;

use super::{ItemCounts, ItemState, JobState};
use crate::domain::{CompanyId, JobId, Revision};

fn counts(pending: i64, done: i64, failed: i64, cancelled: i64) -> ItemCounts {
    ItemCounts { pending, done, failed, cancelled }
}

#[test]
fn a_job_goes_on_while_something_is_pending() {
    for present in JobState::ALL {
        for rest in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)] {
            let counts = counts(1, rest.0, rest.1, rest.2);
            assert_eq!(counts.outcome(present), None, "{present:?} {counts:?}");
        }
    }
}

#[test]
fn a_job_fails_if_anything_was_refused() {
    for present in JobState::ALL {
        for counts in [counts(0, 0, 1, 0), counts(0, 5, 1, 0), counts(0, 5, 1, 3)] {
            assert_eq!(counts.outcome(present), Some(JobState::Failed), "{present:?}");
        }
    }
}

#[test]
fn a_job_is_cancelled_if_something_was_cancelled_and_nothing_refused() {
    for present in JobState::ALL {
        for counts in [counts(0, 0, 0, 1), counts(0, 5, 0, 2)] {
            assert_eq!(counts.outcome(present), Some(JobState::Cancelled), "{present:?}");
        }
    }
}

#[test]
fn a_job_succeeds_when_everything_is_confirmed() {
    for present in [JobState::Queued, JobState::Running, JobState::Waiting, JobState::Succeeded] {
        assert_eq!(counts(0, 3, 0, 0).outcome(present), Some(JobState::Succeeded));
    }
}

#[test]
fn a_later_success_makes_a_failure_moot() {
    for present in [JobState::Failed, JobState::Superseded] {
        assert_eq!(counts(0, 3, 0, 0).outcome(present), Some(JobState::Superseded));
    }
}

#[test]
fn the_states_that_end_a_job_are_those_it_can_come_to() {
    for state in JobState::ALL {
        let open = matches!(state, JobState::Queued | JobState::Running | JobState::Waiting);
        assert_eq!(state.is_terminal(), !open, "{state:?}");
        let unsuccessful = matches!(state, JobState::Failed | JobState::Cancelled);
        assert_eq!(state.can_be_retried(), unsuccessful, "{state:?}");
    }
}

#[test]
fn the_names_of_states_are_read_back() {
    for state in JobState::ALL {
        assert_eq!(JobState::parse(state.as_str()), Some(state));
    }
    assert_eq!(JobState::parse("done"), None);
    let items = [ItemState::Pending, ItemState::Done, ItemState::Failed, ItemState::Cancelled];
    assert_eq!(items.map(ItemState::as_str), ["pending", "done", "failed", "cancelled"]);
}

#[test]
fn a_job_id_that_no_revision_can_have_is_not_read() {
    for bad in ["acme.9223372036854775808", "acme.1 ", " acme.1", "acme.٣", "acme.0x1", "acme/1"] {
        assert_eq!(JobId::parse(bad), None, "{bad}");
    }
    let last = JobId::parse("acme.9223372036854775807").expect("an id");
    assert_eq!(last.revision, Revision::new(i64::MAX));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_job_ends_exactly_when_nothing_is_pending(
        pending in 0..3i64, done in 0..3i64, failed in 0..3i64, cancelled in 0..3i64,
        present in proptest::sample::select(JobState::ALL.to_vec()),
    ) {
        let counts = counts(pending, done, failed, cancelled);
        prop_assert_eq!(counts.total(), pending + done + failed + cancelled);
        let outcome = counts.outcome(present);
        prop_assert_eq!(outcome.is_none(), pending > 0);
        prop_assert!(outcome.is_none_or(JobState::is_terminal));
    }

    #[test]
    fn every_job_id_is_read_back(
        company in "[a-z0-9][a-z0-9_-]{0,62}", revision in 1..=i64::MAX,
    ) {
        let company_id = CompanyId::parse(&company).expect("a company id");
        let id = JobId { company_id, revision: Revision::new(revision) };
        prop_assert_eq!(id.to_string(), format!("{company}.{revision}"));
        prop_assert_eq!(JobId::parse(&id.to_string()), Some(id));
    }

    #[test]
    fn whatever_is_read_as_a_job_id_is_written_the_same_way(text in "[a-z0-9._+-]{0,12}") {
        if let Some(id) = JobId::parse(&text) {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}
