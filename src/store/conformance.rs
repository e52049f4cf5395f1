//! What every store must do: one named test per case, a fresh store for each.
//!
//! A backend implements [`Harness`] and invokes [`conformance!`](conformance). A case that is not
//! listed is dead code, which the checks refuse.

pub(super) mod audit;
pub(super) mod commit;
mod given;
pub(super) mod reads;
pub(super) mod rollback;

use std::time::Duration;

use async_trait::async_trait;

pub(super) use given::Given;

use super::Store;

/// A fresh store and the means to put it to the test.
#[async_trait]
pub(super) trait Harness: Send + Sync {
    /// Returns the store.
    fn store(&self) -> &dyn Store;

    /// Lets the database's clock go on.
    fn advance(&self, by: Duration);

    /// Runs a statement of SQL behind the store's back.
    async fn execute(&self, sql: &str) -> Result<(), String>;

    /// Ends the process, as far as the store can tell, and starts it again.
    async fn restart(&mut self);
}

/// Expands to one test per case. `$fresh` makes a [`Harness`].
macro_rules! conformance {
    ($fresh:path) => {
        crate::store::conformance::cases! { $fresh;
            audit {
                each_entry_is_chained_to_the_one_before,
                a_record_is_the_bytes_that_were_hashed,
                an_entry_tells_who_did_what_and_why,
                the_database_refuses_to_change_an_entry,
                the_database_refuses_to_delete_an_entry,
                entries_are_read_in_pages,
                a_page_of_entries_ends_at_its_bytes_and_holds_at_least_one,
                companies_have_chains_of_their_own,
            }
            commit {
                revisions_have_no_gaps,
                a_new_company_is_at_revision_one,
                a_company_is_registered_once,
                an_unknown_company_is_refused,
                a_company_outside_the_scope_does_not_exist,
                every_change_of_a_company_is_a_revision,
                a_repeated_request_answers_the_same_revision_and_job,
                a_repeat_answers_the_job_as_it_is_now,
                a_request_id_with_another_body_is_refused,
                a_refused_request_is_not_remembered,
                a_request_id_belongs_to_one_company,
                a_request_twice_in_one_batch_is_one_revision,
                a_request_is_found_by_its_id,
                a_refusal_does_not_hinder_its_neighbours,
                a_batch_decides_each_on_the_result_of_the_one_before,
                an_expected_revision_has_to_be_the_present_one,
                checking_alone_writes_nothing,
                nothing_to_change_is_no_revision,
                what_the_vendor_does_not_see_has_no_job,
                a_change_tells_where_the_vendor_stands,
                a_company_may_not_hold_more_than_its_limits,
                mutations_at_the_same_time_all_count,
            }
            reads {
                a_configuration_can_be_read_at_every_revision,
                a_revision_not_reached_cannot_be_read,
                companies_are_listed_by_id,
                nothing_outside_the_scope_can_be_read,
                connections_no_longer_in_use_are_shown_only_without_another,
                jobs_are_listed_newest_first,
                unknown_jobs_are_nowhere,
            }
            rollback {
                going_back_brings_back_what_was,
                a_name_that_comes_back_keeps_its_id,
                a_revision_not_reached_cannot_be_gone_back_to,
                going_back_with_mixed_results_fails_and_keeps_what_succeeded,
            }
        }
    };
}

/// Writes the tests.
macro_rules! cases {
    ($fresh:path; $($module:ident { $($case:ident,)* })*) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $case() {
                let given = crate::store::conformance::Given::new($fresh().await);
                Box::pin(crate::store::conformance::$module::$case(given)).await;
            })*
        })*
    };
}

pub(super) use {cases, conformance};
